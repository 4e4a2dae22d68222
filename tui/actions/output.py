"""A run's output as a window of lines, however long it is: only what is on the screen is read."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.files import open_regular

if TYPE_CHECKING:
    from pathlib import Path
    from typing import BinaryIO

CHUNK = 65_536
"""Bytes that are read at once; a line that is longer is shown in pieces."""


@dataclass(frozen=True, slots=True)
class Window:
    """Lines of the file between the bytes `start` and `end`, of `size` in all. `lines` is empty where there is no file."""

    lines: tuple[str, ...] = ()
    start: int = 0
    end: int = 0
    size: int = 0


def read_end(path: Path, count: int) -> Window:
    """The last `count` lines."""
    return _read(path, None, -count)


def read_from(path: Path, offset: int, count: int) -> Window:
    """`count` lines from the byte `offset` on, where a line begins."""
    return _read(path, offset, count)


def read_before(path: Path, offset: int, count: int) -> Window:
    """The `count` lines before the byte `offset`."""
    return _read(path, offset, -count)


def _read(path: Path, offset: int | None, count: int) -> Window:
    """Forward from `offset`, or backward from it (None: the end). Nothing where there is no such file."""
    try:
        with open_regular(path) as file:
            size = os.fstat(file.fileno()).st_size
            at = size if offset is None else min(offset, size)
            return _forward(file, at, count, size) if count > 0 else _backward(file, at, -count, size)
    except OSError:
        return Window()


def _forward(file: BinaryIO, at: int, count: int, size: int) -> Window:
    file.seek(at)
    pieces = file.read(CHUNK).splitlines(keepends=True)[:count]
    end = at + sum(map(len, pieces))
    return Window(_decoded(pieces), at, end, size)


def _backward(file: BinaryIO, at: int, count: int, size: int) -> Window:
    begin = max(0, at - CHUNK)
    file.seek(begin)
    pieces = file.read(at - begin).splitlines(keepends=True)
    if begin > 0 and len(pieces) > 1:
        pieces = pieces[1:]  # the first one began before
    pieces = pieces[-count:]
    return Window(_decoded(pieces), at - sum(map(len, pieces)), at, size)


def _decoded(pieces: list[bytes]) -> tuple[str, ...]:
    return tuple(piece.decode(errors="replace").rstrip("\n") for piece in pieces)
