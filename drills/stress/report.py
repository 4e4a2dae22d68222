"""A stress test told as Markdown with charts beside it: what it could bear, a table of the steps, what held it up.

Made from the result alone. What was not measured is a question mark, and never a zero.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, NamedTuple

from core.message import Message, say
from drills.stress.judge import highest_steady
from incidents.events.body import Curve, EvidencePinned
from incidents.report.svg import draw_svg
from incidents.report.timeline import escape

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from drills.stress.model import StepResult, StressResult

    Say = Callable[[Message], str]

UNKNOWN = "?"
CHARTS = (("waiting", "count"), ("p95_s", "s"))
"""Which values of the samples are drawn, and their units."""


class StressReport(NamedTuple):
    """The page, and its charts by file name."""

    markdown: str
    charts: dict[str, str]


def stress_report(result: StressResult, words: Say) -> StressReport:
    """In the language of `words`."""
    charts = {
        f"stress-{name.removesuffix('_s')}.svg": picture
        for name, unit in CHARTS
        if (picture := _chart(result, name, unit, words)) is not None
    }
    lines = [
        f"# {words(say('stress.report_title'))}\n",
        words(say("stress.report_head", target=result.target, at=result.at)) + "\n",
        words(conclusion(result)) + "\n",
        *(words(each) + "\n" for each in endings(result)),
        *step_table(result, words),
        "",
        *(f"- {words(each)}" for each in findings(result)),
        "",
        *(f"![{escape(words(say(f'stress.chart_{name[7:-4]}')))}]({name})\n" for name in charts),
    ]
    return StressReport("\n".join(lines).rstrip() + "\n", charts)


def conclusion(result: StressResult) -> Message:
    """The highest rate that it bore, and what broke first."""
    best, broken = highest_steady(result.steps), first_broken(result)
    missed: Message | str = ""
    if broken is not None and broken.violations:
        first = broken.violations[0]
        missed = say(
            "stress.first_missed",
            rate=f"{broken.step.per_s:g}",
            objective=say(f"stress.objective_{first.objective}"),
            value=round(first.value, 3),
            at=round(first.at_s),
        )
    if best is None:
        return say("stress.none_steady", missed=missed)
    key = "highest_partly" if any(_unmeasured(best)) else "highest"
    return say(f"stress.{key}", rate=f"{best.step.per_s:g}", missed=missed)


def _unmeasured(step: StepResult) -> Iterator[str]:
    """The objectives of which nobody knows whether it met them."""
    for objective, name in (("p95", "p95_s"), ("limited", "limited"), ("errors", "errors")):
        if step.last(name) is None:
            yield objective


def first_broken(result: StressResult) -> StepResult | None:
    """The first step that missed an objective."""
    return next((each for each in result.steps if each.violations), None)


def endings(result: StressResult) -> Iterator[Message]:
    """What is not known of the highest rate that it bore, why it ended before its end, and what it has left behind."""
    best = highest_steady(result.steps)
    if best is not None:
        for objective in _unmeasured(best):
            what = say(f"stress.objective_{objective}")
            yield say("stress.unmeasured", rate=f"{best.step.per_s:g}", objective=what)
    if result.ended:
        why = Message(result.ended, result.values)
        yield say("stress.ended_early", why=why, done=len(result.steps), planned=result.planned)
    if result.left_waiting is None:
        yield say("stress.left_unknown")
    elif result.left_waiting:
        yield say("stress.left", waiting=result.left_waiting)


def step_table(result: StressResult, words: Say) -> Iterator[str]:
    """A Markdown table."""
    heads = ("rate", "sent", "queue", "p95", "limited", "errors", "missed", "bottleneck")
    yield "| " + " | ".join(words(say(f"stress.column_{each}")) for each in heads) + " |"
    yield "|" + "---|" * len(heads)
    for each in result.steps:
        yield "| " + " | ".join(step_cells(each, words)) + " |"


def step_cells(each: StepResult, words: Say) -> tuple[str, ...]:
    """What a row of it says."""
    state = {True: "steady", False: "rising", None: "unsure"}[each.is_steady]
    queue = words(say(f"stress.queue_{state}"))
    if each.drift_per_s is not None:
        queue += f" ({each.drift_per_s:+.2f}/s)"
    first = each.violations[0].objective if each.violations else None
    return (
        f"{each.step.per_s:g}/s × {each.step.for_s:g} s",
        f"{each.sent} ({each.sent_per_s:.1f}/s)",
        queue,
        _number(each.last("p95_s"), " s"),
        _share(each.last("limited")),
        _share(each.last("errors")),
        "–" if first is None else words(say(f"stress.objective_{first}")),
        words(say(f"stress.bottleneck_{each.bottleneck}")),
    )


def findings(result: StressResult) -> Iterator[Message]:
    """What held each step up, with its numbers."""
    for each in result.steps:
        numbers = "  ".join(
            f"{name}={UNKNOWN if value is None else format(value, '.3g')}"
            for name, value in each.evidence.items()
        )
        what = say(f"stress.bottleneck_{each.bottleneck}")
        yield say("stress.finding", rate=f"{each.step.per_s:g}", what=what, numbers=numbers)


def _chart(result: StressResult, name: str, unit: str, words: Say) -> str | None:
    """A curve a step, one after the other."""
    began = dt.datetime.fromisoformat(result.at).timestamp()
    curves = []
    for each in result.steps:
        points = [(began + sample.at_s, getattr(sample, name)) for sample in each.samples]
        measured = [(at, value) for at, value in points if value is not None]
        curves.append(
            Curve(
                name=f"{each.step.per_s:g}/s",
                at=tuple(at for at, _ in measured),
                values=tuple(value for _, value in measured),
            )
        )
        began += each.took_s
    title = words(say(f"stress.chart_{name.removesuffix('_s')}"))
    return draw_svg(EvidencePinned(panel="stress", title=title, unit=unit, curves=tuple(curves[:16])))


def _number(value: float | None, unit: str) -> str:
    return UNKNOWN if value is None else f"{value:.3g}{unit}"


def _share(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value:.2%}"
