"""A terminal that answers with anything: the board stays, sends nothing of it back, and its `q` still works."""

from __future__ import annotations

import random

from tests.attack.attack import Attack, Broken, Figures, Round
from tests.attack.endings import hanging_sources
from tests.terminal import PROGRAM, Terminal

ANSWERS = (
    b"\x1b[?1;2c",
    b"\x1b[>0;276;0c",
    b"\x1b[%d;%dR",
    b"\x1b]11;rgb:ffff/ffff/ffff\x07",
    b"\x1b]52;c;cm0gLXJmIC8=\x07",
    b"\x1bP1$r0m\x1b\\",
    b"\x1b[<0;9999;9999M",
    b"\x1b[<64;1;1m",
    b"\x1b[M\xff\xff\xff",
    b"\x1b[200~q\x1b[201~",
    b"\x1b[200~" + b"x" * 5000,
    b"\x1b[I\x1b[O",
    b"\x1b[?2026;2$y",
    b"\x1b[?2048;1$y\x1b[48;10;10;100;100t",
    b"\x1b[99999999999999999999u",
    b"\x1b[27;5;9999999~",
    b"\x1b[8;0;0t",
    b"\xff\xfe\xc0\x80",
    b"\x1b",
    b"\x00",
)


def run(this: Round) -> Figures:
    """A few dozen answers at a time, then a new program."""
    config, sent, count = hanging_sources(this.folder), 0, 0
    for number in this.cases():
        count = number
        terminal = Terminal([PROGRAM, "--config", str(config)], WARROOM_LOG=str(this.folder / "log"))
        terminal.wait_for("quit", 60)
        for _ in range(this.chance.randint(5, 40)):
            raw = _answer(this.chance)
            sent += len(raw)
            terminal.send(raw)
            terminal.read(0.01)
        terminal.send(b"\x1b[201~\x1b\x1b")  # whatever it waits for
        terminal.read(1)
        terminal.resize(80, 24)
        for _ in range(6):  # out of whatever was opened
            terminal.send(b"\x1b")
            terminal.read(0.3)
        code = None
        began = terminal.clock()
        while terminal.clock() - began < MAX_S:
            terminal.send(b"q")
            try:
                code = terminal.poll_end(2)
            except TimeoutError:
                terminal.send(b"\x1b")
                terminal.read(0.5)  # both in one read are Alt+q
            else:
                break
        if code is None:
            raise Broken(f"no end after {sent} bytes:\n{terminal.screen}")
        if code != 0 or b"Traceback" in terminal.raw:
            raise Broken(f"exit code {code} after {sent} bytes: {bytes(terminal.raw[-300:])!a}")
        if b"\x1b]52;c;cm0gLXJmIC8" in terminal.raw:  # without its beginning it is text that was typed
            raise Broken("an answer came back as a sequence")
    return {"boards": count, "bytes": sent}


def _answer(chance: random.Random) -> bytes:
    if chance.random() < 0.3:
        return bytes(byte for byte in chance.randbytes(chance.randint(1, 60)) if byte not in STEERING)
    raw = chance.choice(ANSWERS)
    return raw % (chance.randrange(10**9), chance.randrange(10**9)) if b"%d" in raw else raw


MAX_S = 40.0
"""Thousands of keys may wait to be handled; what the program itself waited for a processor comes on top."""
STEERING = frozenset(b"q\x03\x1a\x1c\x11\x13")
"""What a person would leave, suspend or stop the program with, and what stops the terminal itself."""

ATTACK = Attack("a terminal that answers with anything", run)
