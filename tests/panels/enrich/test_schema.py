"""What the database says moves the panel of releases, and its silence is never a pass."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.errors import Unreachable
from core.message import say
from panels.enrich.schema import contribute
from panels.fold import unavailable
from panels.spec import PanelSpec, QuerySpec
from signals.database.model import Blocker, Drift, Schema
from signals.reading import Answer, Series
from tests.panels.judged import judge_panel
from tui.i18n import Language

SPEC = PanelSpec(id="r", title="R", queries=(QuerySpec(name="n", expr="n"),))
RUNNING = Answer("n", "vector", (Series((), (100.0,), (1.0,)),), "t", 100.0)


def schema(
    drift: Drift = Drift.CURRENT, missing: tuple[str, ...] = (), blockers: tuple[Blocker, ...] = ()
) -> Schema:
    return Schema(
        revisions=("375b918c8740",),
        heads=("375b918c8740",),
        drift=drift,
        missing=missing,
        unexpected=(),
        invalid_indexes=(),
        blockers=blockers,
        connections=3,
        connection_limit=60,
        address="db:5432",
        at=100.0,
        source="postgres",
    )


@pytest.mark.parametrize(
    ("found", "verdict"),
    [
        (schema(), "ok"),
        (schema(Drift.BEHIND), "warn"),
        (schema(Drift.AHEAD), "warn"),
        (schema(missing=("index idx_user_profiles_puuid",)), "warn"),
        (schema(blockers=(Blocker(1, "u", "a", "idle in transaction", 840.0, (2, 3), "SELECT 1"),)), "warn"),
        (Unreachable(say("signals.no_source")), "unknown"),
    ],
)
def test_drift_and_blockers_are_worth_a_look(found: Schema | Unreachable, verdict: str) -> None:
    enriched = [unavailable(found) if isinstance(found, Unreachable) else contribute(found)]
    assert judge_panel(SPEC, {"n": RUNNING}, 100.0, enriched=enriched).verdict == verdict


@pytest.mark.parametrize(
    ("application", "open_s", "expected"),
    [
        (
            "worker-3",
            840.0,
            ["pid 7 blocks 2", "worker-3, idle in transaction", "open 14 min", "SELECT 1"],
        ),
        ("", None, ["pid 7 blocks 2", "?, idle in transaction", "open ?", "SELECT 1"]),
    ],
)
def test_who_blocks_is_said_with_its_session_and_its_age(
    application: str, open_s: float | None, expected: list[str]
) -> None:
    blocker = Blocker(7, "u", application, "idle in transaction", open_s, (2, 3), "SELECT 1")
    row = contribute(schema(blockers=(blocker,))).rows[-1]
    assert [Language("en").say(cell) for cell in row.cells] == expected


@pytest.mark.parametrize(
    ("found", "verdict", "reason"),
    [
        (schema(Drift.NOT_COMPARED), "ok", "nobody blocks others, indexes are valid, connections are free"),
        (schema(Drift.NOT_COMPARED, missing=("orders.id",)), "warn", "is not as it should be"),
        (replace(schema(Drift.NOT_COMPARED), connections=58), "warn", "58 of 60 connections"),
    ],
)
def test_a_database_that_is_compared_with_nothing_has_no_verdict_on_its_revision(
    found: Schema, verdict: str, reason: str
) -> None:
    panel = judge_panel(PanelSpec(id="d", title="D", kind="release"), {}, 100.0, enriched=[contribute(found)])
    said = Language("en").say
    assert panel.verdict == verdict
    assert reason in said(panel.reason)
    assert [said(part.text) for part in panel.parts][1] == "revision 375b918c8740, compared with no scripts"
    assert [reading.name for reading in panel.readings] == ["connections"], "no revision that passes or fails"
