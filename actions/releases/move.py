"""From the release that runs to another: which parts that has, in which order, and what is shown of it beforehand.

The order follows from what holds in between. Code that knows nothing of an additive revision runs on it, so that the schema
goes up before the image and need not go down at all. Where the old code can't use the schema, it comes down first: a release
that can't use it would never answer, and a downgrade that fails leaves everything as it was. Blue-green has the new release
stand in the idle slot before either, so that only the switch is left.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from actions.migrations import planned_downgrade, planned_upgrade
from actions.migrations.planned_downgrade import Downgrade
from actions.migrations.planned_upgrade import Upgrade
from actions.migrations.snapshot import list_snapshots
from actions.model import Draft, Fact
from actions.release_settings import release_server
from actions.releases.fit import SchemaFit
from actions.releases.gates import gate_command
from actions.releases.look import command_of
from actions.releases.model import in_slot
from actions.releases.probe import can_ask
from actions.step import Step
from core.message import say

if TYPE_CHECKING:
    from actions.capabilities import Command
    from actions.model import Context, Undo
    from actions.releases.fit import Fitting
    from actions.releases.look import Standing
    from actions.releases.scripts import KnownScripts
    from core.message import Message


class Part(StrEnum):
    """One part of a move; each is verified before the next begins."""

    GATES = "gates"
    STAGE = "stage"  # into the slot that no request reaches
    SCHEMA_UP = "schema_up"
    RESTORE = "restore"  # rows that a downgrade kept aside
    SCHEMA_DOWN = "schema_down"
    ROLL = "roll"  # takes the place of what runs
    SWITCH = "switch"  # requests to the other slot


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """What shall be done. `slot` is empty where the release rolls; `handle` is how the adapter calls it, to go back to.

    `instances` are those that are replaced one after the other; there are none where the tool itself rolls.
    `scripts` are those by which the schema moves, `goal` the revision to which it goes down.
    """

    version: str
    parts: tuple[Part, ...]
    fitting: Fitting
    slot: str = ""
    instances: tuple[str, ...] = ()
    handle: str = ""
    scripts: KnownScripts | None = None
    goal: str = ""
    tables: tuple[str, ...] = ()
    snapshots: tuple[str, ...] = ()
    blockers: tuple[Message, ...] = ()
    warnings: tuple[Message, ...] = ()

    @property
    def moves_traffic(self) -> bool:
        """Whether users' requests reach another release afterwards."""
        return Part.ROLL in self.parts or Part.SWITCH in self.parts

    @property
    def is_well_in_slot(self) -> bool:
        """Whether the release can be well as soon as it stands in its slot, or waits for its schema."""
        staged = self.parts.index(Part.STAGE) if Part.STAGE in self.parts else len(self.parts)
        return self.fitting.works or Part.SCHEMA_UP in self.parts[:staged]


def to_replace(version: str, standing: Standing) -> tuple[str, ...]:
    """The instances that do not say that they are this release, and well; all of them where only others say so."""
    answers = standing.instances
    return tuple(name for name, each in answers.items() if not each.is_release(version)) or tuple(answers)


def commands(move: Move, part: Part, standing: Standing, instance: str = "") -> tuple[Command, ...]:
    """The programs of a part, exactly as they are run; while instances roll, those of one of them."""
    context, adapter = standing.context, standing.adapter
    values = {
        "version": move.version,
        "slot": move.slot,
        "instance": instance,
        "handle": move.handle,
    }
    goes_back = bool(move.handle and adapter.back)
    templates = {
        Part.STAGE: adapter.back if goes_back else adapter.deploy,
        Part.ROLL: adapter.back if goes_back else adapter.deploy,
        Part.SWITCH: adapter.switch,
    }.get(part, ())
    if part is Part.GATES:
        return tuple(gate_command(gate, move.version) for gate in context.releases.gates)
    timeout_s = context.releases.timeout_s
    return tuple(command_of(context, adapter, argv, values, timeout_s=timeout_s) for argv in templates)


def schema_context(context: Context, scripts: KnownScripts | None) -> Context:
    """The same, with the Alembic of the release whose revisions are meant, where it has one of its own here."""
    if scripts is None or scripts.postgres is None:
        return context
    return replace(context, signals=context.signals.model_copy(update={"postgres": scripts.postgres}))


def down_params(move: Move) -> Downgrade:
    """Of the downgrade that is a part of it."""
    return Downgrade(to=move.goal or "base", tables=move.tables)


def head_of(scripts: KnownScripts | None) -> Upgrade:
    """The upgrade to where a release's scripts end."""
    heads = scripts.heads if scripts else ()
    return Upgrade(to=heads[0] if len(heads) == 1 else "heads")


def draft(move: Move, standing: Standing, undo: Undo) -> Draft:
    """The plan: every command, statement and request in order, with what the schema's part says of itself."""
    context, blocked = standing.context, bool(move.blockers)
    schema = None if blocked else _schema_draft(move, context)
    steps: list[Step] = []
    for part in () if blocked else move.parts:
        steps += _steps(move, part, standing, schema)
    at = context.clock()
    warnings = list(move.warnings)
    if not can_ask(context) and move.moves_traffic:
        warnings.append(say("releases.nobody_asks"))
    if not standing.adapter.remembers and (Part.ROLL in move.parts or Part.STAGE in move.parts):
        warnings.append(say("releases.forgets", variable=context.releases.tag_variable))
    if Part.SCHEMA_UP in move.parts and not blocked and not move.snapshots:
        warnings += _rows_kept(move, context)
    return Draft(
        target=context.releases.name,
        steps=tuple(steps),
        effects=schema.effects if schema else (),
        facts=(
            _parts_fact(move, at),
            *standing_facts(standing, at, rows=schema is None),
            _fit_fact(move, at),
            *(schema.facts if schema else ()),
        ),
        blockers=(*move.blockers, *(schema.blockers if schema else ())),
        warnings=(*warnings, *(schema.warnings if schema else ())),
        locks=schema.locks if schema else (),
        undo=undo,
        is_destructive=Part.SCHEMA_DOWN in move.parts,
    )


def standing_facts(standing: Standing, at: float, *, rows: bool = True) -> tuple[Fact, ...]:
    """What every plan about releases rests on; without `rows` the plan of the schema says where that is."""
    facts = (
        Fact(
            label=say("releases.fact_live"),
            value=", ".join(f"{r.version} {r.slot}".strip() for r in standing.live) or None,
            at=at,
        ),
        Fact(label=say("releases.fact_answers"), value=standing.answers.version, at=at),
        Fact(
            label=say("releases.fact_rows"),
            value=None if standing.rows is None else ", ".join(standing.rows) or "–",
            at=at,
        ),
    )
    said = tuple(
        Fact(label=say("releases.fact_instance", instance=name), value=each.version, at=at)
        for name, each in standing.instances.items()
    )
    return (*(facts if rows else facts[:2]), *said)


def _parts_fact(move: Move, at: float) -> Fact:
    """What is done, in order; `planned_parts` reads it again when the run is verified."""
    label = say("releases.fact_parts", version=in_slot(move.version, move.slot))
    return Fact(
        label=label, value=" ".join(move.parts), at=at, kind="release parts", of=f"{move.version} {move.slot}"
    )


def _rows_kept(move: Move, context: Context) -> tuple[Message, ...]:
    """Which snapshots a downgrade from there left: whoever killed it took their names with it."""
    heads = set(move.scripts.heads) if move.scripts else set()
    with context.databases.connect() as connection:
        ids = [s.id for s in list_snapshots(connection) if heads & set(s.revision.split(", "))]
    return (say("releases.rows_kept", snapshots=",".join(ids)),) if ids else ()


def planned_parts(plan: Draft) -> tuple[str, str, tuple[Part, ...]]:
    """The release, its slot (empty where it rolls) and the parts of a plan that `draft` made."""
    (fact,) = plan.facts_of("release parts")
    version, _, slot = fact.of.partition(" ")
    return version, slot, tuple(Part(word) for word in str(fact.value).split())


def _fit_fact(move: Move, at: float) -> Fact:
    heads = ", ".join(move.fitting.heads)
    value = None if move.fitting.fit is SchemaFit.UNKNOWN else f"{move.fitting.fit.value} ({heads or '–'})"
    return Fact(label=say("releases.fact_fit", version=move.version), value=value, at=at, kind="schema fit")


def _schema_draft(move: Move, context: Context) -> Draft | None:
    within = schema_context(context, move.scripts)
    if Part.SCHEMA_DOWN in move.parts:
        return planned_downgrade.plan(down_params(move), within)
    if Part.SCHEMA_UP in move.parts:
        return planned_upgrade.plan(head_of(move.scripts), within)
    return None


def _steps(move: Move, part: Part, standing: Standing, schema: Draft | None) -> tuple[Step, ...]:
    context = standing.context
    if part in (Part.SCHEMA_DOWN, Part.SCHEMA_UP):
        return schema.steps if schema else ()
    title = say(f"releases.part_{part.value}", version=move.version, slot=move.slot)
    if part is Part.RESTORE:
        return tuple(
            Step(kind="sql", text=f"INSERT … ON CONFLICT DO NOTHING  -- {each}", title=title)
            for each in move.snapshots
        )
    if part is Part.ROLL and move.instances:
        steps = tuple(step for name in move.instances for step in _instance_steps(move, name, standing))
    else:
        steps = tuple(context.processes.step(each, title) for each in commands(move, part, standing))
    slot = move.slot if part is Part.STAGE else ""
    if part is Part.GATES or not can_ask(context, slot):
        return steps
    place = context.http.place(release_server(slot))
    asked = Step(
        kind="http",
        text=f"GET {place} → {move.version}",
        title=say("releases.step_asked_slot", slot=slot) if slot else say("releases.step_asked"),
    )
    return (*steps, asked)


def _instance_steps(move: Move, name: str, standing: Standing) -> tuple[Step, ...]:
    """What is run for one instance, and what it is asked before the next is touched."""
    context = standing.context
    title = say("releases.part_instance", version=move.version, instance=name)
    instance = context.releases.instance(name)
    if instance.conf:
        asked = Step(kind="control", text=f"inspect conf → {name}: {instance.conf} = {move.version}")
    else:
        asked = Step(kind="http", text=f"GET {context.http.place(release_server(name))} → {move.version}")
    run = (context.processes.step(each, title) for each in commands(move, Part.ROLL, standing, name))
    return (*run, replace(asked, title=say("releases.step_instance", instance=name)))
