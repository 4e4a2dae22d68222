"""What an action is, what it plans, and what it did.

An `Action` is data with a few functions, all of them plain and blocking: they run in the runner's own process, or in a
thread of whoever wants to see the plan. They reach the world through the `Context` that they are given and through nothing
else, so that a plan can be made, compared and shown without a terminal.

A function that can't know something says so: a fact whose value is None, a blocker, a `SourceError`. It never guesses.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping  # noqa: TC003  # pydantic reads the annotations at run time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeAlias

from actions.parameters import P
from actions.step import Step, Text, message_to_json  # pydantic reads the annotations at run time
from core.message import Message, say

if TYPE_CHECKING:
    from pathlib import Path

    from actions.capabilities import Databases, Files, HttpServers, Processes, RedisServers, Workers
    from actions.fits import ConfigSection, Fit
    from actions.release_settings import ReleasesSettings
    from actions.settings import ActionsSettings
    from incidents.events.audit_body import AuditItem
    from incidents.events.run_body import Restarted
    from signals.settings import SignalsSettings

Danger: TypeAlias = Literal["observe", "mitigate", "destructive"]
"""observe: only looks · mitigate: changes the world, loses nothing · destructive: may lose something for good."""
DEFAULT_LASTS_S = 4 * 3600.0
"""How long a mitigation stays in force unless another time is asked for."""
FactKind: TypeAlias = Literal[
    "data digest", "goal", "known revisions", "process id", "release parts", "schema fit", "value before"
]
"""What of a plan `run` and `verify` read again."""
MAX_LASTS_S = 31 * 86_400.0
"""Nothing may stay in force longer: so far back is looked for what is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """Something that was measured for the plan, at `at` (Unix seconds); a value of None is not known.

    It belongs to what is confirmed: a later plan must have the same value, or for a number one that differs by at most
    `tolerance` (in its own unit). With `may_fall` any smaller number will do, too: less is lost than was confirmed.
    The label is for people; code that reads a fact again finds it by its `kind`, and by what it is a fact `of` (a worker, a key).
    """

    label: Text
    value: str | float | int | None
    unit: str = "none"
    at: float
    tolerance: float = 0.0
    may_fall: bool = False
    kind: FactKind | None = None
    of: str = ""


@dataclass(frozen=True, slots=True)
class ActionCall:
    """An action with its parameters as text."""

    id: str
    params: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Undo:
    """How it is taken back: in words, and by a call where a machine can do it."""

    text: Text
    call: ActionCall | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What an action's `plan` says.

    `target` names what is changed; a destructive action is confirmed by typing it. `effects` are what will be different and
    for how many, `facts` what else the plan rests on. While there is a blocker the action is not run; warnings are shown.
    `is_destructive` says that this plan may lose something for good, although its action is milder as a rule.
    """

    target: str
    steps: tuple[Step, ...]
    effects: tuple[Fact, ...] = ()
    facts: tuple[Fact, ...] = ()
    blockers: tuple[Text, ...] = ()
    warnings: tuple[Text, ...] = ()
    locks: tuple[str, ...] = ()
    undo: Undo = Undo(say("actions.undo_none"))
    is_destructive: bool = False

    def facts_of(self, kind: FactKind) -> tuple[Fact, ...]:
        """Those of one kind, effects among them, in their order."""
        return tuple(fact for fact in (*self.effects, *self.facts) if fact.kind == kind)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan(Draft):
    """What would be done now, complete. `lasts_s` is how long it stays in force, 0 for what is over when it is done."""

    action: str
    danger: Danger
    params: Mapping[str, str]
    resource: str
    lasts_s: float = 0.0
    made_at: float

    @property
    def digest(self) -> str:
        """SHA-256 over everything that matters: all but when things were measured, and warnings."""
        fields: list[object] = [
            self.action,
            self.danger,
            dict(self.params),
            self.target,
            self.resource,
            [[s.kind, s.text, s.argv, s.cwd, s.environment] for s in self.steps],
            [
                [message_to_json(fact.label), fact.value, fact.unit, fact.kind, fact.of]
                for fact in (*self.effects, *self.facts)
            ],
            [message_to_json(blocker) for blocker in self.blockers],
            self.locks,
            message_to_json(self.undo.text),
            [self.undo.call.id, dict(self.undo.call.params)] if self.undo.call else None,
            self.lasts_s,
        ]
        return hashlib.sha256(json.dumps(fields, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Verification:
    """One thing that was looked at after the work. `ok` is None where nobody can tell, which is no pass."""

    text: Text
    ok: bool | None
    restarted: Restarted | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a run achieved. `undo` replaces that of the plan where only the run could know it (the id of a silence)."""

    text: Text
    undo: Undo | None = None
    findings: int = 0
    """What an observing action found; any makes the exit code 1."""
    is_lasting: bool = True
    """False: nothing is in force any more, although the action can last (a return that reached its end)."""
    document: Mapping[str, object] | None = None
    """The same for programs: kept beside the output on the run's host, and printed by `--json`. Never a secret."""
    serves: str = ""
    """The release that users reach from now on; empty where the run changed nothing of that."""
    items: tuple[AuditItem, ...] = ()
    """What is to be worked off one by one: rows of the incident that the run belongs to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What an action's functions are given: the configuration, and what they may reach.

    `print_line` takes one line of output: it is cleaned, secrets are taken out of it, and whoever watches sees it at once.
    `folder` is a private folder of ours for what must be kept (snapshots, saved copies). `is_cancelled` says whether
    somebody wants the run to end: a long loop asks it between two of its pieces. `hide` is told every secret that a run learns,
    and takes it out of all that is printed and kept from then on. `memory` is what `run` leaves for `verify`, in this process
    and nowhere else. `allow_chaos` says that faults may be injected although this is production.
    """

    signals: SignalsSettings
    settings: ActionsSettings
    releases: ReleasesSettings
    service: str
    environment: str
    actor: str
    folder: Path
    processes: Processes
    databases: Databases
    redis: RedisServers
    workers: Workers
    http: HttpServers
    files: Files
    print_line: Callable[[str], None]
    is_cancelled: Callable[[], bool]
    clock: Callable[[], float]
    hide: Callable[[str], None]
    allow_chaos: bool = False
    memory: dict[str, object] = field(default_factory=dict, repr=False)


def _nothing_else(*_: object) -> tuple[tuple[str, str], ...]:
    return ()


def _nothing(*_: object) -> tuple[Message, ...]:
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Action(Generic[P]):
    """Something that can be done. `title` says what in a few words, `why` when it helps and what it costs.

    `resource` names what a run needs for itself alone (empty: nothing). `preflight` says what speaks against it before
    anything is planned. `plan` looks at the world and changes nothing. `run` does what the plan says and raises
    `ActionFailed` where it could not; `verify` looks at the world again. `lasts_s` is how long the effect stays in force
    by default, 0 for an action that is over when it is done, and `ends_by_itself` says that nobody has to end it then; `keep` applies one in force again, to what has (re)started,
    and says what it did. `takes_over` names, by action and resource, what an earlier run has in force and this one decides
    from now on: it is not kept any more (a release ends a hold). `fits` says where it is offered, `needs` which sections of
    the configuration it can't do without, `undone_by` names the action that takes it back as a rule: the plan says it exactly.
    """

    id: str
    title: Message
    why: Message
    danger: Danger
    parameters: type[P]
    plan: Callable[[P, Context], Draft]
    run: Callable[[P, Plan, Context], Outcome]
    verify: Callable[[P, Plan, Context], tuple[Verification, ...]]
    resource: Callable[[P], str] = lambda _: ""
    preflight: Callable[[P, Context], tuple[Message, ...]] = _nothing
    keep: Callable[[P, Plan, Context], tuple[Message, ...]] | None = None
    takes_over: Callable[[P, ActionsSettings], tuple[tuple[str, str], ...]] = _nothing_else
    lasts_s: float = 0.0
    ends_by_itself: bool = False
    timeout_s: float = 600.0
    fits: tuple[Fit, ...] = ()
    needs: tuple[ConfigSection, ...] = ()
    undone_by: str = ""


AnyAction: TypeAlias = Action[Any]
