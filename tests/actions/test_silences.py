"""Silences with a real Alertmanager: made, verified, ended; what it covers is counted before."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from actions.errors import BadParameter, PlanStale
from actions.parameters import read_parameters
from actions.planning import hold_to, make_plan
from actions.registry import own_actions
from core.errors import SourceError
from tests.actions.build import context
from tests.alerting import alertmanager, eventually, held, missing, post_alert

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from actions.model import Context

needs_alertmanager = pytest.mark.skipif(bool(missing()), reason=missing())
SILENCE, UNSILENCE = own_actions()["alerts.silence"], own_actions()["alerts.unsilence"]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Context]:
    with alertmanager(tmp_path) as url:
        for name in ("Loud", "Loud 2"):
            post_alert(url, alertname=name, service="bot")
        eventually(lambda: len(held(url)) == 2, "no alerts")
        yield context(alertmanager={"url": url})


@needs_alertmanager
def test_a_silence_is_made_verified_ended_and_made_again(desk: Context) -> None:
    params = read_parameters(SILENCE.parameters, {"match": 'alertname=~"Loud.*",service=bot', "comment": "x"})
    plan = make_plan(SILENCE, params, desk, lasts_s=600)
    assert [effect.value for effect in plan.effects] == [2]
    outcome = SILENCE.run(params, plan, desk)
    assert outcome.undo is not None
    assert outcome.undo.call is not None
    done = replace(plan, undo=outcome.undo)
    (check,) = SILENCE.verify(params, done, desk)
    assert check.ok
    assert 0 < int(str(check.text.values["seconds"])) <= 600
    undo = read_parameters(UNSILENCE.parameters, outcome.undo.call.params)
    undo_plan = make_plan(UNSILENCE, undo, desk)
    assert not undo_plan.blockers
    UNSILENCE.run(undo, undo_plan, desk)
    assert [each.ok for each in UNSILENCE.verify(undo, undo_plan, desk)] == [True]
    assert [each.ok for each in SILENCE.verify(params, done, desk)] == [False]
    assert make_plan(UNSILENCE, undo, desk).blockers, "it is over"
    with pytest.raises(PlanStale):
        hold_to(undo_plan, make_plan(UNSILENCE, undo, desk))
    assert undo_plan.undo.call is not None
    again = read_parameters(SILENCE.parameters, undo_plan.undo.call.params)
    assert make_plan(SILENCE, again, desk).effects[0].value == 2


@needs_alertmanager
def test_what_covers_nothing_says_so_and_an_unknown_silence_is_blocked(desk: Context) -> None:
    plan = make_plan(SILENCE, read_parameters(SILENCE.parameters, {"match": "alertname=Other"}), desk)
    assert plan.effects[0].value == 0
    assert [warning.key for warning in plan.warnings] == ["actions.silences_nothing"]
    unknown = read_parameters(UNSILENCE.parameters, {"id": str(UUID(int=1))})
    assert make_plan(UNSILENCE, unknown, desk).blockers


def test_an_id_is_no_path() -> None:
    with pytest.raises(BadParameter):
        read_parameters(UNSILENCE.parameters, {"id": "../../v1/alerts?x=0123456789abcdef0123"})


@pytest.mark.parametrize("match", ["", "x", "=y", "a=b c=d", 'a="b', "a=~.*", "a!=b", "-a=b"])
def test_what_names_nothing_is_refused(match: str) -> None:
    with pytest.raises(BadParameter):
        read_parameters(SILENCE.parameters, {"match": match})


def test_without_an_answer_there_is_no_plan() -> None:
    params = read_parameters(SILENCE.parameters, {"match": "a=b"})
    with pytest.raises(SourceError):
        make_plan(SILENCE, params, context(alertmanager={"url": "http://127.0.0.1:1"}))
