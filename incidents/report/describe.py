"""What the journal holds without a language, as texts of one language: pinned evidence, and what checks said."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from incidents.events.body import EvidencePinned, StepFailed, StepTicked
from incidents.report.sections import listed

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.message import Message
    from incidents.events.body import AnyBody
    from incidents.events.phrase import Phrase

    Say = Callable[[Message], str]


class _Checked(Protocol):
    """A step, or the event that ticked it or let it fail."""

    @property
    def observed(self) -> str: ...
    @property
    def checks(self) -> tuple[Phrase, ...]: ...


def observed(step: _Checked) -> Message | str:
    """What was typed, and what the checks said; empty when nothing is known."""
    parts: list[Message | str] = [step.observed] if step.observed else []
    parts += [check.message for check in step.checks]
    return listed(parts, "event.and") if parts else ""


def title(pinned: EvidencePinned) -> Message | str:
    """The panel's title; its id where nothing else is known."""
    return pinned.titled.message if pinned.titled else pinned.title or pinned.panel


def line(pinned: EvidencePinned) -> Message | str:
    """The panel's line at that moment."""
    return pinned.said.message if pinned.said else pinned.line


def in_words(pinned: EvidencePinned, words: Say) -> EvidencePinned:
    """The evidence with its title, its line and the names of its curves as texts."""
    curves = tuple(
        curve.model_copy(update={"name": words(curve.named.message), "named": None}) if curve.named else curve
        for curve in pinned.curves
    )
    texts = {"title": spoken(title(pinned), words), "line": spoken(line(pinned), words)}
    return pinned.model_copy(update={**texts, "titled": None, "said": None, "curves": curves})


def body_in_words(body: AnyBody, words: Say) -> AnyBody:
    """Any body, with texts where it holds phrases."""
    match body:
        case EvidencePinned():
            return in_words(body, words)
        case StepTicked() | StepFailed():
            return body.model_copy(update={"observed": spoken(observed(body), words), "checks": ()})
        case _:
            return body


def spoken(value: Message | str, words: Say) -> str:
    """A message in words; a text as it is."""
    return value if isinstance(value, str) else words(value)
