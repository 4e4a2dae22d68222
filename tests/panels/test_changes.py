"""What the log of changes tells, from state to state."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.message import say
from panels.changes import MAX_CHANGES, Change, ChangeLog, add_change, record_state
from panels.spec import PanelSpec, QuerySpec
from panels.state import PanelState, Standing
from signals.reading import Answer, Series, Verdict
from tests.panels.judged import judge_panel
from tui.i18n import Language

NOW = 100_000.0
SPEC = PanelSpec(
    id="riot", title="Riot", queries=(QuerySpec(name="429", expr="n", warn=50, burning=100, tell=True),)
)
SAY = Language("en").say


def state(value: float | None, at: float = NOW, *standing: Standing) -> PanelState:
    series = () if value is None else (Series((), (at,), (value,)),)
    judged = judge_panel(SPEC, {"429": Answer("n", "vector", series, "t", at)}, at)
    return replace(judged, standing=(*judged.standing, *standing))


def alert(name: str, kind: str = "alert", since: float | None = None) -> Standing:
    return Standing("alert" if kind == "alert" else "silence", say("panels.text", text=name), since)


def release(name: str, since: float | None = None) -> Standing:
    return Standing("release", say("panels.text", text=name), since)


def told(*states: PanelState) -> list[str]:
    log = ChangeLog()
    for one in states:
        log = record_state(log, one)
    return [SAY(change.message) for change in log.changes]


@pytest.mark.parametrize(
    ("states", "lines"),
    [
        ([state(0)], []),
        ([state(0), state(0)], []),
        ([state(None), state(0)], []),  # a start without any answer
        (
            [state(0), state(None)],
            ["Riot is unknown: 429: NO DATA: the metric is there, but nothing was counted in the window"],
        ),
        ([state(1), state(60), state(70)], ["Riot: 429 is 60, over 50"]),
        ([state(0), state(1)], ["429 started"]),
        ([state(0), state(60)], ["429 started"]),  # the verdict of the same moment says less
        ([state(0), state(143)], ["Riot burning: 429 is 143, over 100", "429 started"]),
        ([state(1), state(0)], ["429 ended"]),
        (
            [state(60), state(None), state(60, NOW + 9)],
            [
                "Riot: 429 is 60, over 50",
                "Riot is unknown: 429: NO DATA: the metric is there, but nothing was counted in the window",
            ],
        ),
        ([state(0), state(0, NOW, alert("A"))], ["alert A is firing"]),
        ([state(0, NOW, alert("A")), state(0)], ["alert A stopped firing"]),
        ([state(0, NOW, alert("A")), state(0, NOW, alert("A", "silence"))], ["alert A is silenced"]),
        ([state(0, NOW, alert("A", "silence")), state(0)], ["the silence on A ended"]),
        (
            [state(0, NOW, release("v1")), state(0, NOW, release("v2"))],
            ["release v2 is running", "release v1 is no longer running"],
        ),
        ([state(0, NOW, release("v2", NOW - 600))], ["release v2 is running"]),  # it ran before we looked
        ([state(0, NOW, release("v2", NOW - 90_000))], []),
    ],
)
def test_what_is_told(states: list[PanelState], lines: list[str]) -> None:
    assert told(*states) == lines


def test_what_began_before_the_first_look_stands_at_its_own_time() -> None:
    log = add_change(ChangeLog(), Change(NOW - 60, say("changes.ok", panel="x")))
    log = record_state(log, state(0, NOW, release("v2", NOW - 600)))
    assert [change.at for change in log.changes] == [NOW - 60, NOW - 600]
    assert log.since(NOW - 300) == 1


def test_another_source_that_knows_of_no_alert_ends_none() -> None:
    def told_by(source: str, *standing: Standing) -> PanelState:
        judged = state(1, NOW, *standing)
        return replace(judged, readings=tuple(replace(one, source=source) for one in judged.readings))

    fires = alert("A")
    assert told(told_by("prometheus", fires), told_by("scrape"), told_by("prometheus", fires)) == []
    assert told(told_by("prometheus", fires), told_by("scrape"), told_by("scrape", fires)) == [
        "alert A is firing"
    ]


def test_what_flaps_is_one_line_with_a_count() -> None:
    log = ChangeLog()
    for step in range(9):
        log = record_state(log, state(60 if step % 2 else 1, NOW + step))
    assert [(SAY(one.message), one.times, one.at) for one in log.changes] == [
        ("Riot is OK again", 4, NOW + 8),
        ("Riot: 429 is 60, over 50", 4, NOW + 7),
    ]


def test_the_log_is_bounded() -> None:
    log = ChangeLog()
    for step in range(2 * MAX_CHANGES):
        log = add_change(log, Change(NOW + step, say("changes.told_began", name=f"{step}")))
    assert len(log.changes) == MAX_CHANGES
    assert log.changes[0].at == NOW + 2 * MAX_CHANGES - 1


@pytest.mark.parametrize("verdict", list(Verdict))
def test_every_verdict_has_its_words_in_both_languages(verdict: Verdict) -> None:
    message = say(f"changes.{verdict}", panel="P", reason="R")
    assert all("changes." not in Language(code).say(message) for code in ("en", "zh"))
