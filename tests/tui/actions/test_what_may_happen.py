"""The world moves between plan and yes, the terminal dies in the middle, a run belongs to others, its output is huge."""

from __future__ import annotations

import os
import signal
import tracemalloc
from typing import TYPE_CHECKING

import pytest

from incidents.journal import open_journal
from incidents.settings import JournalSettings
from tests.terminal import PROGRAM, Terminal
from tests.tui.actions.stage import configuration, has_ended, on_screen, plan_of, run_of, running
from tests.tui.incident.stage import app_of, until
from tests.waiting import until as until_blocking
from tui.actions.output import read_before, read_end, read_from
from tui.screens.actions import plan as plan_module
from tui.screens.actions.plan import PlanDialogue
from tui.screens.actions.run import RunScreen
from tui.screens.actions.runs import RunsScreen
from tui.screens.actions.start import propose
from tui.screens.confirm import Confirm

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """No person sits here."""
    monkeypatch.setattr(plan_module, "SEEN_S", 0.0)


async def test_a_plan_that_went_stale_is_shown_anew_and_what_was_typed_stays(
    tmp_path: Path, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import redis

    monkeypatch.setattr(plan_module, "FRESH_S", 0.0)
    monkeypatch.setattr(plan_module, "PAUSE_S", 3600.0)  # it looks again when it is confirmed, not before
    config = configuration(tmp_path)
    config.write_text(f'[signals.redis]\nurl = "{redis_url}"\n{config.read_text()}')
    with redis.Redis.from_url(redis_url) as broker:
        broker.sadd("_kombu.binding.ai", "ai\x06\x16\x06\x16ai")
        broker.rpush("ai", *["{}"] * 5)
        async with running(config) as person:
            app = person.app
            propose(app, "queue.purge", {"queue": "ai"})
            await until(lambda: plan_of(app), "the plan")
            await person.type("ai")
            broker.rpush("ai", *["{}"] * 500)
            await person.press("enter", then=lambda: "is 505 now" in on_screen(app))
            assert isinstance(app.screen, PlanDialogue)
            assert broker.llen("ai") == 505, "nothing is taken out before somebody said yes to this number"
            await person.press("enter", then=lambda: has_ended(app))
            assert broker.llen("ai") == 0
            run = run_of(app)
            assert run is not None
            assert run.state == "finished"


def test_a_run_goes_on_when_its_terminal_is_killed_and_another_program_attaches(tmp_path: Path) -> None:
    config = configuration(tmp_path)
    terminal = Terminal([PROGRAM, "--config", str(config)])
    try:
        terminal.wait_for("zoom", 30)
        terminal.press(":")
        terminal.wait_for("type a command", 30)
        terminal.press("shop.wait")
        terminal.wait_for("do shop.wait", 30)
        terminal.press("\r")
        terminal.wait_for("looked just now", 30)
        terminal.read(1.0)
        terminal.press("\r")
        terminal.wait_for("── output", 30)
    finally:
        os.kill(terminal.pid, signal.SIGKILL)
        terminal.hang_up()
        os.waitpid(terminal.pid, 0)
    (tmp_path / "gate").touch()
    journal = open_journal(JournalSettings.model_validate({"url": f"sqlite:///{tmp_path}/journal.db"}))
    try:
        until_blocking(lambda: journal.runs()[0][1].has_ended)
        assert journal.runs()[0][1].state == "finished"
    finally:
        journal.close()


async def test_a_run_of_others_is_attached_to_from_the_list_and_ended(tmp_path: Path) -> None:
    config = configuration(tmp_path)
    async with running(config) as first:
        propose(first.app, "shop.wait")
        await until(lambda: plan_of(first.app), "the plan")
        await first.press("enter", then=lambda: "── output" in on_screen(first.app))
        await first.press("escape", then=lambda: not isinstance(first.app.screen, RunScreen))
        await until(lambda: first.app.runs.state.active, "the board knows it")
        assert "RUN-1 shop.wait" in on_screen(first.app), "the strip names what goes on"
        assert first.app.runs.exit_message() is not None, "and so does the program when it is left"
        async with running(config) as second:
            app = second.app
            await second.press("R", then=lambda: isinstance(app.screen, RunsScreen) and app.screen.shown())
            await second.press("tab", then=lambda: "[going on]" in on_screen(app))
            await second.press("enter", then=lambda: "── output" in on_screen(app))
            await second.press("c", then=lambda: isinstance(app.screen, Confirm))
            await second.pilot.pause(0.05)
            await second.press("enter", then=lambda: has_ended(app))
            run = run_of(app)
            assert run is not None
            assert run.state == "cancelled"
            assert run.cancel_asked_by
            await second.press("tab", then=lambda: "shop.wait" in on_screen(app))
            await second.press("tab", then=lambda: "cancelled" in on_screen(app))


async def test_runs_that_were_asked_for_before_the_journal_is_open_are_listed_once_it_is(
    tmp_path: Path,
) -> None:
    app = app_of(configuration(tmp_path))
    async with app.run_test(size=(80, 24)):
        screen = RunsScreen()
        await app.push_screen(screen)
        assert app.incidents.journal_thread is None
        await until(lambda: screen.problem is not None or screen.listed is not None, "an answer")
        await until(lambda: screen.listed is not None, "the list")
        assert screen.problem is None


async def test_a_second_person_sees_the_plan_and_whoever_may_starts_it(tmp_path: Path) -> None:
    more = 'two_person = ["mitigate"]\nalone = true'
    async with running(configuration(tmp_path, more)) as person:
        app = person.app
        propose(app, "shop.set", {"value": "on"})
        await until(lambda: plan_of(app), "the plan")
        await until(lambda: "a second person" in on_screen(app), "what it needs")
        await person.press("enter", then=lambda: run_of(app))
        assert not (tmp_path / "switch").exists()
        await person.press("s", then=lambda: "second person" in on_screen(app))
        await person.press("y", then=lambda: plan_of(app))
        await until(lambda: "agreed by" in on_screen(app), "who said yes")
        await person.press("enter", then=lambda: isinstance(app.screen, RunScreen))
        await person.press("s", then=lambda: has_ended(app))
        assert (tmp_path / "switch").read_text() == "on"


def test_of_a_huge_output_only_what_is_shown_is_read(tmp_path: Path) -> None:
    file = tmp_path / "output.log"
    block = b"".join(b"line %07d\n" % number for number in range(100_000))
    with file.open("wb") as output:
        for _ in range(80):
            output.write(block)
    assert file.stat().st_size > 100_000_000
    tracemalloc.start()
    try:
        end = read_end(file, 20)
        before = read_before(file, end.start, 20)
        begin = read_from(file, 0, 20)
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()
    assert end.lines[-1] == "line 0099999"
    assert before.lines[-1] == "line 0099979"
    assert begin.lines[0] == "line 0000000"
    assert len(end.lines) == len(before.lines) == len(begin.lines) == 20


@pytest.mark.parametrize(
    "raw",
    [b"", b"no end", b"\xff\xfe\n", b"x" * 200_000 + b"\nlast\n", "中文\n".encode() * 40_000],
    ids=["empty", "no-end", "no-utf8", "long-line", "wide"],
)
def test_any_output_can_be_turned_from_end_to_beginning(tmp_path: Path, raw: bytes) -> None:
    file = tmp_path / "output.log"
    file.write_bytes(raw)
    window = read_end(file, 7)
    seen = 0
    for _ in range(len(raw) // 8 + 2):
        assert len(window.lines) <= 7
        seen += window.end - window.start
        if not window.start:
            break
        window = read_before(file, window.start, 7)
    assert seen == len(raw)
