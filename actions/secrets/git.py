"""The Git side of an audit: which repositories there are, what no ref leads to, and where a value came in first.

Git runs with everything off by which a repository could start a program or fetch: the audited folder may be hostile.
"""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from core.text import clean

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

_OFF = ("core.fsmonitor=false", "core.hooksPath=/dev/null", "log.showSignature=false", "protocol.allow=never")
_TIMEOUT_S = 600


class GitError(Exception):
    """Git refused; the text is Git's last line, cleaned."""


@dataclass(frozen=True)
class Repository:
    """One Git directory; `prefix` is the path of its working tree below the audited folder, empty for the folder."""

    directory: Path
    prefix: str

    @cached_property
    def objects(self) -> Mapping[str, str]:
        """Type by name of every object, also of those that no ref leads to; listed once. Raises `GitError`."""
        listing = "--batch-check=%(objectname) %(objecttype)"
        printed = run(self, "cat-file", "--batch-all-objects", "--unordered", listing).decode()
        return {name: kind for name, _, kind in (line.partition(" ") for line in printed.splitlines())}


class Commit(NamedTuple):
    """What is known of a commit; times in ISO 8601 and in seconds since the epoch."""

    id: str
    author_date: str
    committed_at: int


def repositories(folder: Path) -> tuple[list[Repository], list[str]]:
    """The repository that `folder` is in or has, those nested in it, and their submodules (also without working tree).

    The second list names folders whose repository Git refuses to open: damaged, or another user's.
    """
    tops: dict[Path, str] = {}
    refused = []
    for place, folders, files in os.walk(folder):
        if ".git" in folders or ".git" in files:
            name = Path(place).relative_to(folder).as_posix()
            if directory := _git_directory(Path(place)):
                tops.setdefault(directory, "" if name == "." else name)
            else:
                refused.append(name)
            if ".git" in folders:
                folders.remove(".git")
    if not tops and not refused and (directory := _git_directory(folder)):
        tops[directory] = ""
    modules = {module for top in tops for module in _modules(top / "modules")} - set(tops)
    return [
        *(Repository(*top) for top in tops.items()),
        *(Repository(module, "") for module in sorted(modules)),
    ], refused


def run(repository: Repository, *arguments: str, given: bytes = b"") -> bytes:
    """What a Git command prints; raises `GitError`."""
    try:
        done = subprocess.run(
            _command(repository.directory, *arguments),
            input=given,
            capture_output=True,
            env=_environment(),
            timeout=_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise GitError(clean(type(error).__name__)) from None
    if done.returncode:
        raise GitError(clean((done.stderr.decode(errors="replace").strip().splitlines() or ["?"])[-1], 200))
    return done.stdout


def messages(repository: Repository) -> list[str]:
    """The ids of all commits and tags, also of those that no ref leads to: a secret may stand in what they say.

    Blobs that no ref leads to are the scanner's, which reads the whole object database. Raises `GitError`.
    """
    return [name for name, kind in repository.objects.items() if kind in ("commit", "tag")]


def contents(repository: Repository, ids: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    """Each object's id and bytes, one at a time; raises `GitError`."""
    command = _command(repository.directory, "cat-file", "--batch")
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=_environment()
    ) as process:
        if process.stdin is None or process.stdout is None:
            raise GitError("no pipe")
        for name in ids:
            process.stdin.write(name.encode() + b"\n")
            process.stdin.flush()
            head = process.stdout.readline().split()
            if len(head) != 3:  # "missing": a damaged or a partial clone
                continue
            yield name, process.stdout.read(int(head[2]))
            process.stdout.read(1)
        process.stdin.close()


def commits(repository: Repository, ids: Iterable[str]) -> dict[str, Commit]:
    """What is known of each; raises `GitError`."""
    wanted = "\n".join(sorted(set(ids)))
    if not wanted:
        return {}
    printed = run(
        repository, "log", "--no-walk=unsorted", "--stdin", "--format=%H %aI %ct", given=wanted.encode()
    )
    read = [line.split(" ") for line in printed.decode().splitlines()]
    return {line[0]: Commit(line[0], line[1], int(line[2])) for line in read if len(line) == 3}


def commits_of_blobs(repository: Repository, blobs: set[str]) -> dict[str, tuple[str, str]]:
    """The commit that first brought each blob, with its path there, also of commits that no ref leads to.

    Raises `GitError`.
    """
    if not blobs:
        return {}
    ids = [name for name, kind in repository.objects.items() if kind == "commit"]
    printed = run(
        repository,
        *(
            "log",
            "--no-walk=unsorted",
            "--stdin",
            "--root",
            "-m",
            "--raw",
            "--no-abbrev",
            "--no-renames",
            "-z",
        ),
        "--format=%x01%H %ct",
        given="\n".join(ids).encode(),
    )
    first: dict[str, tuple[int, str, str]] = {}
    commit, at, blob = "", 0, ""
    for part in printed.decode(errors="replace").replace("\x01", "\0\x01").split("\0"):
        entry = part.lstrip("\n")
        if entry.startswith("\x01"):
            commit, _, seconds = entry[1:].strip().partition(" ")
            at = int(seconds)
        elif entry.startswith(":"):
            blob = entry.split(" ")[3]
        elif blob in blobs and (blob not in first or at < first[blob][0]):
            first[blob] = (at, commit, entry)
    return {blob: (commit, path) for blob, (_, commit, path) in first.items()}


def blobs_at(repository: Repository, places: Sequence[tuple[str, str]]) -> list[str]:
    """The blob at each commit and path, empty where there is none; raises `GitError`."""
    if not places:
        return []
    names = "".join(f"{commit}:{path}\0" for commit, path in places)
    printed = run(
        repository, "cat-file", "-z", "--batch-check=%(objectname) %(objecttype)", given=names.encode()
    )
    lines = [line.split(" ") for line in printed.decode(errors="replace").splitlines()]
    return [line[0] if len(line) == 2 and line[1] == "blob" else "" for line in lines]


def head_blobs(repository: Repository) -> set[str]:
    """The blobs of HEAD's tree; empty before the first commit."""
    try:
        printed = run(repository, "ls-tree", "-r", "-z", "--format=%(objectname)", "HEAD")
    except GitError:
        return set()
    return set(printed.decode().split("\0")) - {""}


def _git_directory(folder: Path) -> Path | None:
    """None where there is no repository, or Git does not trust its owner."""
    command = [*_command(None, "-C", str(folder)), "rev-parse", "--path-format=absolute", "--git-common-dir"]
    done = subprocess.run(command, capture_output=True, env=_environment(), timeout=_TIMEOUT_S, check=False)
    return Path(os.fsdecode(done.stdout.rstrip(b"\n"))) if done.returncode == 0 else None


def _modules(folder: Path) -> Iterator[Path]:
    for place, folders, files in os.walk(folder):
        if "HEAD" in files and "objects" in folders:
            yield Path(place)
            folders[:] = [name for name in folders if name == "modules"]


def _command(directory: Path | None, *arguments: str) -> list[str]:
    settings = [part for setting in _OFF for part in ("-c", setting)]
    where = [] if directory is None else [f"--git-dir={directory}"]
    return ["git", "--no-pager", *settings, *where, *arguments]


def _environment() -> dict[str, str]:
    """No lock is taken, nobody is asked, nothing is fetched, no replacement hides an object."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return {
        **kept,
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "LC_ALL": "C",
    }
