"""How the values of a series are kept: the newest in a plain array, older ones sealed in blocks that take few bytes."""

from __future__ import annotations

import sys
from bisect import bisect_left
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

import numpy as np

from signals.store.block import first_of, seal, unseal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

Number = TypeVar("Number", np.int64, np.float64)

BLOCK_SIZE = 256
"""Values a block: 21 minutes of scrapes every 5 s."""

_MIN_CAPACITY = 16
_GROWTH = 1.125
_LIST_ENTRY_BYTES = 8


class Cut(NamedTuple, Generic[Number]):
    """The same part of columns of one layout, as it stood.

    What it refers to is never written again, so it may be read by any thread.
    """

    blocks: list[list[bytes]]
    tails: list[NDArray[Number]]
    start: int
    stop: int

    def read(self) -> NDArray[Number]:
        """The values of the only column."""
        row: NDArray[Number] = self.table(0, 1)[0]
        return row

    def table(self, low: int, high: int) -> NDArray[Number]:
        """The values of the columns `low` to before `high`, a row for each."""
        blocks = [block for column in self.blocks[low:high] for block in column]
        tail_start = len(blocks) // (high - low) * BLOCK_SIZE
        behind = self.stop - tail_start
        kind = self.tails[0].dtype
        if tail_start:
            sealed = unseal(blocks, kind, BLOCK_SIZE).reshape(high - low, -1)
            if behind <= 0:
                return sealed[:, self.start : self.stop]
        table = np.empty((high - low, self.stop - self.start), kind)
        begin = max(0, self.start - tail_start)
        np.stack([tail[begin:behind] for tail in self.tails[low:high]], out=table[:, begin - behind :])
        if tail_start > self.start:
            table[:, : tail_start - self.start] = sealed[:, self.start :]
        return table


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

    def layout(self) -> tuple[int, int, int]:
        """Columns of one layout have as many values, which stand at the same places."""
        return self._dropped, len(self._blocks), self._tail_length

    def content(self) -> bytes:
        """Equal for columns that hold the same, sealed at the same places."""
        return b"".join((*self._blocks, self._tail[: self._tail_length].tobytes()))

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

    @staticmethod
    def cut(columns: Sequence[Column[Number]], start: int, stop: int) -> Cut[Number]:
        """Of columns of one layout, those from number `start` to before `stop`, counted from the oldest."""
        dropped, blocks, _ = columns[0].layout()
        start, stop = start + dropped, stop + dropped
        first, behind = min(start // BLOCK_SIZE, blocks), -(-stop // BLOCK_SIZE)
        moved = first * BLOCK_SIZE
        return Cut(
            [column._blocks[first:behind] for column in columns],  # noqa: SLF001  # of this class
            [column._tail for column in columns],  # noqa: SLF001  # of this class
            start - moved,
            stop - moved,
        )

    def slice(self, start: int, stop: int) -> Cut[Number]:
        """A cut of this column alone."""
        return Column.cut([self], start, stop)

    def count_below(self, value: int) -> int:
        """How many are less than `value`, where they ascend."""
        blocks = len(self._blocks)
        part = self._tail[: self._tail_length]
        if blocks and part[0] >= value:
            blocks = bisect_left(self._blocks, value, key=first_of) - 1
            if blocks < 0:
                return 0
            part = unseal(self._blocks[blocks : blocks + 1], self._tail.dtype, BLOCK_SIZE)[0]
        return max(0, blocks * BLOCK_SIZE + int(part.searchsorted(value)) - self._dropped)

    def _grow(self) -> None:
        kept = self._tail
        if self._dropped and not self._blocks:
            kept, self._dropped = self._tail[self._dropped :], 0
        elif self._tail_length == BLOCK_SIZE:
            block = seal(self._tail)
            self._blocks.append(block)
            self._block_bytes += _size(block)
            kept = self._tail[:0]
        self._tail = np.empty(
            min(BLOCK_SIZE, max(_MIN_CAPACITY, int(len(kept) * _GROWTH) + 1)), self._tail.dtype
        )
        self._tail[: len(kept)] = kept
        self._tail_length = len(kept)


def _size(block: bytes) -> int:
    """With its place in the list."""
    return sys.getsizeof(block) + _LIST_ENTRY_BYTES
