"""Which release runs, since when, and which ran before it: from the past of one query."""

from __future__ import annotations

import pytest

from panels.enrich.release import contribute, releases
from panels.spec import PanelSpec, QuerySpec
from panels.state import PanelState
from signals.reading import Answer, Series
from tests.panels.judged import judge_panel
from tui.i18n import Language

NOW = 1_000_000.0
SPEC = PanelSpec(
    id="release",
    title="Release",
    kind="release",
    queries=(QuerySpec(name="running", expr="v", by="version"),),
)


def answer(**versions: list[int]) -> Answer:
    """Each version with the minutes ago at which it was there."""
    series = tuple(
        Series((("version", name),), tuple(NOW - 60 * ago for ago in agos), (2.0,) * len(agos))
        for name, agos in versions.items()
    )
    return Answer("v", "matrix", series, "test", NOW)


@pytest.mark.parametrize(
    ("current", "past", "expected"),
    [
        (["v1"], [answer(v1=[120, 60, 1])], [("v1", None, True)]),
        (["v2"], [answer(v1=[120, 60], v2=[30, 1])], [("v2", 30, True), ("v1", None, False)]),
        (
            ["v1"],
            [answer(v1=[120, 30, 1], v2=[90, 60])],
            [("v1", 30, True), ("v2", 90, False)],
        ),  # rolled back
        (
            ["v2"],
            [answer(v2=[30, 1]), answer(v1=[1440, 720], v2=[28])],
            [("v2", 30, True), ("v1", None, False)],
        ),
        (["v1", "v2"], [answer(v1=[120, 60, 10, 1], v2=[10, 1])], [("v2", 10, True), ("v1", None, True)]),
        (
            ["v2"],
            [answer(v0=[300], v1=[120], v2=[1])],
            [("v2", 1, True), ("v1", 120, False), ("v0", None, False)],
        ),
        (["v1"], [answer(v1=[1])], [("v1", None, True)]),
    ],
)
def test_the_past_tells_releases(
    current: list[str], past: list[Answer], expected: list[tuple[str, float | None, bool]]
) -> None:
    found = releases("version", answer(**{name: [0] for name in current}), past)
    assert [
        (one.version, None if one.since is None else round((NOW - one.since) / 60), one.running)
        for one in found
    ] == expected


def state(past: Answer, *current: str) -> PanelState:
    running = answer(**{name: [0] for name in current})
    enriched = [contribute(SPEC.queries[0], running, [past])]
    return judge_panel(SPEC, {"running": running}, NOW, enriched=enriched)


def test_the_panel_names_the_release_before_and_the_last_deploy() -> None:
    found = state(answer(v1=[120, 60], v2=[30, 1]), "v2")
    said = [Language("en").say(part.text) for part in found.parts]
    assert said == ["v2", "deployed 30 min ago", "previous v1"]
    assert found.verdict == "ok"
    rows = [" | ".join(Language("en").say(cell) for cell in row.cells) for row in found.rows]
    assert rows == [
        "v2 | running, 2× | since 30 min ago (± 60 s)",
        "v1 | stopped 60 min ago | before the history starts",
    ]


def test_two_releases_at_once_are_worth_a_look() -> None:
    found = state(answer(v1=[120, 60, 10, 1], v2=[10, 1]), "v1", "v2")
    assert found.verdict == "warn"
    assert Language("en").say(found.reason) == "2 releases running at once: v2, v1"
    assert "previous v1" in [Language("en").say(part.text) for part in found.parts]
