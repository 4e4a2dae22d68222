"""One entry of an incident whole: a long note with its lines, pinned evidence with its chart, its query and its source."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from tui.screens.scrolled import Scrolled

if TYPE_CHECKING:
    from uuid import UUID

    from incidents.events.body import EvidencePinned
    from incidents.events.event import Event
    from incidents.events.incident import Incident
    from incidents.report.describe import Names
    from panels.state import Chart

CHART_LINES = 12


class RecordScreen(Scrolled):
    """The event with this id, as the incident below knows it now: somebody may take it back meanwhile."""

    page = "record"

    def __init__(self, incident: Incident, event: UUID, names: Names) -> None:
        super().__init__()
        self._incident, self._event, self._names = incident, event, names

    def lines(self, width: int, now: float) -> list[Text]:  # noqa: ARG002  # the shape of every screen
        """Who wrote it when, what it says, and of evidence its curves."""
        event = next(event for event in self._incident.events if event.id == self._event)
        lines = [Text(f" {event.at:%Y-%m-%d %H:%M:%SZ}  {event.actor}", "title")]
        if event.id in self._incident.undone:
            lines.append(Text(f" {self.face.words.text('screen.taken_back')}", "stale"))
        if event.body.kind == "evidence_pinned":
            return lines + self._evidence(event.body, width)
        return lines + _wrapped(self._text(event), width)

    def _text(self, event: Event) -> str:
        """What was written keeps its lines; anything else is said in one sentence."""
        from incidents.report.describe import describe_event

        body = event.body
        if body.kind in ("noted", "update_written", "step_annotated"):
            about = self.face.words.say(describe_event(self._incident, event, self._names))
            first = about.partition(body.text.partition("\n")[0])[0].strip()
            return f"{first}\n\n{body.text}"
        return self.face.words.say(describe_event(self._incident, event, self._names))

    def _evidence(self, body: EvidencePinned, width: int) -> list[Text]:
        from incidents.report.describe import localize_evidence
        from panels.draw.axis import time_axis
        from panels.draw.chart import chart_columns, draw_chart
        from panels.draw.panel import ASCII_MARKS, MARKS, STYLES
        from signals.reading import Verdict

        words, ascii_only = self.face.words, self.face.ascii_only
        pinned, verdict = localize_evidence(body, words.say), Verdict(body.verdict or "unknown")
        mark = (ASCII_MARKS if ascii_only else MARKS)[verdict]
        lines = [Text.assemble(" ", (mark, STYLES[verdict]), " ", (pinned.title, "title"))]
        lines += _wrapped(pinned.line, width)
        chart = _chart(pinned)
        if chart is not None:
            begin = min(curve.times[0] for curve in chart.curves)
            end = max(curve.times[-1] for curve in chart.curves)
            axis = time_axis(end, chart_columns(width - 1), max(60.0, end - begin))
            lines += [Text(), *draw_chart(chart, axis, CHART_LINES, words.say, ascii_only=ascii_only)]
        lines.append(Text())
        for name, text in (("source", pinned.source), ("query", pinned.query)):
            if text:
                lines += [Text(f" {words.text(f'screen.record_{name}')}", "quiet"), *_wrapped(text, width)]
        return lines


def _chart(pinned: EvidencePinned) -> Chart | None:
    from core.message import say
    from panels.state import Chart
    from signals.reading import Series

    curves = [curve for curve in pinned.curves if curve.at]
    if not curves:
        return None
    nan = float("nan")
    return Chart(
        title=say("panels.text", text=pinned.title),
        unit=pinned.unit,
        curves=tuple(
            Series((), curve.at, tuple(nan if value is None else value for value in curve.values))
            for curve in curves
        ),
        names=tuple(say("panels.text", text=curve.name) for curve in curves),
        limit=pinned.limit,
    )


def _wrapped(text: str, width: int) -> list[Text]:
    from panels.draw.text import wrap_to_width

    return [
        Text(f"  {part}")
        for line in text.splitlines() or [""]
        for part in wrap_to_width(line, max(4, width - 3)) or [""]
    ]
