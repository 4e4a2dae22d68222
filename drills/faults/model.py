"""A fault, and one injection of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, Literal, Protocol, TypeAlias

from pydantic import Field

from actions.parameters import Duration, Parameters

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Mapping

    from core.message import Message
    from drills.target import Target

Where: TypeAlias = Literal["sandbox", "configured"]
Before: TypeAlias = "Mapping[str, str | int | float | bool | None]"
"""What was there before a fault, as JSON can hold it: this is what is put back. Never a secret's value."""
State: TypeAlias = Literal["injecting", "injected", "lifting", "lifted", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One injection as its fault sees it: which, into what, and for how long from now."""

    id: str
    target: Target
    for_s: float


class Lasting(Parameters):
    """How long a person wants it, in seconds."""

    for_s: Annotated[Duration, Field(alias="for")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something that can be broken, and put back.

    `look` reads what is there (and changes nothing), `inject` breaks it, `lift` puts back what `look` had read; lifting twice
    is no error. Title and why are texts `faults.<id>` and `faults.<id>-why`. `default_s` is how long it lasts where nobody says.
    On a configured system (`where`) a fault is the action `chaos.inject`, which two people agree to.
    """

    id: str
    parameters: type[Parameters]
    where: frozenset[Where]
    look: Callable[[Target, Any], Before]
    inject: Callable[[Order, Any, Before], None]
    lift: Callable[[Order, Any, Before], None]
    default_s: float = 300.0


class Injecting(Protocol):
    """By what a drill breaks its target, and puts it back. Safe for threads."""

    def inject(self, fault_id: str, params: Mapping[str, str], for_s: float) -> Injection:
        """Break it, or begin to. Raises a `WarroomError`: nothing is broken then."""

    def injections(self) -> tuple[Injection, ...]:
        """All that were made, with how far they are now."""

    def lasts_s(self, fault_id: str) -> float:
        """How long this fault lasts where nobody says. Raises `NoSuchFault`."""

    def close(self) -> None:
        """Lift everything. Raises `NotLifted`; who watches then goes on trying. Twice is no error."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Injection:
    """A fault that was put into a target: since when, until when, and how far that is. `detail` is why it failed.

    It is `injecting` before anything is broken, and `lifting` until everything is as it was, however often that takes.
    """

    id: str
    fault: str
    params: Mapping[str, str] = field(default_factory=dict)
    state: State
    since: dt.datetime
    until: dt.datetime
    lifted_at: dt.datetime | None = None
    detail: Message | None = None
