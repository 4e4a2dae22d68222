"""The log file is the user's alone, whatever the umask, and its own trouble is nobody's."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

WRITE = "from tui.runtime.log import log_crash; log_crash(ValueError('story')); print('went on')"


def write(log: Path, before: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", f"import os; os.umask(0); {before}{WRITE}"],
        env=os.environ | {"WARROOM_LOG": str(log), "PYTHONPATH": str(Path(__file__).parents[3])},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_file_and_folder_are_private_under_any_umask(tmp_path: Path) -> None:
    log = tmp_path / "state" / "warroom.log"
    assert write(log).stdout == "went on\n"
    assert "ValueError: story" in log.read_text()
    assert (log.stat().st_mode & 0o777, log.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    log.chmod(0o666)  # as an earlier release has left it
    write(log)
    assert log.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("kind", ["link", "pipe", "folder"])
def test_what_is_no_file_is_left_alone_and_hinders_nobody(kind: str, tmp_path: Path) -> None:
    log, target = tmp_path / "warroom.log", tmp_path / "target"
    target.write_text("theirs")
    if kind == "link":
        log.symlink_to(target)
    elif kind == "pipe":
        os.mkfifo(log)
    else:
        log.mkdir()
    done = write(log)
    assert (done.returncode, done.stdout, done.stderr) == (0, "went on\n", "")
    assert target.read_text() == "theirs"


def test_a_full_disk_costs_the_record_and_says_nothing(tmp_path: Path) -> None:
    limit = "import resource, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); resource.setrlimit(resource.RLIMIT_FSIZE, (10, 10)); "
    done = write(tmp_path / "warroom.log", limit)
    assert (done.returncode, done.stdout, done.stderr) == (0, "went on\n", "")


@pytest.mark.parametrize(
    "command", [["status"], ["runbook", "lint"], ["journal", "stats"], ["config", "check"]]
)
@pytest.mark.parametrize("hindrance", ["folder", "full"])
def test_a_crash_without_a_log_says_so_and_where_it_broke(
    command: list[str], hindrance: str, tmp_path: Path
) -> None:
    """Where nothing could be written, too, the traceback was said to be in the log file."""
    log = tmp_path / "warroom.log"
    limit = ""
    if hindrance == "folder":
        log.mkdir()
    else:
        limit = "import resource, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); resource.setrlimit(resource.RLIMIT_FSIZE, (10, 10)); "
    program = (
        f"{limit}import sys, tui.cli.parser\n"
        "def late(*_): raise RuntimeError('story')\n"
        "tui.cli.parser.Parser.parse_args = late\n"
        "from tui.cli.main import main; sys.exit(main(sys.argv[1:]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *command],
        env=os.environ | {"WARROOM_LOG": str(log), "PYTHONPATH": str(Path(__file__).parents[3]), "LANG": "C"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 4
    assert done.stderr.count("\n") == 1, done.stderr
    assert "traceback is in" not in done.stderr
    assert "RuntimeError" in done.stderr
    assert "<string>:2" in done.stderr
