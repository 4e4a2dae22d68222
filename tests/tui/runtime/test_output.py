"""What the command line prints can't steer a terminal, arrives or is said not to have, and comes from one place."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tui.runtime.exit import ExitCode

ROOT = Path(__file__).parents[3]
EVIL = "a\x1b]52;c;aGk=\x07b\x9b31mc\u202ed\x1b[2J\ne"
WRITERS = {
    "warroom/__init__.py",  # the last net, where nothing else could be imported: ASCII alone
    "tui/runtime/output.py",
    "tui/runtime/quit.py",  # flushes, and restores the terminal
    "sandbox/release.py",  # a program of its own
    "sandbox/load.py",  # the same
    "drills/faults/watchdog.py",  # speaks to the process that started it
    "drills/configured/watchdog.py",  # likewise
    "sandbox/stack.py",  # the next four speak to the process that started them
    "actions/runner/__main__.py",
    "actions/secrets/betterleaks.py",
    "signals/database/revisions.py",
}


def run(command: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        ["bash", "-c", f"{sys.executable} -m warroom {command}"],
        cwd=ROOT,
        env={
            **os.environ,
            "LANG": "C.UTF-8",
            "XDG_DATA_HOME": str(folder),
            "WARROOM_LOG": str(folder / "log"),
            "EVIL": EVIL,
            **environment,
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        timeout=240,
    )


@pytest.mark.parametrize(
    "command",
    [
        '"$EVIL"',
        '--config "$EVIL" config check',
        '"--$EVIL"',
        'journal "$EVIL"',
        'incident "$EVIL"',
        'incident show "$EVIL"',
        'status --lang "$EVIL"',
        'runbook show "$EVIL"',
        'runbook lint --explain "$EVIL"',
        'eval "$EVIL" --samples "$EVIL"',
        'query up --time "$EVIL"',
        'incident open --title "$EVIL" --severity "$EVIL"',
    ],
)
def test_an_argument_that_is_echoed_is_one_harmless_line(command: str, tmp_path: Path) -> None:
    done = run(command, tmp_path)
    assert done.returncode == ExitCode.USAGE, done.stderr
    text = done.stderr.decode()
    assert not {"\x1b", "\x07", "\x9b", "\u202e"} & set(text)
    assert text.count("\n") == 1
    assert done.stdout == b""


def test_json_and_exports_escape_what_steers_and_mean_the_same(tmp_path: Path) -> None:
    title = "x\u202ey\u200bz"  # what an incident's title may hold once it is in a journal of another origin
    samples = tmp_path / "capture"
    samples.write_text(f'm{{a="{title}"}} 1 1000\n')
    done = run(f"eval 'm' --time 1 --samples {samples} --json", tmp_path)
    line = done.stdout.decode()
    assert "\u202e" not in line
    json.loads(line)


@pytest.mark.parametrize("target", ["&-", "/dev/full"])
@pytest.mark.parametrize(
    "command", ["--version", "--help", "config schema", "runbook lint --rules", "journal stats"]
)
def test_a_result_that_can_not_be_written_is_one_line_and_not_ok(
    command: str, target: str, tmp_path: Path
) -> None:
    done = run(f"{command} >{target}", tmp_path)
    assert done.returncode == ExitCode.USAGE
    assert done.stderr.count(b"\n") == 1, done.stderr
    assert b"Traceback" not in done.stderr


def test_a_reader_that_has_gone_ends_it_like_any_other_program(tmp_path: Path) -> None:
    done = run("config schema | true; exit ${PIPESTATUS[0]}", tmp_path)
    assert done.returncode in {141, 0}  # 0: the pipe took all of it
    assert done.stderr == b""


def test_without_standard_error_the_exit_code_is_the_same(tmp_path: Path) -> None:
    assert run("nonsense 2>&-", tmp_path).returncode == ExitCode.USAGE
    assert run("config check 2>/dev/full", tmp_path).returncode == ExitCode.USAGE


@pytest.mark.parametrize("command", ["journal import", "eval up --samples -"])
def test_without_standard_input_there_is_nothing_to_read(command: str, tmp_path: Path) -> None:
    done = run(f"{command} <&-", tmp_path)
    assert done.returncode == ExitCode.USAGE, done.stderr
    assert done.stderr.count(b"\n") == 1


def test_a_locale_without_the_characters_hinders_nothing(tmp_path: Path) -> None:
    done = run("--help --lang zh", tmp_path, PYTHONIOENCODING="latin-1")
    assert done.returncode == ExitCode.OK
    assert done.stderr == b""


def test_nothing_else_writes_to_the_standard_streams() -> None:
    """Ruff (T20) refuses `print`; this the streams themselves, and what of Rich writes by itself."""
    strays = []
    for path in sorted(ROOT.glob("*/**/*.py")):
        name = str(path.relative_to(ROOT))
        if name.startswith(("tests/", ".", "migrations/")) or name in WRITERS:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Attribute):
                continue
            writes = node.attr in {"write", "writelines", "buffer"} and ast.unparse(node.value) in {
                "sys.stdout",
                "sys.stderr",
                "sys.__stdout__",
                "sys.__stderr__",
            }
            if writes or ast.unparse(node) == "console.print":
                strays.append(f"{name}:{node.lineno}")
    assert not strays
