"""What somebody names as a file is read only if it is one, only so far, and never waited for; what we make is private."""

from __future__ import annotations

import ast
import os
import resource
import signal
import socket
import subprocess
from pathlib import Path

import pytest

from core.files import (
    create_file,
    make_private_folder,
    open_private,
    read_bytes,
    read_lines,
    read_text,
    replace_file,
)
from tests.program import run_program

ROOT = Path(__file__).parents[2]
ROOMS = (
    "warroom",
    "tui",
    "drills",
    "panels",
    "response",
    "repolint",
    "runbooks",
    "incidents",
    "signals",
    "profiles",
    "actions/secrets",
    "actions/providers",
)
OWN = {
    "core/files.py",
    "tui/i18n/__init__.py",  # the next three read what the program itself is made of
    "tui/theme.py",
    "incidents/events/phrase.py",
    "tui/cli/runbook/new.py",
    "response/identity.py",  # a file of the kernel
    "tui/runtime/log_file.py",  # needs the standard library alone, and has the same checks
    "incidents/journal/database.py",  # locks, after `create_private` has looked at the file
}


@pytest.mark.parametrize("kind", ["pipe", "zero", "link to zero", "folder", "socket", "missing"])
def test_what_is_no_file_is_refused_at_once(kind: str, tmp_path: Path) -> None:

    path = tmp_path / "named"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "zero":
        path = Path("/dev/zero")
    elif kind == "link to zero":
        path.symlink_to("/dev/zero")
    elif kind == "folder":
        path.mkdir()
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(path))
    with pytest.raises(OSError, match=r"regular|directory|No such") as refused:
        read_bytes(path)
    assert refused.value.strerror


def test_nothing_is_read_beyond_its_limit(tmp_path: Path) -> None:
    path = tmp_path / "long"
    path.write_bytes(b"x" * 1000)
    assert read_text(path, 1000) == "x" * 1000
    with pytest.raises(OSError, match="larger"):
        read_text(path, 999)
    path.write_bytes(b"a\n" + b"x" * 1000)
    with path.open("rb") as file, pytest.raises(OSError, match="line larger"):
        list(read_lines(file, 100))


def test_a_sparse_terabyte_costs_nothing(tmp_path: Path) -> None:
    path = tmp_path / "sparse"
    with path.open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(OSError, match="larger"):
        read_bytes(path)


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_what_we_make_is_private_whatever_the_umask(umask: int, tmp_path: Path) -> None:
    before = os.umask(umask)
    try:
        make_private_folder(tmp_path / "a" / "b" / "c")
        with open_private(tmp_path / "a" / "file") as file:
            file.write("x")
    finally:
        os.umask(before)
    modes = [path.stat().st_mode & 0o777 for path in (tmp_path / "a").rglob("*")]
    assert set(modes) == {0o700, 0o600}
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("kind", ["link", "dangling link", "pipe"])
def test_nothing_is_written_through_a_link_or_into_a_pipe(kind: str, tmp_path: Path) -> None:
    path, theirs = tmp_path / "out", tmp_path / "theirs"
    if kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to(theirs)
    if kind == "link":
        theirs.write_text("theirs")
    with pytest.raises(OSError, match=r"symbolic|regular|No such device"), open_private(path):
        pass
    assert not theirs.exists() or theirs.read_text() == "theirs"


@pytest.mark.parametrize("new", [True, False])
def test_what_could_not_be_written_whole_is_not_there_and_what_was_there_stays(
    *, new: bool, tmp_path: Path
) -> None:
    path = tmp_path / "out"
    if not new:
        path.write_text("of yesterday")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        with pytest.raises(OSError, match="too large"), open_private(path, new=new) as file:
            file.write("x" * 2000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, before)
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("out", "of yesterday")] * (
        not new
    )


def test_a_link_that_leads_round_is_an_error_of_the_system(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(link)
    with pytest.raises(OSError, match="symbolic links"):
        replace_file(link, b"new")
    assert link.is_symlink()


def test_a_replaced_file_keeps_what_it_was(tmp_path: Path) -> None:
    real, link = tmp_path / "real", tmp_path / "link"
    real.write_text("old")
    real.chmod(0o640)
    link.symlink_to(real)
    if hasattr(os, "setxattr"):
        os.setxattr(real, "user.note", b"kept")
    if os.geteuid() == 0:
        os.chown(real, 12, 34)
    before = real.stat()
    replace_file(link, b"new")
    assert (link.is_symlink(), real.read_text()) == (True, "new")
    after = real.stat()
    assert (after.st_mode, after.st_uid, after.st_gid) == (before.st_mode, before.st_uid, before.st_gid)
    assert after.st_ino != before.st_ino, "it was written in place: a reader could have seen half of it"
    assert not hasattr(os, "getxattr") or os.getxattr(real, "user.note") == b"kept"
    replace_file(tmp_path / "fresh", b"x")
    assert (tmp_path / "fresh").stat().st_mode & 0o777 == 0o600
    with pytest.raises(IsADirectoryError):
        replace_file(tmp_path, b"x")
    create_file(tmp_path / "once", b"1")
    with pytest.raises(FileExistsError):
        create_file(tmp_path / "once", b"2")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["fresh", "link", "once", "real"], (
        "a draft stayed"
    )


def test_every_file_that_is_read_or_written_goes_through_here() -> None:
    """A new `open()` or `read_text()` elsewhere is a file without a limit, or one that others can read."""
    strays = []
    for path in (path for room in ROOMS for path in (ROOT / room).rglob("*.py")):
        name = str(path.relative_to(ROOT))
        if name in OWN:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            method = node.func.attr if isinstance(node.func, ast.Attribute) else ""
            opens = isinstance(node.func, ast.Name) and node.func.id == "open"
            opens |= method == "open" and bool(node.args) and _is_mode(node.args[0])
            if opens or method in {
                "read_text",
                "read_bytes",
                "write_text",
                "write_bytes",
                "mkdir",
                "makedirs",
            }:
                strays.append(f"{name}:{node.lineno}")
    assert not strays


def _is_mode(node: object) -> bool:

    return (
        isinstance(node, ast.Constant) and isinstance(node.value, str) and set(node.value) <= set("rwxab+t")
    )


def warroom(arguments: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    own = {"LANG": "C", "XDG_DATA_HOME": str(folder), "WARROOM_LOG": str(folder / "log")}
    return run_program(*arguments, env={**os.environ, **own}, cwd=ROOT, timeout=120)


READERS = {
    "configuration": (["config", "check", "--config", "{file}"], 3),
    "runbook": (["runbook", "show", "{file}"], 3),
    "manual": (["runbook", "lint", "{file}", "--repo", "{folder}"], 3),
    "import": (["journal", "import", "{file}"], 3),
    "anchor": (["journal", "verify", "--against", "{file}"], 3),
    "samples": (["eval", "up", "--samples", "{file}"], 3),
    "expressions": (["eval", "--exprs", "{file}", "--samples", "{file}"], 3),
    "dashboard": (["init", "--path", "{folder}/new.toml", "--from-grafana", "{file}"], 3),
}


@pytest.mark.parametrize("kind", ["pipe", "zero"])
@pytest.mark.parametrize("reader", READERS)
def test_no_command_hangs_on_a_pipe_or_reads_a_device(reader: str, kind: str, tmp_path: Path) -> None:
    file = tmp_path / "named.md"
    if kind == "pipe":
        os.mkfifo(file)
    else:
        file.symlink_to("/dev/zero")
    arguments, code = READERS[reader]
    if reader == "anchor":  # is compared with a journal
        warroom(["incident", "open", "--title", "x", "--severity", "SEV3"], tmp_path)
    done = warroom([word.format(file=file, folder=tmp_path) for word in arguments], tmp_path)
    assert done.returncode == code, done.stderr
    assert done.stderr.count("\n") == 1
    assert "regular file" in done.stderr or "is no file" in done.stderr
