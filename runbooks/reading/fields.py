"""The fields that a check, an action's call or front matter consists of: flat texts, each with its line."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, TypeAlias

from core.message import say
from core.text import clean, clean_block
from runbooks.model import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_CHARACTERS = 20_000
"""What is longer is no check, call or front matter."""
Value: TypeAlias = "str | tuple[str, ...]"


@dataclass(frozen=True, slots=True)
class Field:
    """One key's value: a text, or several (a list, or a mapping as `name: value`)."""

    value: Value
    line: int

    @property
    def text(self) -> str:
        """As one text."""
        return self.value if isinstance(self.value, str) else ", ".join(self.value)

    @property
    def texts(self) -> tuple[str, ...]:
        """As several; a single text is split at its commas."""
        if isinstance(self.value, str):
            return tuple(text for part in self.value.split(",") if (text := part.strip()))
        return self.value


def cleaned(value: Value) -> Value:
    """Harmless: runbooks and profiles may come with any repository."""
    return clean_block(value).strip() if isinstance(value, str) else tuple(clean(text) for text in value)


def unknown_key(file: str, line: int, name: str, known: Iterable[str]) -> Problem:
    """Says which key was probably meant."""
    names = sorted(known)
    near = get_close_matches(name, names, n=1)
    if near:
        message = say("runbook.unknown_key_near", key=name, near=near[0])
        return Problem(file, line, "unknown-key-near", message)
    return Problem(file, line, "unknown-key", say("runbook.unknown_key", key=name, known=", ".join(names)))
