"""What is offered about what somebody looks at: order, parameters, and why something may not be done."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from actions.registry import own_actions
from response.decision import ALLOWED, Reason, Refused
from response.offers import About, Offer, alert_names, every_offer, offers, panel_names
from runbooks.library import load_library
from runbooks.settings import RunbooksSettings
from signals.reading import Reading
from tests.response.test_runs import settings_with

if TYPE_CHECKING:
    from pathlib import Path

RUNBOOK = """---
id: storm
title: Storm
---

## Stop <!-- id: stop -->

- [ ] Slow it down <!-- id: slow -->

  ```action
  id: queue.throttle
  task: fetch
  rate: 5/m
  ```

- [ ] Hold it <!-- id: hold -->

  ```action
  id: queue.hold
  queue: <the one that grows>
  ```
"""


def ids(offered: tuple[Offer, ...]) -> list[str]:
    return [offer.action.id for offer in offered]


def test_the_runbooks_actions_come_first_with_their_parameters_then_those_that_fit_the_subject(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "runbooks" / "en"
    folder.mkdir(parents=True)
    (folder / "storm.md").write_text(RUNBOOK, encoding="utf-8")
    runbook = load_library(RunbooksSettings(folders=(tmp_path / "runbooks",)), "en").get("storm")
    assert runbook is not None
    settings = settings_with(tmp_path)
    signals = settings.signals.model_validate({"redis": {"url": "redis://127.0.0.1:9"}})
    settings = settings.model_copy(update={"signals": signals})
    about = About(subjects=("queue",), names={"queue": "matches"}, runbooks=(runbook,))
    first, second, *rest = offers(about, settings)
    assert (first.action.id, dict(first.params), first.number) == (
        "queue.throttle",
        {"task": "fetch", "rate": "5/m"},
        "1.1",
    )
    assert (second.action.id, dict(second.asks), second.step) == (
        "queue.hold",
        {"queue": "the one that grows"},
        "hold",
    )
    assert ids(tuple(rest))[:2] == ["queue.stop-consuming", "queue.release"]
    assert dict(rest[0].params) == {"queue": "matches"}
    assert all(
        offer.decision == ALLOWED
        for offer in (first, second, *rest)
        if offer.action.needs == ("signals.celery",)
    )


@pytest.mark.parametrize(
    ("more", "read_only", "reason"),
    [
        ({}, False, Reason.NOT_CONFIGURED),
        ({"allow": ("migrate.*",)}, False, Reason.ACTION_NOT_ALLOWED),
        ({}, True, Reason.ACTIONS_READ_ONLY),
    ],
)
def test_what_may_not_be_done_stands_last_and_says_why(
    tmp_path: Path,
    more: dict[str, object],
    read_only: bool,  # noqa: FBT001  # a row of the table
    reason: Reason,
) -> None:
    settings = settings_with(tmp_path, actions={**more, "add": [*ADDED]})
    offered = offers(About(subjects=("queue",)), settings, read_only=read_only)
    refused = [offer for offer in offered if isinstance(offer.decision, Refused)]
    hold = next(offer for offer in refused if offer.action.id == "queue.hold")
    assert isinstance(hold.decision, Refused)
    assert hold.decision.reason is reason
    assert list(offered)[-len(refused) :] == refused


ADDED = (
    {
        "id": "shop.look",
        "title": "Look",
        "danger": "observe",
        "argv": ["true"],
        "fits": ["queue"],
        "fill": {"name": "queue"},
        "parameters": {"name": {"pattern": "[a-z]+"}},
    },
)


def test_a_teams_own_action_is_offered_where_it_says_that_it_fits(tmp_path: Path) -> None:
    settings = settings_with(tmp_path, actions={"add": [*ADDED]})
    about = About(subjects=("queue",), names={"queue": "ai"})
    own = next(offer for offer in offers(about, settings) if offer.action.id == "shop.look")
    assert own.decision == ALLOWED
    assert dict(own.params) == {"name": "ai"}
    bad = About(subjects=("queue",), names={"queue": "NOT 1 NAME"})
    own = next(offer for offer in offers(bad, settings) if offer.action.id == "shop.look")
    assert not own.params, "a name that the action would refuse is not filled in"


def test_the_matchers_of_an_alert_are_read_as_its_labels_whatever_they_hold() -> None:
    from actions.silences import read_matchers

    labels = {"alertname": "High,er", "path": 'a"b\\c=~', "queue": "ai"}
    matchers = read_matchers(alert_names(labels)["match"])
    assert {matcher.name: matcher.value for matcher in matchers} == labels


def test_a_panel_is_about_what_has_the_largest_value() -> None:
    values = ((3.0, "small"), (9.0, "large"), (None, "unknown"))
    readings = [Reading("n", value, "count", 1.0, "t", "q", (("queue", name),)) for value, name in values]
    assert panel_names(readings) == {"queue": "large"}


def test_every_action_of_the_catalogue_is_known_to_its_undo(tmp_path: Path) -> None:
    known = own_actions()
    assert {action.undone_by for action in known.values()} - {""} <= known.keys()
    assert set(ids(every_offer(settings_with(tmp_path)))) >= known.keys()
