"""Plans and runs in words, line by line: what a person confirms is exactly what is run."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from core.message import say
from core.text import clean, clean_block
from core.units import quantity

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from actions.model import AnyAction, Fact, Plan
    from actions.step import Step
    from core.message import Message
    from incidents.events.run import Run
    from tui.i18n import Language


LONG_NAME = 24
"""Characters from which on a dotted name is shown by its last part."""


def plan_lines(plan: Plan, action: AnyAction, words: Language) -> Iterator[str]:
    """The whole plan."""
    danger = words.text(f"run.danger_{plan.danger}")
    yield f"{plan.action}  {danger}  {words.say(action.title)}"
    yield _field("target", plan.target, words)
    if plan.resource:
        yield _field("resource", plan.resource, words)
    for name, value in plan.params.items():
        yield f"  {name} = {clean(value, 4000)}"
    yield from _work_lines(plan, words)
    if plan.lasts_s:
        yield _field("lasts", words.say(quantity(plan.lasts_s, "s")), words)
    undo = words.say(plan.undo.text)
    if plan.undo.call is not None:
        undo = f"{undo}  ({call_text(plan.undo.call.id, plan.undo.call.params)})"
    yield _field("undo", clean(undo, 1000), words)
    yield _field("digest", plan.digest[:16], words)


def _work_lines(plan: Plan, words: Language) -> Iterator[str]:
    for number, step in enumerate(plan.steps, 1):
        yield from _step_lines(number, step, words)
    for name, facts in (("effect", plan.effects), ("fact", plan.facts)):
        for fact in facts:
            yield _field(name, words.say(fact_text(fact)), words)
    for lock in plan.locks:
        yield _field("lock", clean(lock), words)
    for name, messages in (("warning", plan.warnings), ("blocker", plan.blockers)):
        for message in messages:
            yield _field(name, words.say(message), words)


def call_text(action: str, params: Mapping[str, str]) -> str:
    """`queue.hold queue=matches`, in one line."""
    given = " ".join(f"{name}={value}" for name, value in params.items() if value)
    return clean(f"{action} {given}".rstrip(), 1000)


def short_call(action: str, params: Mapping[str, str]) -> str:
    """The same where there is little room: of a long dotted name, the end is what tells it from others."""
    return call_text(action, {name: _shortened(value) for name, value in params.items()})


def _shortened(value: str) -> str:
    last = value.rpartition(".")[2]
    return f"…{last}" if len(value) > LONG_NAME and 0 < len(last) < len(value) else value


def fact_text(fact: Fact) -> Message:
    """The label and the value; what is not known says so."""
    if fact.value is None:
        return say("run.fact_unknown", label=fact.label)
    value: Message | str = (
        clean(fact.value) if isinstance(fact.value, str) else quantity(fact.value, fact.unit)
    )
    return say("run.fact_is", label=fact.label, value=value)


def _step_lines(number: int, step: Step, words: Language) -> Iterator[str]:
    title = f"  {words.say(step.title)}" if step.title else ""
    text = shlex.join(step.argv) if step.argv else step.text
    first, *more = clean_block(text, 20_000).splitlines() or [""]
    yield f"  {number} {step.kind}{title}  {first}"
    yield from (f"    {line}" for line in more)
    if step.kind in ("process", "shell"):
        environment = " ".join(f"{name}={value}" for name, value in step.environment)
        yield f"    {words.text('run.in_folder', folder=clean(step.cwd, 400), environment=clean(environment, 1000))}"


def _field(name: str, value: str, words: Language) -> str:
    return f"  {words.text(f'run.{name}')}: {value}"


def run_line(label: str, run: Run, words: Language) -> str:
    """One line of a list of runs."""
    at = run.planned_at.strftime("%m-%d %H:%M:%SZ")
    state = words.say(run_state(run))
    return (
        clean(f"{label:<8} {at}  {run.planned_by}  {call_text(run.action, run.params)}", 300) + f"  {state}"
    )


def run_state(run: Run) -> Message:
    """How it stands; done and not verified is not done."""
    state = say(f"run.state_{run.state}")
    if run.state == "finished":
        verified = {True: "run.state_verified", False: "run.state_not_verified", None: "run.state_unchecked"}
        state = say("run.state_unknown" if run.is_unknown else verified[run.verified])
    if run.said is not None and run.state != "cancelled":  # which says it already
        return say("run.state_said", state=state, said=run.said.message)
    return state
