"""The drill master's pictures: what can be played, what a drill will do, how one stands, and what came of it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from core.text import clean
from core.units import duration
from panels.draw.panel import ASCII_MARKS, MARKS, STYLES
from panels.draw.text import cut, shorten, wrap_to_width
from signals.reading import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from drills.conduct import Played
    from drills.oracles.model import OracleResult
    from drills.records import DrillRecord
    from drills.scenarios.model import Scenario
    from drills.state import CheckState, DrillState, Due
    from tui.drills.master import Ended, Playbook, Standing
    from tui.i18n import Language

STALE_S = 5.0
"""A state of a drill is renewed every second; one that is older says so."""
ROOMY = 30
"""From so many lines on what was seen of each expectation has a line of its own."""
MAX_NAME = 24
"""Columns of a scenario's name in the list."""
DONE = ("lifted", "failed")


@dataclass(frozen=True, slots=True)
class Look:
    """How it is drawn."""

    words: Language
    width: int
    height: int
    ascii_only: bool = False

    def mark(self, verdict: Verdict | None) -> Text:
        """None: it has not come yet."""
        if verdict is None:
            return Text("." if self.ascii_only else "·", "quiet")
        return Text((ASCII_MARKS if self.ascii_only else MARKS)[verdict], STYLES[verdict])

    def line(self, *parts: Text | str | tuple[str, str]) -> Text:
        """One line, cut with a mark."""
        return shorten(Text.assemble(*parts, no_wrap=True), self.width, ascii_only=self.ascii_only)

    def rule(self, title: str) -> Text:
        """The title of a part."""
        rule = "-" if self.ascii_only else "─"
        text = cut(f"{rule * 2} {title} ", min(self.width, cell_len(title) + 4), ascii_only=self.ascii_only)
        return Text(text + rule * (self.width - cell_len(text)), "quiet")

    def wrapped(self, text: str, style: str = "", indent: int = 3) -> list[Text]:
        """As many lines as it needs."""
        return [
            Text(" " * indent + part, style) for part in wrap_to_width(text, max(8, self.width - indent - 1))
        ]


def clock(seconds: float) -> str:
    """`4:12`."""
    minutes, rest = divmod(max(0, int(seconds)), 60)
    return f"{minutes}:{rest:02}"


def draw_list(book: Playbook, chosen: int, look: Look) -> list[Text]:
    """A line a scenario, and of the chosen one what it is about."""
    words, scenarios = look.words, book.library.scenarios
    if not scenarios:
        return look.wrapped(words.text("drill_master.no_scenario"), "unknown")
    names = min(MAX_NAME, max(cell_len(each.id) for each in scenarios))
    columns = [words.text(f"drill_master.column_{name}") for name in ("limit", "last")]
    limit, last = (max(cell_len(name), size) for name, size in zip(columns, (6, 14), strict=True))
    titles = (
        (words.text("drill_master.column_scenario"), names),
        ("", 4),
        (columns[0], limit),
        (columns[1], last),
    )
    lines = [look.line(("   " + "  ".join(set_cell_size(text, size) for text, size in titles), "quiet"))]
    rows = []
    for number, each in enumerate(scenarios):
        pointer = "›" if number == chosen else " "
        row = look.line(
            (f" {pointer} ", "cursor"),
            f"{cut(each.id, names, ascii_only=look.ascii_only)}  {each.severity}  {set_cell_size(clock(each.limit_s), limit)}  ",
            f"{set_cell_size(_last(book.results.get(each.id, ())), last)}  {each.title.of(words.code)}",
        )
        if number == chosen:
            row.stylize("chosen", 2)
        rows.append(row)
    about = _about(scenarios[chosen], book, look)
    room = max(1, look.height - len(lines) - len(about) - 1)
    start = max(0, min(chosen - room // 2, len(rows) - room))
    lines += rows[start : start + room]
    if book.problems:
        lines += look.wrapped(words.text("drill_master.problems", count=book.problems), "warn")
    return [*lines, *about][: look.height]


def _about(scenario: Scenario, book: Playbook, look: Look) -> list[Text]:
    words = look.words
    lines = [look.rule(scenario.id), *look.wrapped(scenario.about.of(words.code))]
    lines += look.wrapped(words.text("drill_master.breaks", faults=" · ".join(_faults(scenario, words))), "")
    expected = words.text("drill_master.expects", count=len(scenario.oracles))
    lines += look.wrapped(expected, "quiet")
    scores = [each.score.score for each in book.results.get(scenario.id, ()) if each.score is not None]
    if not scores:
        return [*lines, *look.wrapped(words.text("drill_master.never_played"), "quiet")]
    results = words.text("drill_master.results", count=len(scores), best=max(scores), last=scores[-1])
    return [*lines, *look.wrapped(results, "quiet")]


def _faults(scenario: Scenario, words: Language) -> Iterator[str]:
    for each in scenario.timeline:
        lasts = words.say(duration(each.for_s))
        yield words.text("drill_master.fault_at", at=clock(each.at_s), fault=each.fault, lasts=lasts)


def _last(results: Sequence[DrillRecord]) -> str:
    if not results or results[-1].score is None:
        return "–"
    return f"{results[-1].score.score:>3} {results[-1].started_at.astimezone(dt.UTC):%Y-%m-%d}"


def plan_lines(scenario: Scenario, words: Language, *, runs_here: bool) -> list[str]:
    """All that will be done, before it is."""
    lines = [scenario.about.of(words.code)]
    lines += [f"  {text}" for text in _faults(scenario, words)]
    lines.append(words.text(f"drill_master.plan_{'here' if runs_here else 'own'}"))
    return [
        *lines,
        words.text("drill_master.plan_limit", limit=words.say(duration(scenario.limit_s))),
        words.text("drill_master.plan_lifted"),
    ]


def draw_drill(drill: Standing, look: Look, now: float) -> list[Text]:
    """How it stands; all lines, whether there is room or not."""
    state, ended, place = drill.state, drill.ended, drill.place
    words = look.words
    lines = [_head(drill, look, now)]
    if place is not None and ended is None:
        boards = words.text("drill_master.boards", command=f"warroom --config {place}")
        lines += look.wrapped(boards, "quiet", indent=1)
    if ended is not None:
        lines += _ending(ended, look)
    if state is None:
        return lines
    for problem in state.problems:
        lines += look.wrapped(f"! {words.say(problem)}", "warn", indent=1)
    if state.phase != "steady":
        lines.append(look.rule(words.text("drill_master.part_faults")))
        lines += [_due(due, state, look, now) for due in state.timeline]
    checks = [check for check in state.checks if check.role != "oracle"]
    shown = [check for check in checks if (check.role == "steady") == (state.phase == "steady")]
    if shown:
        lines.append(
            look.rule(words.text(f"drill_master.part_{'steady' if state.phase == 'steady' else 'checks'}"))
        )
        lines += [_check(check, look) for check in shown]
    if state.oracles:
        lines.append(look.rule(words.text("drill_master.part_oracles", incident=state.incident or "–")))
        lines += _oracles(state, look)
    if state.facts.notes:
        lines.append(look.rule(words.text("drill_master.part_notes")))
        for note in state.facts.notes:
            kind = words.text("drill_master.hint_given") if note.is_hint else ""
            lines += look.wrapped(f"{note.at:%H:%M:%S} {kind}{clean(note.text)}", indent=1)
    return lines


def _head(drill: Standing, look: Look, now: float) -> Text:
    words, scenario, state, ended = look.words, drill.scenario, drill.state, drill.ended
    behind = Text(no_wrap=True)
    if state is not None:
        old_s = now - state.now.timestamp()
        if ended is None and old_s > STALE_S:
            behind.append(
                f" {words.text('drill_master.stale', age=words.say(duration(old_s)))} ", "stale"
            ).append(" ")
        phase = words.text(f"drill_master.phase_{state.phase}")
        behind.append(f" {phase} ", "stale" if state.phase == "paused" else "title")
        if state.phase != "steady":
            behind.append(f" {clock(state.elapsed_s)} / {clock(state.limit_s)} ")
    elif ended is None:
        behind.append(f" {words.text('drill_master.begins')} ", "title")
    name = Text.assemble((f" {scenario.id} ", "title"), f" {scenario.title.of(words.code)}", no_wrap=True)
    shorten(name, max(0, look.width - behind.cell_len - 1), ascii_only=look.ascii_only)
    name.append(" " * max(0, look.width - name.cell_len - behind.cell_len))
    return shorten(name.append_text(behind), look.width, ascii_only=look.ascii_only)


def _ending(ended: Ended, look: Look) -> Iterator[Text]:
    words = look.words
    if ended.problem is not None:
        yield from look.wrapped(words.say(ended.problem), "warn", indent=1)
    if ended.played is None:
        return
    yield from _result(ended.played, look)
    if ended.report is not None:
        yield from look.wrapped(words.text("drill_master.report_at", file=str(ended.report)), indent=1)
    yield from look.wrapped(
        words.text("drill_master.record_at", file=str(ended.played.file)), "quiet", indent=1
    )


def _result(played: Played, look: Look) -> Iterator[Text]:
    words, score = look.words, played.score
    ending = words.text(f"drill.ending_{score.ending}")
    yield look.line((f" {words.text('drill.result', score=score.score, ending=ending)}", "title"))
    times = [
        f"{words.text(f'drill_report.{name}')} {'–' if seconds is None else words.say(duration(seconds))}"
        for name, seconds in score.times.to_json().items()
    ]
    if score.hints:
        times.append(words.text("drill_master.hints", count=score.hints))
    yield from look.wrapped(" · ".join(times), indent=1)


def _due(due: Due, state: DrillState, look: Look, now: float) -> Text:
    words, injection = look.words, due.injection
    verdict: Verdict | None = None
    if due.problem is not None:
        verdict, what = Verdict.UNKNOWN, words.say(due.problem)
    elif injection is None:
        left = clock(due.at_s - state.elapsed_s)
        key = {"running": "ahead", "over": "never"}.get(state.phase, "held")
        what = words.text(f"drill_master.fault_{key}", left=left)
    elif injection.state in DONE:
        verdict = Verdict.OK if injection.state == "lifted" else Verdict.UNKNOWN
        at = f"{injection.lifted_at or injection.until:%H:%M:%S}"
        what = words.text(f"drill_master.fault_{injection.state}", at=at)
        if injection.detail is not None:
            what = f"{what}: {words.say(injection.detail)}"
    else:
        verdict = Verdict.WARN if injection.state == "lifting" else Verdict.BURNING
        left = clock(injection.until.timestamp() - now)
        what = words.text(f"drill_master.fault_{injection.state}", left=left)
    params = " ".join(f"{name}={clean(value)}" for name, value in due.params.items())
    by_hand = words.text("drill_master.by_hand") if due.by_hand else ""
    name = "  ".join(filter(None, (due.fault, params, by_hand)))
    return look.line(" ", look.mark(verdict), f" {clock(due.at_s):>5}  {name}  ", (what, "title"))


def _check(check: CheckState, look: Look) -> Text:
    words = look.words
    met = check.verdict is Verdict.OK
    verdict = check.verdict if met or check.verdict is Verdict.UNKNOWN else None
    role = words.text(f"drill_master.role_{check.role}")
    is_shown = check.role == "signal" and check.since is not None
    since = words.text("drill_master.first", at=f"{check.since:%H:%M:%S}") if is_shown else ""
    parts = filter(None, (words.say(check.text), since))
    return look.line(" ", look.mark(verdict), f" {role} ", (check.id, "title"), f"  {'  '.join(parts)}")


def _oracles(state: DrillState, look: Look) -> Iterator[Text]:
    words = look.words
    for spec, result in zip(state.scenario.oracles, state.oracles, strict=True):
        evidence = words.say(result.evidence)
        title = (spec.title.of(words.code), "title")
        can_hint = spec.hint is not None and not result.passed and state.phase in ("running", "paused")
        hint = ("  " + words.text("drill_master.has_hint"), "quiet") if can_hint else ""
        if look.height < ROOMY:
            yield look.line(" ", look.mark(oracle_verdict(result)), " ", title, f"  {evidence}")
            continue
        yield look.line(" ", look.mark(oracle_verdict(result)), " ", title, hint)
        yield from look.wrapped(evidence, "quiet")


def oracle_verdict(result: OracleResult) -> Verdict | None:
    """None while it may still come."""
    if result.passed is None:
        return None if result.is_pending else Verdict.UNKNOWN
    return Verdict.OK if result.passed else Verdict.BURNING
