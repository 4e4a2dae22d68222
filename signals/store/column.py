"""How the values of a series are kept: the newest in a plain array, older ones compressed in blocks that take few bytes.

A block holds its first value and the steps between the bit patterns of neighbours, all lowest bytes first, then
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

Number = TypeVar("Number", np.int64, np.float64)

BLOCK_SIZE = 256
"""Values a block: 21 minutes of scrapes every 5 s. Twice as many would win 6 % and make every look back dearer."""

_MIN_CAPACITY = 16
_GROWTH = 1.125
_WORD = 8


class Slice(NamedTuple, Generic[Number]):
    """A part of a column as it stood: what it refers to is never written again, so it may be read by any thread."""

    blocks: list[bytes]
    rest: NDArray[Number]
    start: int
    stop: int

    def read(self) -> NDArray[Number]:
        """The values; an array that nobody may write into."""
        if not self.blocks:
            return self.rest[self.start : self.stop]
        return np.concatenate([_decompressed(self.blocks, self.rest.dtype), self.rest])[
            self.start : self.stop
        ]


class Column(Generic[Number]):
    """Values of 8 bytes, the oldest first: grows at its end and shrinks at its beginning. Not locked."""

    __slots__ = ("_block_bytes", "_blocks", "_dropped", "_tail", "_tail_length")

    def __init__(self, kind: type[Number]) -> None:
        self._tail: NDArray[Number] = np.empty(min(BLOCK_SIZE, _MIN_CAPACITY), kind)
        self._tail_length = 0
        self._blocks: list[bytes] = []
        self._block_bytes = 0
        self._dropped = 0  # values of the oldest block that are dropped, but still there

    def __len__(self) -> int:
        return len(self._blocks) * BLOCK_SIZE + self._tail_length - self._dropped

    @property
    def nbytes(self) -> int:
        """Bytes that it holds."""
        return self._block_bytes + self._tail.nbytes

    def append(self, value: float) -> None:
        """Add one."""
        if self._tail_length == len(self._tail):
            self._grow()
        self._tail[self._tail_length] = value
        self._tail_length += 1

    def drop_oldest(self, count: int) -> None:
        """Drop the oldest."""
        self._dropped += count
        whole = min(self._dropped // BLOCK_SIZE, len(self._blocks))
        if whole:
            self._block_bytes -= sum(map(_size, self._blocks[:whole]))
            del self._blocks[:whole]
            self._dropped -= whole * BLOCK_SIZE

    def slice(self, start: int, stop: int) -> Slice[Number]:
        """Those from number `start` to before `stop`, counted from the oldest that is remembered."""
        start, stop = start + self._dropped, stop + self._dropped
        first, behind = start // BLOCK_SIZE, -(-stop // BLOCK_SIZE)
        tail_start = len(self._blocks) * BLOCK_SIZE
        rest = self._tail[: max(0, min(stop - tail_start, self._tail_length))]
        if start >= tail_start:
            return Slice([], rest, start - tail_start, stop - tail_start)
        return Slice(self._blocks[first:behind], rest, start - first * BLOCK_SIZE, stop - first * BLOCK_SIZE)

    def count_below(self, value: int) -> int:
        """How many are less than `value`, where they ascend."""
        blocks = len(self._blocks)
        part = self._tail[: self._tail_length]
        if blocks and part[0] >= value:
            blocks = bisect_left(self._blocks, value, key=_first) - 1
            if blocks < 0:
                return 0
            part = _decompressed(self._blocks[blocks : blocks + 1], self._tail.dtype)
        return max(0, blocks * BLOCK_SIZE + int(part.searchsorted(value)) - self._dropped)

    def _grow(self) -> None:
        kept = self._tail
        if self._dropped and not self._blocks:
            kept, self._dropped = self._tail[self._dropped :], 0
        elif self._tail_length == BLOCK_SIZE:
            block = _compressed(self._tail)
            self._blocks.append(block)
            self._block_bytes += _size(block)
            kept = self._tail[:0]
        self._tail = np.empty(
            min(BLOCK_SIZE, max(_MIN_CAPACITY, int(len(kept) * _GROWTH) + 1)), self._tail.dtype
        )
        self._tail[: len(kept)] = kept
        self._tail_length = len(kept)


def _compressed(values: NDArray[Number]) -> bytes:
    bits = values.view(np.uint64)
    steps = np.diff(bits).view(np.uint8).reshape(-1, _WORD)
    return values[:1].tobytes() + zlib.compress(steps.T.tobytes())


def _decompressed(blocks: list[bytes], kind: np.dtype[Number]) -> NDArray[Number]:
    """All values of the blocks, end to end."""
    bits = np.empty((len(blocks), BLOCK_SIZE), np.uint64)
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
