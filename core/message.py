"""A text for people, before it has a language.

Everything below the face speaks in messages: a key of the catalogue and the values that go into it.
The face turns them into English or Chinese (`tui.i18n`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

Value: TypeAlias = "str | int | float | Message"


@dataclass(frozen=True, slots=True)
class Message:
    """A catalogue key (`<folder>.<name>`, such as `signals.timed_out`) and its values, already cleaned.

    `otherwise` is shown by a catalogue that does not have the key, as when the message comes from an older journal.
    """

    key: str
    values: Mapping[str, Value] = field(default_factory=dict)
    otherwise: str = ""


def say(key: str, /, **values: Value) -> Message:
    """Write a message shortly: `say("signals.timed_out", source="prometheus", seconds=5)`."""
    return Message(key, values)
