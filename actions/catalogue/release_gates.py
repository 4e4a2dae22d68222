"""Runs the gates before a release: types, tests, audit, as configured; all green, or each red one named."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from actions.errors import ActionRefused
from actions.fits import Fit
from actions.model import Action, Draft, Outcome, Verification
from actions.parameters import Names, Parameters
from actions.releases.gates import gate_command, gate_line, run_gates
from actions.releases.model import VERSION
from core.message import say

if TYPE_CHECKING:
    from actions.model import Context, Plan
    from actions.release_settings import ReleaseGate
    from core.message import Message


class Gates(Parameters):
    """Of which release, for gates that look at one; which gates, all unless named."""

    version: Annotated[str, Field(pattern=rf"{VERSION}|^$")] = ""
    only: Names = ()


def plan(params: Gates, context: Context) -> Draft:
    """Each command as it is run."""
    gates = _chosen(params, context)
    return Draft(
        target=context.releases.name,
        steps=tuple(
            context.processes.step(
                gate_command(gate, params.version),
                say("releases.gate_step", id=gate.id, seconds=gate.timeout_s),
            )
            for gate in gates
        ),
        blockers=_blockers(params, gates, context),
    )


def run(params: Gates, _: Plan, context: Context) -> Outcome:
    """All of them; each red one counts as a finding."""
    results = run_gates(_chosen(params, context), params.version, context)
    red = [each for each in results if not each.is_green]
    if not red:
        text = say(
            "releases.gates_green", count=len(results), seconds=round(sum(r.seconds for r in results), 1)
        )
    else:
        names = ", ".join(each.id for each in red)
        text = say(
            "releases.gates_red_named", count=len(red), all=len(results), names=names, first=gate_line(red[0])
        )
    return Outcome(text=text, findings=len(red), document={"gates": [each.document() for each in results]})


def verify(_: Gates, __: Plan, ___: Context) -> tuple[Verification, ...]:
    """A gate looks; its result is the run's."""
    return ()


def _chosen(params: Gates, context: Context) -> tuple[ReleaseGate, ...]:
    gates = context.releases.gates
    if not gates:
        raise ActionRefused(say("actions.not_configured", section="releases.gates"))
    return tuple(gate for gate in gates if not params.only or gate.id in params.only)


def _blockers(params: Gates, gates: tuple[ReleaseGate, ...], context: Context) -> tuple[Message, ...]:
    known = {gate.id for gate in context.releases.gates}
    unknown = [name for name in params.only if name not in known]
    if unknown:
        return (say("releases.no_gate", id=unknown[0], known=", ".join(sorted(known))),)
    if not params.version and (of_release := [gate.id for gate in gates if gate.needs_version]):
        return (say("releases.gate_needs_version", id=of_release[0]),)
    return ()


ACTION = Action(
    id="release.gates",
    title=say("actions_catalogue.release_gates"),
    why=say("actions_catalogue.release_gates_why"),
    danger="observe",
    parameters=Gates,
    plan=plan,
    run=run,
    verify=verify,
    timeout_s=4 * 3600.0,
    fits=(Fit("release", 4),),
    needs=("releases.gates",),
)
