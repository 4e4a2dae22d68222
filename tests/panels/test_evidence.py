"""A panel's window becomes evidence: gaps stay gaps, long curves are thinned, nothing is not a number."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest

from core.message import say
from incidents.events.body import BODY, EvidencePinned
from incidents.events.event import body_text
from incidents.events.fold import fold
from incidents.report.describe import localize_evidence
from incidents.report.svg import draw_svg
from panels.evidence import MAX_POINTS, panel_evidence
from panels.state import Chart, PanelState
from signals.reading import Freshness, Reading, Series, Verdict
from tests.incidents.build import Chain
from tui.i18n import CODES, Language
from tui.incident.draw.options import RenderOptions
from tui.incident.draw.panes import pane_lines


def state(chart: Chart | None, trend: Series | None = None) -> PanelState:
    reading = Reading(name="depth", value=4.0, unit="count", at=30.0, source="prometheus", query="max(x)")
    name = say("panels.title", en="depth", zh="长度")
    return PanelState(
        id="queues",
        title=say("panels.title", en="Queues", zh="队列"),
        verdict=Verdict.BURNING,
        reason=say("panels.over_limit", name=name, value=4, limit=3),
        parts=(),
        rows=(),
        charts=(chart,) if chart else (),
        readings=(reading, reading),
        trend=trend,
        at=30.0,
        interval_s=5.0,
        freshness=Freshness.LIVE,
    )


def test_curves_limit_query_and_source_are_kept() -> None:
    curve = Series((), (0.0, 15.0, 30.0), (1.0, math.nan, 4.0))
    chart = Chart(
        title=say("panels.title", en="depth", zh="长度"),
        unit="count",
        curves=(curve,),
        names=(say("panels.title", en="matches", zh="对局"),),
        limit=100.0,
    )
    found = panel_evidence(state(chart), Language("zh").say)
    assert (found.panel, found.verdict, found.unit, found.limit) == ("queues", "burning", "count", 100.0)
    assert (found.query, found.source) == ("max(x)", "prometheus")
    assert found.curves[0].values == (1.0, None, 4.0)


def test_what_was_pinned_in_one_language_is_read_in_the_other() -> None:
    chart = Chart(
        title=say("panels.title", en="depth", zh="长度"),
        unit="count",
        curves=(Series((), (0.0, 15.0), (1.0, 4.0)),),
        names=(say("panels.title", en="matches", zh="对局"),),
    )
    stored = body_text(panel_evidence(state(chart), Language("zh").say))
    found = BODY.validate_python({**json.loads(stored), "kind": "evidence_pinned"})
    assert isinstance(found, EvidencePinned)
    english, chinese = (localize_evidence(found, Language(code).say) for code in CODES)
    assert (english.title, english.line) == ("Queues", "depth is 4, over 3")
    assert (chinese.title, chinese.line) == ("队列", "长度 为 4，超过 3")
    assert (english.curves[0].name, chinese.curves[0].name) == ("matches", "对局")
    for read in (english, chinese):
        picture = draw_svg(read)
        assert picture is not None
        assert f">{read.curves[0].name}<" in picture
        assert f"<title>{read.title}</title>" in picture


def test_the_incidents_screen_shows_evidence_in_its_own_language() -> None:
    chain = Chain()
    chain.add("op1", panel_evidence(state(None, Series((), (0.0, 15.0), (1.0, 4.0))), Language("en").say))
    incident = fold(chain.events)
    for code, wanted in (("en", ["Queues", "depth is 4, over 3"]), ("zh", ["队列", "长度 为 4，超过 3"])):
        options = RenderOptions(
            Language(next(one for one in CODES if one == code)), 60, 0.0, ascii_only=False
        )
        lines = [
            *pane_lines("evidence", incident, (), options, 8, at=0, focused=False),
            *pane_lines("timeline", incident, (), options, 8, at=0, focused=False),
        ]
        shown = "\n".join(line.plain for line in lines)
        for text in wanted:
            assert shown.count(text) == 2, shown


def test_a_long_curve_is_thinned_and_a_trend_stands_in_for_a_chart() -> None:
    times = tuple(float(at) for at in range(MAX_POINTS * 2 + 7))
    found = panel_evidence(state(None, Series((), times, times)), lambda message: message.key)
    assert MAX_POINTS / 2 < len(found.curves[0].at) <= MAX_POINTS
    assert found.curves[0].at == found.curves[0].values


@pytest.mark.parametrize(("count", "shown"), [(0, 0), (1, 1), (2, 2), (3, 3), (9, 3)])
def test_warnings_are_pinned_behind_the_line_however_deep_they_are(count: int, shown: int) -> None:
    why = say("signals.switched", source="b", detail=say("signals.not_yet"))
    for _ in range(3):
        why = say("signals.unreachable", source="b", detail=why)
    failed = say("panels.not_seen_failed", name=say("panels.text", text="n"), metric="m", span="", error=why)
    warned = replace(state(None), warnings=(say("panels.broker_alone", why=failed),) * count)
    pinned = panel_evidence(warned, Language("en").say).said
    assert pinned is not None
    assert Language("en").say(pinned.message).count("judged by the broker only") == shown
