"""What is pasted never becomes a key, wherever the terminal's reads end; what is typed around it does."""

from __future__ import annotations

import random

import pytest
from textual._xterm_parser import XTermParser
from textual.events import Key, Paste

from tui.runtime.paste import Pasted, PasteSplitter

SENT = "a\x1b[A\x1b[200~\x1b[31mred\x1b[0m\x1b\x1b[20\x1bq\r\x1b[201~b\x1b[200~\x1b[201~\x1b"
WANTED = ["a", "up", Pasted("\x1b[31mred\x1b[0m\x1b\x1b[20\x1bq\r"), "b", Pasted(""), "escape"]


def heard(reads: list[str]) -> list[str | Pasted]:
    """As the driver hears it, with Textual's parser."""
    splitter, parser = PasteSplitter(), XTermParser()
    events: list[str | Pasted] = []
    for read in reads:
        for part in splitter.feed(read):
            if isinstance(part, Pasted):
                events.append(part)
                continue
            messages = list(parser.feed(part))
            assert all(message.text == "" for message in messages if isinstance(message, Paste))
            events += [message.key for message in messages if isinstance(message, Key)]
    events += [message.key for message in parser.feed("") if isinstance(message, Key)]
    return events


@pytest.mark.parametrize("seed", range(40))
def test_a_paste_is_one_text_wherever_reads_end(seed: int) -> None:
    chance = random.Random(seed)
    ends = sorted(chance.sample(range(1, len(SENT)), chance.randint(0, len(SENT) - 1)))
    reads = [SENT[start:end] for start, end in zip([0, *ends], [*ends, len(SENT)], strict=True)]
    assert heard(reads) == WANTED


def test_a_long_paste_is_not_read_over_and_over() -> None:
    splitter = PasteSplitter()
    assert splitter.feed("\x1b[200~") == ["\x1b[200~"]
    for _ in range(2_000):
        assert splitter.feed("x" * 500) == []
    (_, pasted) = splitter.feed("\x1b[201~")
    assert isinstance(pasted, Pasted)
    assert len(pasted.text) == 1_000_000
