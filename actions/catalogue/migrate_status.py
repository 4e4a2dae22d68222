"""Says where the database stands against its migration scripts, what is pending, and what is wrong with the way out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actions.fits import Fit
from actions.migrations.errors import NotRendered
from actions.migrations.plans import in_the_way, locks_of, state_facts, tables_of, target_of
from actions.migrations.state import half_applied, read_state, render_pending, wrong_with
from actions.model import Action, Draft, Fact, Outcome, Verification
from actions.parameters import Parameters
from core.message import say

if TYPE_CHECKING:
    from actions.model import Context, Plan


class Nothing(Parameters):
    """It needs no parameter."""


def plan(_: Nothing, context: Context) -> Draft:
    """The state itself: looking is all that there is to do."""
    state, at = read_state(context), context.clock()
    warnings = list(wrong_with(state))
    locks: tuple[str, ...] = ()
    if state.pending:
        try:
            steps = render_pending(state, "heads" if len(state.scripts.heads) > 1 else "head")
        except NotRendered as error:
            warnings.append(error.message)
        else:
            locks = locks_of(steps)
            warnings += in_the_way(context, tables_of(steps, state), writing=False)
            with context.databases.connect() as connection:
                half = half_applied(connection, state, steps)
            warnings += [half] if half else []
    pending = tuple(
        Fact(label=say("migrations.fact_pending", revision=each.id), value=each.message or "–", at=at)
        for each in state.pending
    )
    snapshots = tuple(
        Fact(
            label=say("migrations.fact_snapshot", id=each.id, table=each.table, revision=each.revision),
            value=each.rows,
            unit="count",
            at=each.taken_at.timestamp(),
        )
        for each in state.snapshots
    )
    return Draft(
        target=target_of(context, state),
        steps=(),
        facts=(*state_facts(state, at), *pending, *snapshots),
        locks=locks,
        warnings=tuple(warnings),
    )


def run(_: Nothing, plan: Plan, context: Context) -> Outcome:
    """What the plan says, as lines."""
    state = read_state(context)
    for each in state.pending:
        context.print_line(f"{each.id}  {each.message}")
    for snapshot in state.snapshots:
        age_h = (context.clock() - snapshot.taken_at.timestamp()) / 3600
        context.print_line(
            f"{snapshot.id}  {snapshot.table}  {snapshot.rows} rows  {snapshot.revision}  {age_h:.1f} h"
        )
    count = len(state.pending) + len(plan.warnings)
    text = say(
        "migrations.state",
        rows=", ".join(state.rows) or "–",
        heads=", ".join(state.scripts.heads),
        count=len(state.pending),
    )
    return Outcome(text=text, findings=count)


def verify(_: Nothing, __: Plan, ___: Context) -> tuple[Verification, ...]:
    """Looking changes nothing that could be looked at again."""
    return ()


ACTION = Action(
    id="migrate.status",
    title=say("actions_catalogue.migrate_status"),
    why=say("actions_catalogue.migrate_status_why"),
    danger="observe",
    parameters=Nothing,
    plan=plan,
    run=run,
    verify=verify,
    timeout_s=300.0,
    fits=(Fit("schema", 1), Fit("release", 3)),
    needs=("signals.postgres",),
)
