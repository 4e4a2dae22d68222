"""What has changed on the board, newest first: verdicts, and what began and ended. Pure: the log is a value.

A panel's first verdict is no change, nor is its first answer after a start without any.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal, NamedTuple

from core.message import say
from signals.reading import Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.message import Message
    from panels.state import PanelState, Standing

MAX_CHANGES = 200
"""More than anybody reads, and nothing in memory."""
FLAP_S = 600.0
"""The same change again within this is one line with a count: what flaps must not push out what happened once."""
EARLIER_S = 7200.0
"""What stood already at the first look is told when it began within this: a deploy of an hour ago may be the cause."""


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that happened, at a time (Unix seconds); `times` counts it when it happened again and again."""

    at: float
    message: Message
    panel: str = ""
    verdict: Verdict | None = None
    times: int = 1

    @property
    def what(self) -> tuple[str, str, object]:
        """Equal for the same thing happening again, whatever the numbers in its reason."""
        return self.panel, self.message.key, self.message.values.get("name")


class LastState(NamedTuple):
    """What a panel said last, and whose word it was."""

    verdict: Verdict
    standing: tuple[Standing, ...]
    source: str


@dataclass(frozen=True, slots=True)
class ChangeLog:
    """The changes, newest first, and what each panel said last."""

    changes: tuple[Change, ...] = ()
    last: Mapping[str, LastState] = field(default_factory=dict)

    def since(self, at: float) -> int:
        """How many of the changes are newer."""
        return sum(change.at > at for change in self.changes)


def add_change(log: ChangeLog, change: Change) -> ChangeLog:
    """The log with one more change in its place in time."""
    again = next(
        (known for known in log.changes if known.what == change.what and abs(change.at - known.at) <= FLAP_S),
        None,
    )
    kept = [known for known in log.changes if known is not again]
    if again is not None:
        change = replace(change, at=max(change.at, again.at), times=again.times + 1)
    place = next((index for index, known in enumerate(kept) if known.at <= change.at), len(kept))
    kept.insert(place, change)
    return replace(log, changes=tuple(kept[:MAX_CHANGES]))


def record_state(log: ChangeLog, state: PanelState) -> ChangeLog:
    """The log after a panel's next state."""
    before = log.last.get(state.id)
    if before is None and state.verdict is Verdict.UNKNOWN:
        return log  # it has never had an answer
    now = state.at or 0.0
    source = next((reading.source for reading in state.readings), "")
    last = LastState(state.verdict, state.standing, source)
    after = replace(log, last={**log.last, state.id: last})
    if before is None:
        for standing in state.standing:
            if standing.since is not None and now - standing.since <= EARLIER_S:
                began = Change(standing.since, _message(standing, "began"), state.id, standing.verdict)
                after = add_change(after, began)
        return after
    if state.verdict is Verdict.UNKNOWN:  # whether anything of it still stands is unknown, too
        after = replace(after, last={**after.last, state.id: before._replace(verdict=state.verdict)})
        changes: list[Change] = []
    elif source != before.source:  # another source knows other things: nothing of that has happened now
        changes = []
    else:
        changes = _begun_and_ended(before.standing, state, now)
    # What began or ended says more than the verdict that it moves; only fire is never left out, unless alerts are it.
    burns = state.verdict is Verdict.BURNING and state.shape != "list"
    if state.verdict is not before.verdict and (not changes or burns):
        message = say(f"changes.{state.verdict}", panel=state.title, reason=state.reason)
        changes.append(Change(now, message, state.id, state.verdict))
    for change in changes:
        after = add_change(after, change)
    return after


def _begun_and_ended(before: tuple[Standing, ...], state: PanelState, now: float) -> list[Change]:
    keys_before = {_identity(standing) for standing in before}
    keys_now = {_identity(standing) for standing in state.standing}
    names_now = {name for _, name in keys_now}
    began = [
        Change(now, _message(standing, "began"), state.id, standing.verdict)
        for standing in state.standing
        if _identity(standing) not in keys_before
    ]
    ended = [
        Change(now, _message(standing, "ended"), state.id)
        for standing in before
        # An alert that is silenced now has not ended, nor has one whose silence did.
        if _identity(standing) not in keys_now and _identity(standing)[1] not in names_now
    ]
    return [*ended, *began]


def _identity(standing: Standing) -> tuple[str, str]:
    return standing.kind, str(sorted(standing.name.values.items()))


def _message(standing: Standing, how: Literal["began", "ended"]) -> Message:
    return say(f"changes.{standing.kind}_{how}", name=standing.name)
