"""From a plan that a person sees to a run: shown, confirmed as its danger asks for, begun, followed."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.message import say
from response.decision import Refused
from response.run_guard import NEEDED, Confirmation, Wish, may_plan
from response.runs import Prepared, begin, beside_open_incidents
from tui.actions.words import plan_lines
from tui.cli.actions.follow import follow_run
from tui.cli.incident.submit import YES, NotAllowed
from tui.runtime.exit import ExitCode
from tui.runtime.output import is_terminal, write_notice

if TYPE_CHECKING:
    from uuid import UUID

    from response.situation import Situation
    from tui.cli.actions.desk import Desk
    from tui.cli.command import Invocation


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """What the command line says about a run that is to be begun."""

    yes: bool = False
    typed: str = ""
    detach: bool = False
    read_only: bool = False
    situation: Situation | None = None
    runbook: str = ""
    step: str = ""
    undoes: UUID | None = None


def start_run(desk: Desk, prepared: Prepared, how: Start) -> ExitCode:
    """Raises `NotAllowed` where the guard refuses it, and what `begin` raises."""
    journal, settings, invocation = desk.journal, desk.settings, desk.invocation
    plan = prepared.plan
    wish = Wish(
        plan=plan,
        identity=desk.identity,
        situation=how.situation,
        runbook=how.runbook,
        step=how.step,
        undoes=how.undoes,
    )
    wish = beside_open_incidents(journal, settings, wish)
    decision = may_plan(wish, settings.actions, read_only=how.read_only)
    if isinstance(decision, Refused):
        raise NotAllowed(decision.message)
    confirmation = _confirm(prepared, how, invocation)
    begun = begin(journal, settings, prepared, wish, confirmation, read_only=how.read_only)
    if isinstance(begun, Refused):
        raise NotAllowed(begun.message)
    label = journal.run_label(begun.run)
    if isinstance(begun.waits, Refused):
        invocation.print_line(label)
        raise NotAllowed(say("run.waits", run=label, why=begun.waits.message))
    if how.detach:
        if invocation.json:
            invocation.print_json({"run": label, "uuid": str(begun.run), "digest": plan.digest})
        else:
            invocation.print_line(label)
        return ExitCode.OK
    invocation.print_notice(say("run.begun", run=label))
    return follow_run(journal, settings, begun.run, invocation)


def _confirm(prepared: Prepared, how: Start, invocation: Invocation) -> Confirmation:
    """What was said on the command line; else a person at a terminal is shown the plan and asked."""
    needed = NEEDED[prepared.plan.danger]
    given = Confirmation(yes=how.yes, typed=how.typed)
    settled = needed == "nothing" or (needed == "yes" and given.yes) or bool(given.typed)
    if settled or not (is_terminal(sys.stdin) and is_terminal(sys.stderr)):
        return given
    for line in plan_lines(prepared.plan, prepared.action, invocation.words):
        write_notice(line + "\n")
    if needed == "yes":
        write_notice(invocation.words.text("run.ask_yes") + " ")
        return Confirmation(yes=sys.stdin.readline().strip().lower() in YES)
    write_notice(invocation.words.text("run.ask_target", target=prepared.plan.target) + " ")
    return Confirmation(typed=sys.stdin.readline().rstrip("\n"))
