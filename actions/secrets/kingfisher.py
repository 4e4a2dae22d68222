"""Kingfisher as a scanner: files, and every commit of a repository, in one process of its own.

It validates online and asks for updates by default: both are off, a leaked key is never sent anywhere. Its report holds
the values; it comes through a pipe and is read line by line, and what the process writes meanwhile is a folder of ours
that goes with it.
"""

from __future__ import annotations

import json
import os
import posixpath
import re
import tempfile
from bisect import bisect_right
from contextlib import closing
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import IO, TYPE_CHECKING, NamedTuple

from actions.secrets.model import Hit
from actions.secrets.rules import RULES
from actions.secrets.scanner import ScannerError, lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from actions.secrets.scanner import Limit

NAME = "kingfisher"
_OPTIONS = (
    *("--format", "jsonl", "--quiet", "--no-validate", "--no-update-check"),
    *("--no-dedup", "--no-ignore"),  # every place of a value; a comment in a file must not hide it
    *("--rules-path", str(RULES)),
)
_FOUND = (200, 205)
"""Exit codes with findings; 0 is none, everything else a failure (Kingfisher's README, "Exit codes")."""
_MAX_HITS = 200_000
_LOOSE = re.compile(r"^(?P<git>.*/)?objects/(?P<fan>[0-9a-f]{2})/(?P<rest>[0-9a-f]{38,62})$")


def program() -> Path | None:
    """The binary of the wheel `kingfisher-bin`, where it is installed."""
    spec = find_spec("kingfisher")
    binary = Path(spec.origin).parent / "bin" / "kingfisher" if spec and spec.origin else None
    return binary if binary and os.access(binary, os.X_OK) else None


class Text(NamedTuple):
    """A text that is no file: a Git object of a repository."""

    repository: str
    object: str
    text: bytes


def scan(
    binary: Path, folder: Path, paths: Sequence[str], texts: Iterable[Text], cache: Path, *, limit: Limit
) -> Iterator[Hit]:
    """Scan `paths`, relative to `folder` or absolute, with the history of the repositories there, and `texts`.

    `cache` keeps the compiled rules, which take ten seconds of processor time to make. Raises `ScannerError`.
    """
    with (
        tempfile.TemporaryDirectory(dir=cache, prefix="scan-") as scratch,
        tempfile.TemporaryFile(dir=cache) as stdin,
    ):
        objects, starts = _write(texts, stdin, limit)
        options = [*_OPTIONS, "--rule-cache-dir", str(cache / "rules"), "--git-history", "full"]
        command = [str(binary), "scan", *options, "--", *paths, *(["-"] if objects else [])]
        for hit in _run(command, folder, scratch, stdin, limit):
            if hit.file.startswith(scratch):  # its copy of standard input
                index = bisect_right(starts, hit.line) - 1
                text, line = objects[index], hit.line - starts[index] + 1
                yield replace(
                    hit, file=text.object, line=line, object=text.object, repository=text.repository
                )
            else:
                file = posixpath.normpath(hit.file)
                loose = _LOOSE.match(file)
                yield replace(hit, file=file, object=loose["fan"] + loose["rest"] if loose else "")


def _write(texts: Iterable[Text], file: IO[bytes], limit: Limit) -> tuple[list[Text], list[int]]:
    """All texts, one below the other; gives their names and the line at which each begins."""
    objects, starts, line = [], [], 1
    for text in texts:
        limit.check()
        objects.append(text._replace(text=b""))
        starts.append(line)
        file.write(text.text + b"\n")
        line += text.text.count(b"\n") + 1
    file.seek(0)
    return objects, starts


def _run(command: Sequence[str], folder: Path, scratch: str, stdin: IO[bytes], limit: Limit) -> Iterator[Hit]:
    environment = {**os.environ, "TMPDIR": scratch, "NO_COLOR": "1"}
    report = lines(command, limit, cwd=folder, environment=environment, stdin=stdin, good=(0, *_FOUND))
    with closing(report):
        for count, line in enumerate(report):
            if count > _MAX_HITS:
                raise ScannerError(f"more than {_MAX_HITS} findings")
            if (hit := _hit(line)) is not None:
                yield hit


def _hit(line: bytes) -> Hit | None:
    """The finding of one line of the report; None for the last lines, which are statistics."""
    try:
        report = json.loads(line)
        rule, finding = report.get("rule"), report.get("finding")
    except (ValueError, RecursionError, AttributeError):
        raise ScannerError("its report is no JSON") from None
    if not isinstance(rule, dict) or not isinstance(finding, dict):
        return None
    git = finding.get("git_metadata")
    commit = git.get("commit") if isinstance(git, dict) else None
    number = finding.get("line")
    return Hit(
        scanner=NAME,
        rule=str(rule.get("id", "?")).rpartition(".")[2],
        value=str(finding.get("snippet", "")),
        file=str(finding.get("path", "?")),
        line=number if isinstance(number, int) else 0,
        commit=str(commit.get("id", "")) if isinstance(commit, dict) else "",
        repository=str(git.get("repository_url", "")) if isinstance(git, dict) else "",
    )
