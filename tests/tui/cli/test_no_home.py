"""A user without a home, without an entry, with a closed home: one line, the right exit code, nothing written elsewhere."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tui.runtime.exit import ExitCode

ROOT = Path(__file__).parents[3]
NOBODY = "import pwd\ndef getpwuid(uid): raise KeyError(uid)\npwd.getpwuid = getpwuid\n"
"""As for a number without an entry, which only root could become."""
XDG = ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "WARROOM_LOG", "WARROOM_CONFIG")


def run(folder: Path, *arguments: str, home: str | None) -> subprocess.CompletedProcess[str]:
    (folder / "first").mkdir(exist_ok=True)
    (folder / "first" / "sitecustomize.py").write_text(NOBODY)
    (folder / "cwd").mkdir(exist_ok=True)
    environment = {
        name: value for name, value in os.environ.items() if name not in (*XDG, "HOME", "LOGNAME", "USER")
    }
    environment |= {"PYTHONPATH": f"{folder / 'first'}:{ROOT}", "LANG": "C"}
    if home is not None:
        environment["HOME"] = home
    return subprocess.run(
        [sys.executable, "-m", "warroom", *arguments],
        cwd=folder / "cwd",
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )


@pytest.mark.parametrize(
    "home", [None, "", "/dev/null", "/proc/1/none", "x" * 300], ids=["unset", "empty", "null", "proc", "long"]
)
@pytest.mark.parametrize(
    "command",
    [["config", "check"], ["journal", "stats"], ["incident", "open", "--title", "x", "--severity", "SEV3"]],
)
def test_it_is_one_line_and_nothing_is_written_here(
    command: list[str], home: str | None, tmp_path: Path
) -> None:
    done = run(tmp_path, *command, home=home)
    assert done.stderr.count("\n") == 1, done.stderr
    assert done.returncode == ExitCode.USAGE
    assert done.stdout == ""
    assert list((tmp_path / "cwd").iterdir()) == []


def test_a_configuration_that_speaks_of_the_home_says_what_is_missing(tmp_path: Path) -> None:
    path = tmp_path / "warroom.toml"
    path.write_text('[runbooks]\nfolders = ["~/ops"]\n')
    done = run(tmp_path, "config", "check", "--config", str(path), home=None)
    assert done.returncode == ExitCode.USAGE
    assert "HOME" in done.stderr
    assert done.stderr.count("\n") == 1


def test_who_writes_is_the_number_of_the_user(tmp_path: Path) -> None:
    path = tmp_path / "warroom.toml"
    path.write_text(f'[journal]\nurl = "sqlite:///{tmp_path}/journal.db"\n')
    opened = run(
        tmp_path, "--config", str(path), "incident", "open", "--title", "x", "--severity", "SEV3", home=None
    )
    assert opened.returncode == ExitCode.OK, opened.stderr
    shown = run(tmp_path, "--config", str(path), "incident", "timeline", "INC-1", home=None)
    assert f"uid{os.getuid()}" in shown.stdout


WITHOUT_PRIVILEGES = """import ctypes, os, sys
PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH = 24, 1, 2
for capability in (CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH):
    ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""
"""Nothing is closed to root; without these it is a user as any other (Linux: `capabilities(7)`)."""


@pytest.fixture
def closed(tmp_path: Path) -> Iterator[Path]:
    """A home that this user may not look into."""
    home = tmp_path / "home"
    home.mkdir(mode=0)
    yield home
    home.chmod(0o700)


@pytest.mark.parametrize(
    "command",
    [
        "journal stats",
        "runs list",
        "incident open --title x --severity SEV3",
        "runbook show {home}/manual.md",
        "journal import {home}/file",
        "init --path {home}/warroom.toml",
        "config check --config {home}/warroom.toml",
    ],
)
def test_a_closed_home_is_one_line(command: str, closed: Path, tmp_path: Path) -> None:
    (tmp_path / "cwd").mkdir()
    environment = {name: value for name, value in os.environ.items() if name not in XDG}
    environment |= {"PYTHONPATH": str(ROOT), "HOME": str(closed), "LANG": "C"}
    program = [sys.executable, "-c", WITHOUT_PRIVILEGES, sys.executable, "-m", "warroom"]
    done = subprocess.run(
        [*program, *command.format(home=closed).split()],
        cwd=tmp_path / "cwd",
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert (done.returncode, done.stderr.count("\n"), done.stdout) == (ExitCode.USAGE, 1, ""), done.stderr
    assert "Permission denied" in done.stderr
