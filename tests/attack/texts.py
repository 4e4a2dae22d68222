"""Text from outside: whatever comes in, nothing that steers a terminal comes out, and length alone costs time."""

from __future__ import annotations

import random
import time

from core.text import clean, clean_block
from tests.attack.attack import NASTY, Attack, Broken, Figures, Round

MAX_S = 0.5
PIECES = [piece.decode(errors="replace") for piece in NASTY] + [
    "\x1b",
    "\x9d",
    "\x90",
    "\x1bP",
    "\r",
    "行",
    "é",
]


def run(this: Round) -> Figures:
    """Random texts of up to a million characters."""
    slowest, count = 0.0, 0
    for number in this.cases():
        count = number
        text = random_text(this.chance)
        began = time.process_time()
        line, block = clean(text), clean_block(text, len(text))
        took = time.process_time() - began
        slowest = max(slowest, took)
        if bad := [char for char in line + block if steers(char)]:
            raise Broken(f"{bad[0]!a} is left of {text[:80]!a}")
        if "\n" in line or took > MAX_S:
            raise Broken(f"{took:.1f} s for {len(text)} characters that begin with {text[:80]!a}")
    return {"texts": count, "slowest s": [slowest]}


def random_text(chance: random.Random) -> str:
    """Some of what is nasty among anything else, or one piece of it very often."""
    if chance.random() < 0.1:
        return chance.choice(PIECES) * chance.choice((1000, 100_000))
    return "".join(
        chance.choice(PIECES)
        if chance.random() < 0.5
        else chr(chance.choice((chance.randrange(0x300), chance.randrange(0x110000))))
        for _ in range(chance.randint(1, 300))
    )


def steers(char: str) -> bool:
    """Whether a terminal obeys or hides it: controls, bidi, zero width, tags, lone surrogates."""
    code = ord(char)
    return (
        (code < 0x20 and char not in "\n\t")
        or 0x7F <= code <= 0x9F
        or 0x200B <= code <= 0x200F
        or 0x2028 <= code <= 0x202E
        or 0x2060 <= code <= 0x206F
        or 0xD800 <= code <= 0xDFFF
        or 0xE0000 <= code <= 0xE0FFF
        or code == 0xFEFF
    )


ATTACK = Attack("random texts against what makes them harmless", run)
