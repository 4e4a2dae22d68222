"""Results over time: who and what counts, first and best and last, and when nobody can tell a trend."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from drills.compare import compare, points, trend
from drills.records import load_all, record_of, save
from drills.score import score
from tests.drills.build import at, facts, response, scenario
from tests.drills.test_score import ORACLES

if TYPE_CHECKING:
    from pathlib import Path

PLAYED = scenario(ORACLES)


def keep(folder: Path, days: int, points_: int, players: tuple[str, ...] = ("kim",), **more: str) -> None:
    own = facts(
        id=f"d{days}{more.get('autopilot', '')}", players=players, started_at=at(days * 86_400), **more
    )
    made = replace(score(response(PLAYED)), score=points_, ending=own.ending)
    save(folder, record_of(own, made.scenario, made))


@pytest.fixture
def records(tmp_path: Path) -> Path:
    for days, points_, players in (
        (3, 80, ("kim", "lee")),
        (1, 40, ("kim",)),
        (2, 80, ("lee",)),
        (4, 70, ("kim",)),
    ):
        keep(tmp_path, days, points_, players)
    keep(tmp_path, 5, 100, autopilot="good")
    keep(tmp_path, 6, 10, ending="aborted")
    return tmp_path


def test_the_team_by_time_without_the_autopilot_and_what_was_aborted(records: Path) -> None:
    (group,) = compare(load_all(records).records)
    assert [points(each) for each in group.results] == [40, 80, 80, 70]
    assert (points(group.first), points(group.best), points(group.last)) == (40, 80, 70)
    assert group.best.id == "d2"
    assert group.trend == "better"


def test_each_person_has_the_drills_they_played(records: Path) -> None:
    groups = compare(load_all(records).records, by="person")
    assert [(each.who, [points(record) for record in each.results]) for each in groups] == [
        ("kim", [40, 80, 70]),
        ("lee", [80, 80]),
    ]
    assert {each.trend for each in groups} == {"unknown"}
    assert compare(load_all(records).records, scenario="other") == ()


@pytest.mark.parametrize(
    ("scores", "said"),
    [
        ([0, 0, 100], "unknown"),
        ([40, 40, 80, 80], "better"),
        ([80, 80, 0, 40, 40], "worse"),
        ([80, 80, 82, 82], "same"),
    ],
)
def test_a_trend_needs_results_and_a_difference(scores: list[int], said: str) -> None:
    assert trend(scores) == said
