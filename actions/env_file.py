"""A `.env` file, changed in place: only the value that is meant, in the quotes that stand there, and nothing else.

Docker Compose, python-dotenv and a shell that sources the file read simple values alike. Where their rules differ (`$`,
backslashes, quotes) a value is written as all of them read it, or in the shell's way where there is none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_NAME = re.compile(r"[ \t]*(?:export[ \t]+)?(?P<name>[A-Za-z_][A-Za-z0-9_.-]*)[ \t]*=[ \t]*")
_PLAIN = re.compile(r"[A-Za-z0-9_./:@%+=,^-]*\Z")
"""What needs no quotes anywhere; `~` and `#` do."""
_UNQUOTED = re.compile(r"[^\r\n]*?(?=[ \t]+#|[ \t]*(?:\r?\n|\Z))")
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPED = re.compile(r'(["\\$`])')


@dataclass(frozen=True, slots=True)
class Assignment:
    """One `NAME=value`; `start` and `end` are where the value stands in the text, with its quotes."""

    name: str
    value: str
    quote: str
    start: int
    end: int


def assignments(text: str) -> Iterator[Assignment]:
    """All of them, in order; of one name the last is in force. A value in quotes may have several lines."""
    at = 0
    while at < len(text):
        match = _NAME.match(text, at)
        if match is None:
            at = _next_line(text, at)
            continue
        start = match.end()
        quote = text[start] if text[start : start + 1] in ("'", '"') else ""
        end = _closing(text, start, quote) if quote else None
        if end is None:  # without quotes, or with one that is never closed
            unquoted = _UNQUOTED.match(text, start)
            end = unquoted.end() if unquoted else start
            yield Assignment(match["name"], text[start:end], "", start, end)
        else:
            inner = text[start + 1 : end - 1]
            value = _ESCAPE.sub(r"\1", inner) if quote == '"' else inner
            yield Assignment(match["name"], value, quote, start, end)
        at = _next_line(text, end)


def value_of(text: str, name: str) -> str | None:
    """The value in force; None where the name has none."""
    return next((each.value for each in reversed([*assignments(text)]) if each.name == name), None)


def with_value(text: str, name: str, value: str) -> str:
    """The text with this value for every assignment of the name, or with one more line where there was none.

    `value` is one line.
    """
    places = [each for each in assignments(text) if each.name == name]
    if not places:
        end = "\r\n" if "\r\n" in text else "\n"
        return f"{text}{'' if not text or text.endswith(chr(10)) else end}{name}={_quoted(value, '')}{end}"
    for place in reversed(places):
        text = text[: place.start] + _quoted(value, place.quote) + text[place.end :]
    return text


def without(text: str, name: str) -> str:
    """The text without the lines on which this name is assigned."""
    for place in reversed([each for each in assignments(text) if each.name == name]):
        begin = text.rfind("\n", 0, place.start) + 1
        end = text.find("\n", place.end)
        text = text[:begin] + (text[end + 1 :] if end >= 0 else "")
    return text


def reads_alike(value: str) -> bool:
    """Whether a shell, Compose and python-dotenv read the same value.

    Python-dotenv puts variables in even between single quotes, and knows no escape for a dollar between double ones.
    """
    return "${" not in value and not (set(value) & set("'\\") and set(value) & set("$`"))


def _quoted(value: str, quote: str) -> str:
    """In the same quotes where all readers take them alike."""
    if _PLAIN.match(value):
        return f"{quote}{value}{quote}"
    if "'" not in value and "\\" not in value:
        return f"'{value}'"
    escaped = _ESCAPED.sub(r"\\\1", value)
    return f'"{escaped}"'


def _closing(text: str, start: int, quote: str) -> int | None:
    """Where a quoted value ends, behind its quote."""
    at = start + 1
    while at < len(text):
        if text[at] == "\\" and quote == '"':
            at += 2
        elif text[at] == quote:
            return at + 1
        else:
            at += 1
    return None


def _next_line(text: str, at: int) -> int:
    end = text.find("\n", at)
    return len(text) if end < 0 else end + 1
