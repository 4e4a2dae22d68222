"""How the values of a series are kept: the newest in a plain array, older ones sealed in blocks that take few bytes.

A sealed block holds its first value and the steps between the bit patterns of neighbours, all lowest bytes first, then
all second ones and so on, deflated. Of a value, a counter at rest takes a third of a byte, a busy one takes one, times
of scrapes two, noise eight; every bit comes back. Steps are counted modulo 2^64, so that they may be of any size.
"""

from __future__ import annotations

import struct
import sys
import zlib
from bisect import bisect_left
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

Kind = TypeVar("Kind", np.int64, np.float64)

BLOCK = 256
"""Values a block: 21 minutes of scrapes every 5 s. Twice as many would win 6 % and make every look back dearer."""

_FIRST_CAPACITY = 16
_GROWTH = 1.125
_WORD = 8


class Cut(NamedTuple, Generic[Kind]):
    """A part of a column as it stood: what it refers to is never written again, so it may be read by any thread."""

    blocks: list[bytes]
    rest: NDArray[Kind]
    start: int
    stop: int

    def read(self) -> NDArray[Kind]:
        """The values; an array that nobody may write into."""
        if not self.blocks:
            return self.rest[self.start : self.stop]
        return np.concatenate([_unsealed(self.blocks, self.rest.dtype), self.rest])[self.start : self.stop]


class Column(Generic[Kind]):
    """Values of 8 bytes, the oldest first: grows at its end and forgets at its beginning. Not locked."""

    __slots__ = ("_end", "_open", "_sealed", "_sealed_bytes", "_skipped")

    def __init__(self, kind: type[Kind]) -> None:
        self._open: NDArray[Kind] = np.empty(min(BLOCK, _FIRST_CAPACITY), kind)
        self._end = 0
        self._sealed: list[bytes] = []
        self._sealed_bytes = 0
        self._skipped = 0  # of the oldest block: forgotten, but still there

    def __len__(self) -> int:
        return len(self._sealed) * BLOCK + self._end - self._skipped

    @property
    def nbytes(self) -> int:
        """Bytes that it holds."""
        return self._sealed_bytes + self._open.nbytes

    def append(self, value: float) -> None:
        """Add one."""
        if self._end == len(self._open):
            self._make_room()
        self._open[self._end] = value
        self._end += 1

    def forget(self, count: int) -> None:
        """Forget the oldest."""
        self._skipped += count
        whole = min(self._skipped // BLOCK, len(self._sealed))
        if whole:
            self._sealed_bytes -= sum(map(_size, self._sealed[:whole]))
            del self._sealed[:whole]
            self._skipped -= whole * BLOCK

    def cut(self, start: int, stop: int) -> Cut[Kind]:
        """Those from number `start` to before `stop`, counted from the oldest that is remembered."""
        start, stop = start + self._skipped, stop + self._skipped
        first, behind = start // BLOCK, -(-stop // BLOCK)
        open_from = len(self._sealed) * BLOCK
        rest = self._open[: max(0, min(stop - open_from, self._end))]
        if start >= open_from:
            return Cut([], rest, start - open_from, stop - open_from)
        return Cut(self._sealed[first:behind], rest, start - first * BLOCK, stop - first * BLOCK)

    def below(self, value: int) -> int:
        """How many are less than `value`, where they ascend."""
        blocks = len(self._sealed)
        part = self._open[: self._end]
        if blocks and part[0] >= value:
            blocks = bisect_left(self._sealed, value, key=_first) - 1
            if blocks < 0:
                return 0
            part = _unsealed(self._sealed[blocks : blocks + 1], self._open.dtype)
        return max(0, blocks * BLOCK + int(part.searchsorted(value)) - self._skipped)

    def _make_room(self) -> None:
        kept = self._open
        if self._skipped and not self._sealed:
            kept, self._skipped = self._open[self._skipped :], 0
        elif self._end == BLOCK:
            block = _sealed(self._open)
            self._sealed.append(block)
            self._sealed_bytes += _size(block)
            kept = self._open[:0]
        self._open = np.empty(
            min(BLOCK, max(_FIRST_CAPACITY, int(len(kept) * _GROWTH) + 1)), self._open.dtype
        )
        self._open[: len(kept)] = kept
        self._end = len(kept)


def _sealed(values: NDArray[Kind]) -> bytes:
    bits = values.view(np.uint64)
    steps = np.diff(bits).view(np.uint8).reshape(-1, _WORD)
    return values[:1].tobytes() + zlib.compress(steps.T.tobytes())


def _unsealed(blocks: list[bytes], kind: np.dtype[Kind]) -> NDArray[Kind]:
    """All values of the blocks, end to end."""
    bits = np.empty((len(blocks), BLOCK), np.uint64)
    for row, block in zip(bits, blocks, strict=True):
        row[0] = np.frombuffer(block, np.uint64, 1)[0]
        steps = np.frombuffer(zlib.decompress(memoryview(block)[_WORD:]), np.uint8).reshape(_WORD, -1)
        row[1:] = np.ascontiguousarray(steps.T).view(np.uint64)[:, 0]
    return bits.cumsum(axis=1, dtype=np.uint64).view(kind).ravel()


def _first(block: bytes) -> int:
    """The first value of a block of times."""
    return int(struct.unpack_from("=q", block)[0])


def _size(block: bytes) -> int:
    """With its place in the list."""
    return sys.getsizeof(block) + _WORD
