"""A plan as a person reads it before they say yes: what speaks against it first, then what would be done, exactly as it is."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from rich.cells import cell_len
from rich.text import Text

from core.text import clean, clean_block
from core.units import duration, quantity
from tui.actions.draw.fold import fold
from tui.actions.draw.sql import highlight_sql
from tui.actions.words import call_text, fact_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from actions.model import Fact, Plan
    from actions.step import Step
    from core.message import Message
    from response.run_guard import Need
    from tui.i18n import Language

Part: TypeAlias = tuple[Text, Text]
"""A label and what stands beside it."""
LABEL_WIDTH = 12
MAX_STEP_TEXT = 20_000
OLD_FACT_S = 30.0
"""A fact that was measured longer ago says so loudly."""


class Around(NamedTuple):
    """What is known beside the plan: what it needs of people, who has the resource, the incident."""

    needs: tuple[Need, ...] = ()
    holder: Message | None = None
    incident: str = ""
    ends_by_itself: bool = False
    planned_by: str = ""


def plan_lines(plan: Plan, around: Around, words: Language, width: int, now: float) -> list[Text]:
    """All of it, broken where the screen ends."""
    lines: list[Text] = []
    for label, text in _parts(plan, around, words, now):
        lines += _field(label, text, width)
    return lines


def _parts(plan: Plan, around: Around, words: Language, now: float) -> Iterator[Part]:
    yield from _against(plan, around, words)
    yield from _about(plan, around, words)
    for number, step in enumerate(plan.steps, 1):
        yield from _step(number, step, words)
    if not plan.steps:
        yield Text(words.text("act.steps"), "quiet"), Text(words.text("act.no_step"))
    for fact in plan.effects:
        yield Text(words.text("act.effect"), "warn"), _fact(fact, words, now)
    yield from _afterwards(plan, around, words)
    for lock in plan.locks:
        yield Text(words.text("act.lock"), "warn"), Text(clean(lock, 1000))
    for warning in plan.warnings:
        yield Text(words.text("act.note"), "warn"), Text(words.say(warning))
    for fact in plan.facts:
        yield Text(words.text("act.fact"), "quiet"), _fact(fact, words, now)
    yield Text(words.text("act.digest"), "quiet"), Text(plan.digest[:16], "quiet")


def _against(plan: Plan, around: Around, words: Language) -> Iterator[Part]:
    for blocker in plan.blockers:
        yield Text(words.text("act.blocked"), "burning"), Text(words.say(blocker), "burning")
    if around.holder is not None:
        yield Text(words.text("act.held"), "burning"), Text(words.say(around.holder), "burning")


def _about(plan: Plan, around: Around, words: Language) -> Iterator[Part]:
    target = Text(plan.target, "title")
    if plan.resource and plan.resource != plan.target:
        target.append(f"   {words.text('act.resource')} {plan.resource}", "quiet")
    if around.incident:
        target.append(f"   {words.text('act.inside', label=around.incident)}", "quiet")
    yield Text(words.text("act.target"), "quiet"), target
    for name, value in plan.params.items():
        if not value or value == plan.target:
            continue
        yield Text(name, "quiet"), Text(clean(value, 4000))
    if around.planned_by:
        yield Text(words.text("act.agreed"), "quiet"), Text(around.planned_by)
    for need in around.needs:
        mark = Text("✔ " if need.is_met else "☐ ", "ok" if need.is_met else "warn")
        yield Text(words.text("act.needs"), "quiet"), mark.append(words.say(need.text), "")


def _afterwards(plan: Plan, around: Around, words: Language) -> Iterator[Part]:
    """How long it lasts, and how it is taken back."""
    if plan.lasts_s:
        key = "act.lasts_itself" if around.ends_by_itself else "act.lasts"
        lasts = words.text(key, time=words.say(duration(plan.lasts_s)))
        yield Text(words.text("act.in_force"), "quiet"), Text(lasts)
    call, undo_text = plan.undo.call, clean(words.say(plan.undo.text), 1000)
    undo = Text(undo_text)
    if call is not None:
        undo = Text(call_text(call.id, call.params), "key").append(f"  {undo_text}", "quiet")
    yield Text(words.text("act.undo"), "ok" if call else "quiet"), undo


def _step(number: int, step: Step, words: Language) -> Iterator[Part]:
    raw = shlex.join(step.argv) if step.argv else step.text
    text = clean_block(raw, MAX_STEP_TEXT)
    body = highlight_sql(text) if step.kind == "sql" else Text(text)
    if step.title:
        body = Text(words.say(step.title), "quiet").append("  ").append_text(body)
    yield Text(f"{number} {step.kind}", "key"), body
    if step.kind in ("process", "shell"):
        environment = " ".join(f"{name}={value}" for name, value in step.environment)
        given = words.text("run.in_folder", folder=clean(step.cwd, 400), environment=clean(environment, 1000))
        yield Text(""), Text(given.rstrip(), "quiet")


def _fact(fact: Fact, words: Language, now: float) -> Text:
    """The value with its age; what is not known is no calm value."""
    age = max(0.0, now - fact.at)
    text = Text(words.say(fact_text(fact)), "unknown" if fact.value is None else "")
    text.append("  ")
    return text.append(words.say(quantity(round(age), "s")), "stale" if age > OLD_FACT_S else "quiet")


def _field(label: Text, text: Text, width: int) -> list[Text]:
    """The label, then the text beside it, all of it, with its own line ends."""
    from panels.draw.text import cut

    indent = LABEL_WIDTH + 2
    wide = max(10, width - indent - 1)
    head = Text(" ").append(cut(label.plain, LABEL_WIDTH), label.style).append(" ")
    if cell_len(label.plain) > LABEL_WIDTH:
        head = Text(" ").append(label.plain, label.style).append(" ")
    lines: list[Text] = []
    for line in text.split("\n", allow_blank=True):
        lines += fold(line, wide) or [Text()]
    first, *more = lines or [Text()]
    pad = " " * indent
    if head.cell_len > indent:  # a long name stands alone
        return [head, *(Text(pad).append_text(line) for line in lines)]
    return [head.append_text(first), *(Text(pad).append_text(line) for line in more)]
