"""The hash of a set of labels that decides which series `limit_ratio` takes: Prometheus' (model/labels), XXH64.

Its bytes are those of Prometheus' usual build: each name and value behind its length.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from signals.reading import Labels

_P1, _P2, _P3, _P4, _P5 = (
    0x9E3779B185EBCA87,
    0xC2B2AE3D27D4EB4F,
    0x165667B19E3779F9,
    0x85EBCA77C2B2AE63,
    0x27D4EB2F165667C5,
)
_ALL = 2**64 - 1


def offset_of(labels: Labels) -> float:
    """From 0 to 1, the same for the same labels."""
    data = b"".join(_sized(text.encode()) for pair in labels for text in pair)
    return xxh64(data) / float(_ALL)


def xxh64(data: bytes) -> int:
    """XXH64 with the seed 0 (github.com/Cyan4973/xxHash, doc/xxhash_spec.md)."""
    at, length = 0, len(data)
    if length >= 32:
        lanes = [(_P1 + _P2) & _ALL, _P2, 0, -_P1 & _ALL]
        while at + 32 <= length:
            lanes = [_round(lane, _word(data, at + 8 * index, 8)) for index, lane in enumerate(lanes)]
            at += 32
        first, second, third, fourth = lanes
        mixed = (_turned(first, 1) + _turned(second, 7) + _turned(third, 12) + _turned(fourth, 18)) & _ALL
        for lane in lanes:
            mixed = ((mixed ^ _round(0, lane)) * _P1 + _P4) & _ALL
    else:
        mixed = _P5
    mixed = (mixed + length) & _ALL
    while at + 8 <= length:
        mixed = (_turned(mixed ^ _round(0, _word(data, at, 8)), 27) * _P1 + _P4) & _ALL
        at += 8
    if at + 4 <= length:
        mixed = (_turned(mixed ^ (_word(data, at, 4) * _P1 & _ALL), 23) * _P2 + _P3) & _ALL
        at += 4
    for byte in data[at:]:
        mixed = _turned(mixed ^ (byte * _P5 & _ALL), 11) * _P1 & _ALL
    mixed = (mixed ^ mixed >> 33) * _P2 & _ALL
    mixed = (mixed ^ mixed >> 29) * _P3 & _ALL
    return mixed ^ mixed >> 32


def _sized(text: bytes) -> bytes:
    """Behind its length: a byte, or 255 and three bytes for 255 and more."""
    size = len(text)
    return (bytes((size,)) if size < 255 else b"\xff" + size.to_bytes(3, "little")) + text


def _word(data: bytes, at: int, size: int) -> int:
    return int.from_bytes(data[at : at + size], "little")


def _round(lane: int, word: int) -> int:
    return _turned((lane + word * _P2) & _ALL, 31) * _P1 & _ALL


def _turned(word: int, bits: int) -> int:
    return (word << bits | word >> (64 - bits)) & _ALL
