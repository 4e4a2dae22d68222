"""Makes an empty revision on the newest one, by the project's own Alembic and template."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from actions.fits import Fit
from actions.migrations.plans import state_facts
from actions.migrations.project import run_alembic
from actions.migrations.state import read_state
from actions.model import Action, Draft, Fact, Outcome, Undo, Verification
from actions.parameters import Name, Parameters
from core.message import say

if TYPE_CHECKING:
    from actions.capabilities import Command
    from actions.migrations.state import State
    from actions.model import Context, Plan


class New(Parameters):
    """What it is for, and the head that it is put on where there are several."""

    message: Annotated[Name, Field(max_length=120)]
    head: Name = "head"


def _command(params: New, state: State) -> Command:
    return state.project.call("revision", "--head", params.head, "-m", params.message)


def plan(params: New, context: Context) -> Draft:
    """The command, and on which head it builds."""
    state, at = read_state(context), context.clock()
    several = params.head == "head" and len(state.scripts.heads) > 1
    known = Fact(
        label=say("migrations.fact_known"),
        value=len(state.scripts.known),
        unit="count",
        at=at,
        kind="known revisions",
    )
    return Draft(
        target=str(state.project.ini),
        steps=(context.processes.step(_command(params, state)),),
        facts=(*state_facts(state, at), known),
        blockers=(say("migrations.blocked_heads", heads=", ".join(state.scripts.heads)),) if several else (),
        undo=Undo(say("migrations.undo_new")),
    )


def run(params: New, _: Plan, context: Context) -> Outcome:
    """Let Alembic write the file."""
    before = read_state(context).scripts.known
    run_alembic(context.processes, _command(params, read_state(context)))
    scripts = read_state(context).scripts
    made = sorted(scripts.known - before)
    for each in made:
        context.print_line(scripts.revisions[each].file)
    return Outcome(text=say("migrations.made", revisions=", ".join(made) or "–"))


def verify(_: New, plan: Plan, context: Context) -> tuple[Verification, ...]:
    """There is one revision more."""
    (known,) = plan.facts_of("known revisions")
    now = len(read_state(context).scripts.known)
    return (Verification(say("migrations.known", count=now), now == int(known.value or 0) + 1),)


ACTION = Action(
    id="migrate.new",
    title=say("actions_catalogue.migrate_new"),
    why=say("actions_catalogue.migrate_new_why"),
    danger="mitigate",
    parameters=New,
    resource=lambda _: "database/scripts",
    plan=plan,
    run=run,
    verify=verify,
    timeout_s=300.0,
    fits=(Fit("schema", 7),),
)
