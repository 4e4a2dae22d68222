"""Follows what a run prints, from any program on its host: the whole output, and then what comes."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

CHUNK = 65_536
POLL_S = 0.05


def follow(
    output: Path, is_over: Callable[[], bool], *, pause: Callable[[float], None] = time.sleep
) -> Iterator[str]:
    """Complete lines from the first on, until `is_over` and nothing more is there."""
    position, rest = 0, b""
    while True:
        over = is_over()  # asked before reading: what was written until then is read
        chunks = list(_read(output, position))
        position += sum(map(len, chunks))
        *lines, rest = (rest + b"".join(chunks)).split(b"\n")
        yield from (line.decode(errors="replace") for line in lines)
        if over:
            if rest:
                yield rest.decode(errors="replace")
            return
        if not chunks:
            pause(POLL_S)


def _read(output: Path, position: int) -> Iterator[bytes]:
    """What is there behind `position`; nothing while there is no file."""
    try:
        with output.open("rb") as file:
            file.seek(position)
            if chunk := file.read(CHUNK):
                yield chunk
    except OSError:
        return
