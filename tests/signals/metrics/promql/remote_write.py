"""Samples into a Prometheus by its remote-write endpoint: the one way in that keeps staleness markers."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    import httpx

    from signals.store.ring import Stored

FLAG = "--web.enable-remote-write-receiver"


def write(client: httpx.Client, series: Iterable[Stored]) -> None:
    """Write all samples of these series (prometheus/prompb: WriteRequest, in Snappy's block format)."""
    body = b"".join(_field(1, _series(stored)) for stored in series)
    response = client.post(
        "/api/v1/write",
        content=_snappy(body),
        headers={
            "Content-Encoding": "snappy",
            "Content-Type": "application/x-protobuf",
            "X-Prometheus-Remote-Write-Version": "0.1.0",
        },
    )
    assert response.status_code == 204, response.text


def _series(stored: Stored) -> bytes:
    labels = b"".join(
        _field(1, _field(1, name.encode()) + _field(2, value.encode())) for name, value in stored.labels
    )
    pairs = zip(stored.times.tolist(), stored.values.tolist(), strict=True)
    # Through the array's own bytes: a NaN's pattern must arrive.
    patterns = [stored.values[index : index + 1].tobytes() for index in range(len(stored.values))]
    samples = b"".join(
        _field(2, b"\x09" + pattern + b"\x10" + _varint(at))
        for (at, _), pattern in zip(pairs, patterns, strict=True)
    )
    return labels + samples


def _field(number: int, data: bytes) -> bytes:
    return bytes((number << 3 | 2,)) + _varint(len(data)) + data


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _snappy(data: bytes) -> bytes:
    """As literals of at most 64 KiB, without compressing."""
    parts = [data[low : low + 65_536] for low in range(0, len(data), 65_536)]
    return _varint(len(data)) + b"".join(b"\xf4" + struct.pack("<H", len(part) - 1) + part for part in parts)
