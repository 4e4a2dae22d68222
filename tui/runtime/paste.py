"""Takes pasted text out of what a terminal sends: between the marks of bracketed paste (xterm) nothing is a key.

Textual's parser reads escape sequences also inside of them: an Esc of colours that were copied would close the form, and
the letters behind it would be commands.
"""

from __future__ import annotations

from typing import NamedTuple

START, END = "\x1b[200~", "\x1b[201~"


class Pasted(NamedTuple):
    """The whole text of one paste, as it came."""

    text: str


class PasteSplitter:
    """Reads of any length in, keys and pastes out, in their order. A paste without an end is held until one comes."""

    def __init__(self) -> None:
        self._seen = ""
        self._pasted: str | None = None

    def feed(self, text: str) -> list[str | Pasted]:
        """What is for the parser, which gets the marks, too, and what was pasted."""
        parts: list[str | Pasted] = []
        while text:
            if self._pasted is None:
                # The parser must not wait: a lone Esc is a key, unless the rest of a mark comes with the next read.
                seen = self._seen + text
                at = seen.find(START)
                if at < 0:
                    self._seen = seen[1 - len(START) :]
                    return [*parts, text]
                rest = seen[at + len(START) :]
                parts.append(text[: len(text) - len(rest)])
                self._seen, self._pasted, text = "", "", rest
            else:
                self._pasted += text
                at = self._pasted.find(END, max(0, len(self._pasted) - len(text) - len(END)))
                if at < 0:
                    return parts
                pasted, text = self._pasted[:at], self._pasted[at + len(END) :]
                parts += [END, Pasted(pasted)]
                self._pasted = None
        return parts
