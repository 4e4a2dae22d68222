"""A fault on a configured system: two people, no real incident, and lifted by whoever keeps what is in force."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest

from actions.runner.request import RunSettings
from actions.settings import ActionsSettings
from incidents.events import body as b
from incidents.journal import Journal, open_journal
from incidents.settings import JournalSettings
from response.decision import Reason, Refused
from response.identity import Identity
from response.in_force import keep_round
from response.run_guard import Confirmation, Wish
from response.runs import Begun, Prepared, approve, begin, prepare, start
from signals.settings import SignalsSettings
from tests.waiting import until

ME, OTHER = Identity("op1", "op1"), Identity("op2", "op2")
BEFORE = "SLOW_MS=5\n"


@pytest.fixture
def settings(tmp_path: Path) -> RunSettings:
    (tmp_path / ".env").write_text(BEFORE)
    slow = {"blast": "whoever asks", "file": {"path": ".env"}, "set": {"SLOW_MS": "3000"}}
    actions = {"folder": tmp_path / "runs", "checkout": tmp_path, "chaos": {"slow": slow}}
    return RunSettings(
        service="shop",
        environment="staging",
        signals=SignalsSettings(),
        actions=ActionsSettings.model_validate(actions),
        journal=JournalSettings.model_validate({"url": f"sqlite:///{tmp_path / 'journal.db'}"}),
    )


@pytest.fixture
def journal(settings: RunSettings) -> Iterator[Journal]:
    opened = open_journal(settings.journal)
    yield opened
    opened.close()


def injected(journal: Journal, settings: RunSettings) -> Begun | Refused:
    prepared = prepare(settings, "chaos.inject", {"fault": "slow"}, ME.actor, lasts_s=60.0)
    assert isinstance(prepared, Prepared)
    wish = Wish(plan=prepared.plan, identity=ME)
    return begin(journal, settings, prepared, wish, Confirmation(typed=prepared.plan.target))


def reason(answer: object) -> Reason | None:
    return answer.reason if isinstance(answer, Refused) else None


def test_it_waits_for_a_second_person_and_ends_with_its_time(
    journal: Journal, settings: RunSettings, tmp_path: Path
) -> None:
    begun = injected(journal, settings)
    assert isinstance(begun, Begun)
    assert reason(begun.waits) is Reason.SECOND_PERSON
    assert reason(start(journal, settings, begun.run, ME, {})) is Reason.SECOND_PERSON
    assert reason(approve(journal, settings, begun.run, ME)) is Reason.SAME_PERSON
    assert reason(approve(journal, settings, begun.run, OTHER)) is None
    assert isinstance(start(journal, settings, begun.run, ME, {}), Begun)
    until(lambda: journal.load_run(begun.run).has_ended)
    assert (tmp_path / ".env").read_text() == "SLOW_MS=3000\n"
    now = dt.datetime.now(dt.UTC)
    keep_round(journal, settings, OTHER, now)
    assert (tmp_path / ".env").read_text() == "SLOW_MS=3000\n", "its time is not over"
    keep_round(journal, settings, OTHER, now + dt.timedelta(seconds=90))
    until(lambda: (tmp_path / ".env").read_text() == BEFORE)
    until(lambda: journal.load_run(begun.run).state == "undone")


@pytest.mark.parametrize(
    ("is_drill", "expected"), [(False, Reason.CHAOS_IN_INCIDENT), (True, Reason.ROLE_NEEDED)]
)
def test_nothing_is_broken_while_a_real_incident_is_open(
    journal: Journal, settings: RunSettings, *, is_drill: bool, expected: Reason
) -> None:
    """In a drill's own incident it is a question of the role."""
    journal.open_incident("op2", b.Opened(title="real", severity="SEV2", drill=is_drill))
    assert reason(injected(journal, settings)) is expected


def test_no_incident_may_be_opened_between_the_plan_and_its_start(
    journal: Journal, settings: RunSettings
) -> None:
    begun = injected(journal, settings)
    assert isinstance(begun, Begun)
    approve(journal, settings, begun.run, OTHER)
    journal.open_incident("op2", b.Opened(title="real", severity="SEV2"))
    assert reason(start(journal, settings, begun.run, ME, {})) is Reason.CHAOS_IN_INCIDENT


def test_production_is_blocked(journal: Journal, settings: RunSettings) -> None:
    live = settings.model_copy(update={"environment": "prod"})
    assert reason(injected(journal, live)) is Reason.PLAN_BLOCKED
    allowed = live.model_copy(update={"allow_chaos": True})
    assert isinstance(injected(journal, allowed), Begun)
