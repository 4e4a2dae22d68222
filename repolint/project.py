"""What a lint of a manual looks at: the repository's files, each read once, and the manual's own lines.

A rule is a function from a `Project` to findings, a fact one from a `Project` to anything that rules look at.
"""

from __future__ import annotations

import bisect
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar, cast

from core.files import read_bytes

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

T = TypeVar("T")
Item = TypeVar("Item", "Prose", "Code")


@dataclass(frozen=True, slots=True)
class Code:
    """Something in code font: one line of a fenced block, or a piece of inline code (`fence` is then None)."""

    text: str
    line: int
    fence: str | None = None


@dataclass(frozen=True, slots=True)
class Prose:
    """One source line of text outside fenced blocks, with its inline code still in it. `heading`: under which it stands."""

    text: str
    line: int
    heading: str = ""


@dataclass(frozen=True, slots=True)
class Comment:
    """An HTML comment outside fenced blocks, and the line on which it ends."""

    text: str
    line: int


@dataclass(frozen=True, slots=True)
class Document:
    """One manual. `file` is as the person named it; `cut_from` the line from which on it was not read, 0 where it is whole.

    Prose and codes are in the order of their lines.
    """

    file: str
    prose: tuple[Prose, ...]
    codes: tuple[Code, ...]
    comments: tuple[Comment, ...] = ()
    cut_from: int = 0

    def prose_between(self, first: int, last: int) -> tuple[Prose, ...]:
        """What stands on these lines, both included."""
        return _between(self.prose, first, last)

    def codes_between(self, first: int, last: int) -> tuple[Code, ...]:
        """The code on these lines, both included."""
        return _between(self.codes, first, last)

    def last_prose(self, line: int) -> Prose | None:
        """What stands on `line`, else on the last line above it that has text."""
        above = bisect.bisect_right(self.prose, line, key=_line)
        if not above:
            return None
        return self.prose[bisect.bisect_left(self.prose, self.prose[above - 1].line, key=_line)]


def _line(item: Prose | Code) -> int:
    return item.line


def _between(items: tuple[Item, ...], first: int, last: int) -> tuple[Item, ...]:
    start = bisect.bisect_left(items, first, key=_line)
    return items[start : bisect.bisect_right(items, last, key=_line)]


@dataclass(frozen=True, slots=True)
class Project:
    """A repository and the manuals that are judged. `files` are all tracked or present files, relative to `root`, with `/`."""

    root: Path
    files: frozenset[str]
    documents: tuple[Document, ...]
    _texts: dict[str, str] = field(default_factory=dict, repr=False, compare=False)
    _facts: dict[object, object] = field(default_factory=dict, repr=False, compare=False)

    def text(self, file: str) -> str:
        """A file's text ('' where it is too large, binary or gone), read once."""
        if file not in self._texts:
            self._texts[file] = _read(self.root / file)
        return self._texts[file]

    def fact(self, find: Callable[[Project], T]) -> T:
        """What `find` finds out about this repository, found out once however many rules ask."""
        if find not in self._facts:
            self._facts[find] = find(self)
        return cast("T", self._facts[find])

    def matching(self, *endings: str) -> list[str]:
        """The files whose name ends so, sorted."""
        return sorted(file for file in self.files if file.endswith(endings))


MAX_BYTES = 2_000_000


def _read(path: Path) -> str:
    try:
        raw = read_bytes(path, MAX_BYTES)
    except OSError:
        return ""
    return "" if b"\0" in raw[:4096] else raw.decode("utf-8", errors="replace")
