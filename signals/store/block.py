"""How a few hundred values of a series are sealed: few bytes each, and thousands of blocks are opened at once.

Most series count: their values are whole numbers, and so are times in ms. Such a block holds the first value, the least
step between neighbours, and by how much each step is larger, in as few bits as the largest needs. Others hold the
steps between the bit patterns, all lowest bytes first, then all second ones and so on, deflated; they are opened one
by one. Of a value, a counter at rest takes a tenth of a byte, a busy one takes one, times of scrapes one or two, noise
eight; every bit comes back. The first 8 bytes are the first value, the last byte is the kind of the block.
"""

from __future__ import annotations

import struct
import zlib
from operator import itemgetter
from typing import TYPE_CHECKING, TypeVar

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

Number = TypeVar("Number", np.int64, np.float64)

_WORD = 8
_BITS = (0, 1, 2, 4, 8, 16)
"""Kinds of blocks of whole numbers: the bits of a step. With more, deflating the bit patterns takes less."""
_DEFLATED = 255
_LARGEST_WHOLE = 2.0**52
"""Up to here sums of steps are exact in floating point."""
_kind = itemgetter(-1)


def seal(values: NDArray[Number]) -> bytes:
    """A block of these values."""
    first = values[:1].tobytes()
    steps = _whole_steps(values)
    if steps is not None:
        least = int(steps.min())
        spread = int(steps.max()) - least
        for bits in _BITS:
            if spread < 1 << bits:
                return first + struct.pack("=q", least) + _narrowed(steps - least, bits) + bytes((bits,))
    planes = np.diff(values.view(np.uint64)).view(np.uint8).reshape(-1, _WORD).T
    return first + zlib.compress(planes.tobytes()) + bytes((_DEFLATED,))


def unseal(blocks: Sequence[bytes], kind: np.dtype[Number], size: int) -> NDArray[Number]:
    """A row of `size` values for each block."""
    kinds = np.fromiter(map(_kind, blocks), np.uint8, len(blocks))
    table = np.empty((len(blocks), size), kind)
    present = sorted(set(kinds.tolist()))  # `np.unique` imports masked arrays, 1.2 MB
    for bits in present:
        if len(present) == 1:
            _unseal_alike(bits, blocks, table)
            break
        rows = np.flatnonzero(kinds == bits)
        part = np.empty((len(rows), size), kind)
        _unseal_alike(bits, [blocks[row] for row in rows.tolist()], part)
        table[rows] = part
    return table


def first_of(block: bytes) -> int:
    """The first value of a block of times."""
    return int(struct.unpack_from("=q", block)[0])


def _whole_steps(values: NDArray[Number]) -> NDArray[np.int64] | None:
    """The steps between neighbours; None where a value is no whole number, or too large a one to be counted to."""
    if values.dtype == np.int64:
        return np.diff(values.view(np.int64)).view(np.int64)
    with np.errstate(invalid="ignore"):
        whole = values.astype(np.int64)
    if np.abs(whole.astype(np.float64)).max() > _LARGEST_WHOLE:
        return None
    if (whole.astype(np.float64).view(np.uint64) != values.view(np.uint64)).any():  # also -0.0 and each NaN
        return None
    return np.diff(whole).view(np.int64)


def _narrowed(steps: NDArray[np.int64], bits: int) -> bytes:
    """Steps from 0 up to below 2^bits, filled up with zeros to whole bytes."""
    padded = np.pad(steps, (0, -len(steps) % _WORD))
    if bits == 16:
        return padded.astype(np.uint16).tobytes()
    if bits == 0:
        return b""
    shifted = padded.astype(np.uint8).reshape(-1, _WORD // bits) << np.arange(0, _WORD, bits, dtype=np.uint8)
    packed: NDArray[np.uint8] = np.bitwise_or.reduce(shifted, axis=1)
    return packed.tobytes()


def _unseal_alike(bits: int, blocks: Sequence[bytes], table: NDArray[Number]) -> None:
    """Fill the table from blocks of one kind."""
    if bits == _DEFLATED:
        _inflate(blocks, table)
        return
    raw = np.frombuffer(b"".join(blocks), np.uint8).reshape(len(blocks), -1)
    least = raw[:, _WORD : 2 * _WORD].copy().view(np.int64)
    table[:, :1] = raw[:, :_WORD].copy().view(table.dtype)
    table[:, 1:] = least
    body = raw[:, 2 * _WORD : -1]
    if bits:
        if bits == 16:
            body = body.copy().view(np.uint16)
        elif bits < _WORD:
            shifts, mask = np.arange(0, _WORD, bits, dtype=np.uint8), np.uint8((1 << bits) - 1)
            body = (body[:, :, None] >> shifts & mask).reshape(len(blocks), -1)
        table[:, 1:] += body[:, : table.shape[1] - 1]
    np.cumsum(table, axis=1, out=table)


def _inflate(blocks: Sequence[bytes], table: NDArray[Number]) -> None:
    patterns = table.view(np.uint64)
    for row, block in zip(patterns, blocks, strict=True):
        row[0] = np.frombuffer(block, np.uint64, 1)[0]
        planes = np.frombuffer(zlib.decompress(memoryview(block)[_WORD:-1]), np.uint8).reshape(_WORD, -1)
        row[1:] = np.ascontiguousarray(planes.T).view(np.uint64)[:, 0]
    np.cumsum(patterns, axis=1, out=patterns)
