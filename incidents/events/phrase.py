"""A text of the program in the journal: what it says, in no language, so that every reader gets it in their own.

It is a `Message` that can be stored. The words of whoever wrote it are kept beside it: they are what search finds, and
what a later release shows that knows the message no more. What a person typed is no phrase: it stays as typed.

Only keys of `phrase_keys.toml` are stored, since those are kept for good. A message with another key is a mistake of
ours: tests fail by the warning, a user's journal gets its words.
"""

from __future__ import annotations

import math
import tomllib
import warnings
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from core.message import Message
from core.text import clean, clean_block

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.message import Value

    Say = Callable[[Message], str]

MAX_DEPTH, MAX_VALUES = 8, 200
"""Phrases inside phrases, and all values together: far more than any text has, and few enough to say at once."""
KEYS_FILE = Path(__file__).with_name("phrase_keys.toml")


class UnlistedKeyWarning(PendingDeprecationWarning):
    """A message whose key is not in `phrase_keys.toml` was to be stored. Python hides it; tests make it an error."""


class Phrase(BaseModel):
    """A catalogue key and its values, and how that read in the language of the writer."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    key: str = Field(pattern=r"^[a-z_]{1,40}\.[A-Za-z0-9_-]{1,60}$")
    values: dict[
        Annotated[str, Field(pattern=r"^[a-z_0-9]{1,40}$")],
        int | Annotated[float, Field(allow_inf_nan=False)] | Annotated[str, AfterValidator(clean)] | Phrase,
    ] = Field(default={}, max_length=40)
    words: Annotated[str, AfterValidator(clean_block)] = ""

    @classmethod
    def from_message(cls, message: Message, words: Say) -> Phrase:
        """`message` for the journal, with its words in the language of the writer."""
        if not _is_listed(message.key):
            message = Message("event.as_written", {"text": words(message)})
        return _store(message, words).model_copy(update={"words": clean_block(words(message))})

    @model_validator(mode="after")
    def _small(self) -> Self:
        """A journal may come from elsewhere: nothing in it may be deeper than what can be said."""
        if _depth(self) > MAX_DEPTH or _size(self) > MAX_VALUES:
            raise PydanticCustomError("too_deep", "it holds too much")
        return self

    @property
    def message(self) -> Message:
        """To be said in any language."""
        values: dict[str, Value] = {
            name: value.message if isinstance(value, Phrase) else value for name, value in self.values.items()
        }
        return Message(self.key, values, self.words)


@cache
def phrase_keys() -> frozenset[str]:
    """Every key that a journal may hold."""
    namespaces = tomllib.loads(KEYS_FILE.read_text(encoding="utf-8"))
    return frozenset(f"{namespace}.{name}" for namespace, names in namespaces.items() for name in names)


def _is_listed(key: str) -> bool:
    if key in phrase_keys():
        return True
    warnings.warn(f"{key} is not in {KEYS_FILE.name}", UnlistedKeyWarning, stacklevel=3)
    return False


def _store(message: Message, words: Say) -> Phrase:
    return Phrase(
        key=message.key, values={name: _value(value, words) for name, value in message.values.items()}
    )


def _value(value: Value, words: Say) -> str | int | float | Phrase:
    """Numbers of numpy become Python's; what is no finite number becomes a text."""
    match value:
        case Message():
            return _store(value, words) if _is_listed(value.key) else words(value)
        case str():
            return value
        case int():
            return int(value)
        case _:
            number = float(value)
            return number if math.isfinite(number) else str(number)


def _depth(phrase: Phrase) -> int:
    return 1 + max(
        (_depth(value) for value in phrase.values.values() if isinstance(value, Phrase)), default=0
    )


def _size(phrase: Phrase) -> int:
    return sum(1 + (_size(value) if isinstance(value, Phrase) else 0) for value in phrase.values.values())
