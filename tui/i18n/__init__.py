"""One catalogue for every text: `tui/i18n/<lang>/<namespace>.toml`, flat `name = "text with {values}"`.

A message's key is `<namespace>.<name>`; a namespace is read when one of its texts is first needed, so that the
first paint waits for nothing it does not show.
"""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from string import Formatter
from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.message import Message, Value

LanguageCode = Literal["en", "zh"]
CODES: tuple[LanguageCode, ...] = get_args(LanguageCode)
LANGUAGE_NAMES: Mapping[LanguageCode, str] = {"en": "English", "zh": "简体中文"}
"""Each in its own language."""


@dataclass(frozen=True, slots=True)
class Language:
    """Turns messages into text. A key without a text shows as the key, never as an error."""

    code: LanguageCode = "en"

    def text(self, key: str, /, **values: Value) -> str:
        """The text of `key` in this language, with its values in place."""
        template = self._template(key)
        if template is None:
            return " ".join([key, *(f"{name}={self._value(value)}" for name, value in values.items())])
        return template.format_map(_Values({name: self._value(value) for name, value in values.items()}))

    def say(self, message: Message) -> str:
        """The text of a message."""
        if message.otherwise and not self._knows(message):
            return message.otherwise
        return self.text(message.key, **message.values)

    def _knows(self, message: Message) -> bool:
        """Whether all of it can be said: each text is there, and each of its values was given."""
        template = self._template(message.key)
        if template is None or not _wanted(template) <= message.values.keys():
            return False
        return all(
            isinstance(value, str | int | float) or self._knows(value) for value in message.values.values()
        )

    def _template(self, key: str) -> str | None:
        namespace, _, name = key.partition(".")
        return read_namespace(self.code, namespace).get(name)

    def _value(self, value: Value) -> str | int | float:
        return value if isinstance(value, str | int | float) else self.say(value)


def _wanted(template: str) -> set[str]:
    """The values that a text has places for."""
    return {name for _, name, _, _ in Formatter().parse(template) if name}


class _Values(dict[str, "str | int | float"]):
    """A value that nobody gave shows as its name in braces."""

    def __missing__(self, key: str) -> str:
        return "{" + key + "}"


@cache
def read_namespace(code: str, namespace: str) -> Mapping[str, str]:
    """All texts of one namespace; empty when the file does not exist."""
    path = Path(__file__).parent / code / f"{namespace}.toml"
    if not path.is_file():
        return {}
    return tomllib.loads(path.read_text(encoding="utf-8"))


def choose_language(code: str | None, environment: Mapping[str, str] = os.environ) -> Language:
    """What was asked for (`--lang`, configuration), else what LC_ALL, LC_MESSAGES or LANG say, else English."""
    candidates = [code or "", *(environment.get(name, "") for name in ("LC_ALL", "LC_MESSAGES", "LANG"))]
    locale = next((candidate for candidate in candidates if candidate), "en")
    return Language(next((code for code in CODES if locale.lower().startswith(code)), "en"))
