"""Our own rules over files and every Git object: what looks where Kingfisher is not installed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actions.secrets.git import contents
from actions.secrets.model import Hit
from actions.secrets.rules import matches
from core.files import open_regular

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from actions.secrets.git import Repository
    from actions.secrets.scanner import Limit

NAME = "warroom"
_BLOCK = 8 << 20
_OVERLAP = 4096
"""Longer than any secret of ours: one that lies across two blocks is whole in the second."""


def scan_files(files: Iterable[tuple[str, Path]], limit: Limit) -> Iterator[Hit]:
    """Scan files, each with the name that is reported, block by block; raises `GaveUpError`."""
    for name, path in files:
        limit.check()
        try:
            with open_regular(path) as file:
                line, kept = 1, b""
                while block := file.read(_BLOCK):
                    limit.check()
                    text = kept + block
                    for match in matches(text):
                        yield Hit(
                            scanner=NAME,
                            rule=match.rule,
                            value=match.value,
                            file=name,
                            line=line + match.line - 1,
                        )
                    kept = text[-_OVERLAP:]
                    line += text.count(b"\n", 0, len(text) - len(kept))
        except OSError:
            continue  # named by the walk that listed the file


def scan_objects(repository: Repository, limit: Limit) -> Iterator[Hit]:
    """Scan every blob, commit and tag of a repository, also what no ref leads to; raises `GitError` and `GaveUpError`."""
    names = [name for name, kind in repository.objects.items() if kind != "tree"]
    for name, text in contents(repository, names):
        limit.check()
        for match in matches(text):
            yield Hit(
                scanner=NAME, rule=match.rule, value=match.value, file=name, line=match.line, object=name
            )
