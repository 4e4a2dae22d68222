"""What lasts, on the screen: asked about before it ends, kept longer by a key, counted in every head; what waits runs nowhere."""

from __future__ import annotations

import datetime as dt
import time
from typing import TYPE_CHECKING

import pytest

from incidents.events.run_body import RunApproved, RunExtended, RunPlanned
from incidents.journal import open_journal
from incidents.settings import JournalSettings
from response import in_force
from tests.tui.actions.stage import configuration, has_ended, on_screen, plan_of, run_of, running
from tests.tui.incident.stage import until, write_as
from tui.feeds.journal import IDLE_POLL_S, JournalThread
from tui.screens.actions import plan as plan_module
from tui.screens.actions.in_force import InForceScreen
from tui.screens.actions.offer import OfferDialogue
from tui.screens.actions.start import propose
from tui.screens.explain import ExplainScreen
from tui.screens.form import Form
from tui.screens.incident import IncidentScreen

if TYPE_CHECKING:
    from pathlib import Path
    from uuid import UUID

    from incidents.events.run_body import RunBody
    from incidents.journal import Journal


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """No person sits here."""
    monkeypatch.setattr(plan_module, "SEEN_S", 0.0)


def write(folder: Path, chain: UUID, *bodies: RunBody) -> None:
    """As another program writes to a run."""
    journal = open_journal(JournalSettings.model_validate({"url": f"sqlite:///{folder}/journal.db"}))
    for body in bodies:
        journal.append(chain, "op2", body)
    journal.close()


async def test_an_end_that_comes_near_is_asked_about_and_x_puts_it_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(in_force, "ASK_BEFORE_S", 100.0)
    monkeypatch.setattr(
        in_force, "ASK_BEFORE_PART", 1.0
    )  # what was just begun has the first three quarters before it
    async with running(configuration(tmp_path), size=(100, 30)) as person:
        app = person.app
        propose(app, "shop.set", {"value": "slow"})
        await until(lambda: plan_of(app), "the plan")
        await person.press("enter", then=lambda: has_ended(app))
        run = run_of(app)
        assert run is not None
        await person.press("escape")
        soon = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=90)
        write(tmp_path, run.id, RunExtended(until=soon))
        await until(
            lambda: "ends in" in on_screen(app) and "keeps it longer" in on_screen(app), "it is asked"
        )
        await person.press("F", then=lambda: isinstance(app.screen, InForceScreen))
        await person.press("x", then=lambda: isinstance(app.screen, Form))
        await person.press("enter", then=lambda: isinstance(app.screen, InForceScreen))
        await until(lambda: "stays in force until" in on_screen(app), on_screen(app))

        def left_s() -> float:
            (effect,) = app.runs.state.effects
            return (effect.until - dt.datetime.now(dt.UTC)).total_seconds()

        await until(lambda: 7000 < left_s() <= 7200, "the list has heard of it")
        write(tmp_path, run.id, RunExtended(until=dt.datetime.now(dt.UTC) + dt.timedelta(seconds=80)))
        await until(lambda: "ends in" in on_screen(app), "another end is asked about again")


async def test_what_was_only_approved_is_not_counted_as_running(tmp_path: Path) -> None:
    config = configuration(tmp_path)
    journal = open_journal(JournalSettings.model_validate({"url": f"sqlite:///{tmp_path}/journal.db"}))
    chain = journal.plan_run("op2", RunPlanned(action="shop.set", danger="mitigate", resource="switch")).chain
    journal.append(chain, "op2", RunApproved(digest="d", identity="op2"))
    journal.close()
    async with running(config) as person:
        await until(lambda: "waiting 1" in on_screen(person.app), on_screen(person.app))
        shown = on_screen(person.app)
        assert "running" not in shown
        assert "RUN-1 shop.set not begun yet" in shown


async def test_the_head_of_an_incident_counts_what_is_in_force(tmp_path: Path) -> None:
    config = configuration(tmp_path)
    await write_as("op1", config, "open", "--title", "storm", "--severity", "SEV2")
    async with running(config, size=(120, 40)) as person:
        app = person.app
        await until(app.incidents.worst_first, "the incident")
        propose(app, "shop.set", {"value": "slow"})
        await until(lambda: plan_of(app), "the plan")
        await person.press("enter", then=lambda: has_ended(app))
        await person.press("escape", "i", then=lambda: isinstance(app.screen, IncidentScreen))
        await until(lambda: "in force 1" in on_screen(app).splitlines()[0], on_screen(app))


async def test_an_incident_that_others_just_opened_is_waited_for_not_doubled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = configuration(tmp_path)
    opened = JournalThread._open

    def open_slowly(thread: JournalThread) -> Journal:
        time.sleep(1.5)  # a busy machine
        return opened(thread)

    monkeypatch.setattr(JournalThread, "_open", open_slowly)
    async with running(config) as person:
        app = person.app
        await write_as("op2", config, "open", "--title", "storm", "--severity", "SEV2")
        await person.pilot.pause(IDLE_POLL_S + 0.2)
        await person.press("i")
        assert not isinstance(app.screen, Form), "nobody knows yet that nothing is open"
        await until(lambda: isinstance(app.screen, IncidentScreen), "the one that is open")


async def test_a_on_what_is_explained_offers_what_fits_there(tmp_path: Path) -> None:
    config = configuration(
        tmp_path,
        """[panels]
show = ["queues"]
[[panels.add]]
id = "queues"
kind = "queues"
title = "Queues"
queries = [{ name = "waiting", unit = "count", by = "queue" }]
""",
    )
    async with running(config) as person:
        app = person.app
        await person.press("question_mark", then=lambda: isinstance(app.screen, ExplainScreen))
        await person.press("a", then=lambda: isinstance(app.screen, OfferDialogue))
        assert "queue." in on_screen(app)
