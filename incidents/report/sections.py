"""What all parts of a postmortem are made of: headings, questions to the people, and lists in one sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.message import say

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from core.message import Message

    Say = Callable[[Message], str]


def title(name: str, words: Say) -> str:
    """A heading of the page."""
    return f"## {words(say(f'postmortem.{name}'))}\n"


def asked(words: Say, *names: str) -> Iterator[str]:
    """A question to the people, as a comment that no reader of the finished page sees, and room for the answer."""
    for name in names:
        yield f"<!-- {words(say(f'postmortem.{name}'))} -->"
    yield f"_{words(say('postmortem.to_be_written'))}_"


def listed(parts: Sequence[Message | str], key: str = "event.comma") -> Message | str:
    """Put together with the commas (or what `key` says) of the language; at least one."""
    text = parts[0]
    for part in parts[1:]:
        text = say(key, one=text, other=part)
    return text
