"""A drill told as Markdown, with charts beside it: the score and its evidence, times, steps, and what the runbook lacked.

Made from the record alone, so that it reads the same in a year. All times are UTC.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING, NamedTuple

from core.message import say
from core.text import clean
from core.units import duration, quantity
from drills.score import HINT_COST
from incidents.events.body import Curve, EvidencePinned
from incidents.report.svg import Shade, draw_svg
from incidents.report.timeline import escape

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from core.message import Message
    from drills.records import DrillRecord, StoredSample
    from drills.scenarios.model import NamedCheck

    Say = Callable[[Message], str]

MAX_POINTS = 5000
"""Of a chart; of a longer drill every so-manieth is drawn."""
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


class DrillReport(NamedTuple):
    """The page, and its charts by file name."""

    markdown: str
    charts: dict[str, str]


def drill_report(record: DrillRecord, words: Say, language: str) -> DrillReport:
    """In the language of `words`, whose code is `language`."""
    charts: dict[str, str] = {}
    sections = [
        list(_head(record, words, language)),
        list(_times(record, words)),
        list(_oracles(record, words, language)),
        list(_faults(record, words)),
        list(_charts(record, words, charts)),
        list(_steps(record, words)),
        list(_notes(record, words)),
        list(_findings(record, words)),
    ]
    return DrillReport("\n\n".join("\n".join(section) for section in sections if section) + "\n", charts)


def _head(record: DrillRecord, words: Say, language: str) -> Iterator[str]:
    title = escape(record.definition.title.of(language))
    yield f"# {words(say('update.drill'))} {escape(record.scenario)}: {title}\n"
    yield escape(record.definition.about.of(language)) + "\n"
    if record.score is None:
        yield f"- {words(say('drill_report.no_score', ending=say(f'drill_report.ending_{record.ending}')))}"
    else:
        ending = say(f"drill_report.ending_{record.ending}")
        yield f"- **{words(say('drill_report.score', score=record.score.score, ending=ending))}**"
        undecided = [oracle.id for oracle in record.score.oracles if oracle.passed is None]
        if undecided:
            yield f"- {words(say('drill_report.undecided', names=escape(', '.join(undecided))))}"
        if record.score.hints:
            cost = HINT_COST * record.score.hints
            yield f"- {words(say('drill_report.hints', count=record.score.hints, cost=cost))}"
    if record.autopilot:
        yield f"- {words(say('drill_report.autopilot', kind=escape(record.autopilot)))}"
    players = escape(", ".join(record.players)) or "–"
    yield f"- {words(say('drill_report.people', players=players, master=escape(record.master)))}"
    yield f"- {words(say('drill_report.target', target=escape(record.target), id=escape(record.id)))}"


def _times(record: DrillRecord, words: Say) -> Iterator[str]:
    yield _heading("times", words)
    yield f"| {words(say('drill_report.moment'))} | {words(say('drill_report.since'))} |"
    yield "|---|---|"
    known = {} if record.score is None else record.score.times.to_json()
    for name in ("detect_s", "acknowledge_s", "mitigate_s", "recover_s"):
        seconds = known.get(name)
        shown = "–" if seconds is None else words(duration(seconds))
        yield f"| {words(say(f'drill_report.{name}'))} | {shown} |"
    burnt = None if record.score is None else record.score.budget_burnt
    text = (
        say("drill_report.budget_unknown")
        if burnt is None
        else say("drill_report.budget", share=quantity(burnt, "ratio"))
    )
    yield f"\n{words(text)}"


def _oracles(record: DrillRecord, words: Say, language: str) -> Iterator[str]:
    if record.score is None:
        return
    titles = {oracle.id: oracle for oracle in record.definition.oracles}
    yield _heading("oracles", words)
    columns = ("result", "expected", "weight", "evidence")
    yield "| " + " | ".join(words(say(f"drill_report.{column}")) for column in columns) + " |"
    yield "|---|---|---|---|"
    for oracle in record.score.oracles:
        spec = titles.get(oracle.id)
        title = escape(oracle.id if spec is None else spec.title.of(language))
        weight = "–" if spec is None else f"{spec.weight:g}"
        result = words(say(f"drill_report.passed_{_word(passed=oracle.passed)}"))
        yield f"| {result} | {title} | {weight} | {escape(words(oracle.evidence.message))} |"


def _word(*, passed: bool | None) -> str:
    return "unknown" if passed is None else "yes" if passed else "no"


def _faults(record: DrillRecord, words: Say) -> Iterator[str]:
    yield _heading("faults", words)
    if not record.injections:
        yield words(say("drill_report.no_faults"))
        return
    columns = ("fault", "from", "to")
    yield "| " + " | ".join(words(say(f"drill_report.{column}")) for column in columns) + " |"
    yield "|---|---|---|"
    for each in record.injections:
        params = "".join(f" {name}={value}" for name, value in each.params.items())
        lifted = "–" if each.lifted_at is None else _clock(each.lifted_at)
        if each.state == "failed":
            lifted = words(say("drill_report.failed"))
        yield f"| {escape(each.fault + params)} | {_clock(each.since)} | {lifted} |"
    for name, at in record.shown.items():
        yield f"\n{words(say('drill_report.shown', signal=escape(name), at=_clock(at)))}"


def _charts(record: DrillRecord, words: Say, charts: dict[str, str]) -> Iterator[str]:
    """One a query: a steady state, a signal and a recovery often look at the same."""
    queries: dict[tuple[str, str], list[NamedCheck]] = {}
    for named in (*record.definition.steady, *record.definition.signals, *record.definition.recovered):
        check = named.check
        queries.setdefault((check.promql or named.id, check.unit or "none"), []).append(named)
    shades = [
        Shade(each.since.timestamp(), (each.lifted_at or each.until).timestamp(), clean(each.fault))
        for each in record.injections
        if each.state != "failed"
    ]
    drawn: list[str] = []
    for (query, unit), checks in queries.items():
        names = {named.id for named in checks}
        samples = sorted(
            (sample for sample in record.samples if sample.check in names), key=lambda each: each.at
        )
        picture = draw_svg(_evidence(query, unit, checks, samples), shades)
        if picture is not None:
            name = f"{_UNSAFE.sub('-', record.id)[:80]}-{len(charts) + 1}.svg"
            charts[name] = picture
            caption = escape(", ".join(named.id for named in checks))
            drawn += [f"![{caption}]({name})\n", f"    {' '.join(clean(query).split())}\n"]
    if drawn:
        yield _heading("charts", words)
        yield words(say("drill_report.shaded")) + "\n"
        yield from drawn


def _evidence(query: str, unit: str, checks: list[NamedCheck], samples: list[StoredSample]) -> EvidencePinned:
    every = max(1, -(-len(samples) // MAX_POINTS))
    kept = samples[::every]
    expected = checks[-1].check.check().expect
    name = ", ".join(dict.fromkeys(named.id for named in checks))
    return EvidencePinned(
        panel=checks[0].id,
        title=clean(name, 100),
        unit=unit,
        limit=expected.value if expected.kind == "compare" else None,
        curves=(
            Curve(
                name=clean(query, 60),
                at=tuple(sample.at.timestamp() for sample in kept),
                values=tuple(sample.value for sample in kept),
            ),
        ),
    )


def _steps(record: DrillRecord, words: Say) -> Iterator[str]:
    if record.score is None:
        return
    yield _heading("steps", words)
    if not record.score.steps:
        yield words(say("drill_report.no_steps"))
    for kind in ("done", "skipped", "wrong"):
        steps = ((step.name, step.text.message) for step in record.score.steps if step.kind == kind)
        for names, text in _alike(steps, words):
            yield f"- {names}: {text}"


def _notes(record: DrillRecord, words: Say) -> Iterator[str]:
    if not record.notes:
        return
    yield _heading("notes", words)
    for note in record.notes:
        kind = "hint" if note.is_hint else "note"
        text = say(f"drill_report.{kind}", at=_clock(note.at), text=escape(note.text))
        yield f"- {words(text)}"


def _findings(record: DrillRecord, words: Say) -> Iterator[str]:
    if record.score is None:
        return
    name = escape(record.definition.runbook) or "–"
    yield f"## {words(say('drill_report.heading_findings', runbook=name))}\n"
    if not record.score.lacks:
        followed = any(step.kind != "wrong" for step in record.score.steps)
        yield words(say("drill_report.no_findings" if followed else "drill_report.not_followed"))
    lacks = ((lack.about, lack.text.message) for lack in record.score.lacks)
    for names, text in _alike(lacks, words):
        yield f"- [ ] {names}: {text}"


def _alike(notes: Iterable[tuple[str, Message]], words: Say) -> Iterator[tuple[str, str]]:
    """Group names by their text: a skipped phase gives twenty steps the same reason."""
    names_by_text: dict[str, list[str]] = {}
    for name, message in notes:
        names_by_text.setdefault(escape(words(message)), []).append(escape(name))
    for text, names in names_by_text.items():
        yield ", ".join(names), text


def _clock(at: dt.datetime) -> str:
    return at.astimezone(dt.UTC).strftime("%H:%M:%SZ")


def _heading(name: str, words: Say) -> str:
    return f"## {words(say(f'drill_report.heading_{name}'))}\n"
