"""What an attack is: a loop over random cases until its time is over, and the figures of it."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

Figures = dict[str, "int | list[float]"]
"""Counts, which add up over several rounds, and samples (seconds), of which the distribution is shown."""


class Broken(AssertionError):
    """The program broke; the words say by what."""


@dataclass(frozen=True, slots=True)
class Round:
    """One run of an attack: its random numbers, when it has to end (`time.monotonic`), a folder of its own."""

    chance: random.Random
    until: float
    folder: Path

    def cases(self) -> Iterator[int]:
        """Numbers from 1 on until the time is over; at least one."""
        number = 1
        yield number
        while time.monotonic() < self.until:
            number += 1
            yield number


@dataclass(frozen=True, slots=True)
class Attack:
    """What it does to what, in a few words; the most memory (MB) that its process may take; its share of the time."""

    what: str
    run: Callable[[Round], Figures]
    max_mb: int = 400
    share: int = 1


def mutate(chance: random.Random, data: bytes) -> bytes:
    """`data` with a few things wrong: bytes changed, pieces doubled, cut, or made very many."""
    changed = bytearray(data)
    for _ in range(chance.randint(1, 6)):
        at = chance.randrange(len(changed) + 1)
        piece = changed[at : at + chance.randint(1, 40)]
        match chance.randrange(6):
            case 0:
                changed[at : at + 1] = chance.randbytes(1)
            case 1:
                changed[at:at] = piece * chance.choice((2, 50, 2000))
            case 2:
                del changed[at : at + chance.randint(1, 200)]
            case 3:
                changed[at:at] = chance.choice(NASTY)
            case 4:
                changed[at:at] = chance.choice(NASTY) * chance.choice((10, 1000, 20_000))
            case _:
                start = chance.randrange(len(changed) + 1)
                changed[at:at] = changed[start : start + chance.randint(1, 500)]
        del changed[400_000:]
    return bytes(changed)


NASTY = (
    b"\x1b]52;c;aGk=\x07",
    b"\x1b[2J",
    "\x9b31m\u202e\u200b".encode(),
    b"\xff\xfe",
    b"\x00",
    b"[",
    b"{",
    b"(",
    b'"""',
    b"\\",
    b"`",
    b"#",
    b"- [ ] ",
    b"| a ",
    b"<!--",
    b"<<EOF\n",
    b"\n",
    b" ",
    b"\t",
    b"e999",
    b"NaN",
    b"-1",
    b"9" * 30,
    b"${HOME}",
    b"../",
    b"*",
    b"_",
)
"""Pieces that steer terminals, open what is never closed, or make a careless pattern slow."""
