"""Drills on a system that is no sandbox: two people, three places of switches, and nothing stays broken whoever dies."""

from __future__ import annotations

import datetime as dt
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

import httpx
import psutil
import pytest
import redis

from actions.runner.request import RunSettings
from drills.conduct import Played, conduct
from drills.configured.injector import AgreedInjector, open_agreed
from drills.configured.plans import plan_faults
from drills.faults.errors import NotInjected
from drills.scenarios.model import Scenario
from drills.scenarios.read import read_scenario
from drills.site import Site
from drills.state import DrillCommand, DrillState
from drills.target import Target
from incidents.events import body as b
from incidents.journal import Journal, open_journal
from response.identity import Identity
from response.in_force import in_force, is_drill, keep_round
from response.runs import approve
from runbooks.checks.permission import Permission
from runbooks.settings import RunbooksSettings
from sandbox.servers import free_port
from tests import plain_http
from tests.drills.configured import shop
from tests.program import run_program
from tests.terminal import PROGRAM
from tests.waiting import until
from tui.config.load import load_config
from tui.config.runs import run_settings

OTHER = Identity("op2", "op2")
BEFORE = "# ours\nSEARCH_LATENCY_MS=30\n"
SCENARIO = """
id: bad-day
title: {en: Bad day, zh: 糟糕的一天}
about: {en: Three faults, zh: 三个故障}
runbook: ""
where: configured
limit_s: 120
steady:
  - {id: quick, check: {promql: max(shop_search_seconds), expect: < 1}}
timeline:
  - {at_s: 0, fault: slow-search, for_s: LASTS, params: {value: 2500}}
  - {at_s: 0, fault: no-cache, for_s: LASTS}
  - {at_s: 8, fault: errors, for_s: LASTS}  # a service that restarts answers nobody, and forgets
signals:
  - {id: slow, check: {promql: max(shop_search_seconds), expect: == 2.5}}
  - {id: cold, check: {promql: max(shop_cache_up), expect: == 0}}
  - {id: failing, check: {promql: max(shop_error_ratio), expect: == 0.5}}
oracles:
  - {id: noticed, kind: acknowledged, title: {en: Noticed, zh: 已发现}}
recovered:
  - {id: quick-again, check: {promql: max(shop_search_seconds), expect: < 1}}
  - {id: warm, check: {promql: max(shop_cache_up), expect: == 1}}
  - {id: whole, check: {promql: max(shop_error_ratio), expect: == 0}}
"""


@dataclass(frozen=True)
class Shop:
    """The service, the team's configuration for it, and what of it is as it was."""

    folder: Path
    port: int
    redis_url: str

    @property
    def config(self) -> Path:
        return self.folder / "warroom.toml"

    def settings(self) -> RunSettings:
        return run_settings(load_config(self.config))

    def journal(self) -> Journal:
        return open_journal(self.settings().journal)

    def scenario(self, lasts_s: float) -> Scenario:
        scenario = read_scenario(SCENARIO.replace("LASTS", str(lasts_s)), "bad-day.yaml").scenario
        assert scenario is not None
        return scenario

    def site(self) -> Site:
        return Site(
            target=Target(config=self.config, environment="staging"),
            run=self.settings(),
            runbooks=RunbooksSettings(),
            permission=Permission(),
            records=self.folder / "records",
        )

    def broken(self) -> list[str]:
        """By its own word, its file and its Redis."""
        answer = plain_http.get(f"http://127.0.0.1:{self.port}/metrics").text
        values = {name: float(value) for name, value in (line.split() for line in answer.splitlines())}
        parts = {
            "slow-search": values["shop_search_seconds"] > 1,
            "file": (self.folder / "chaos.env").read_text() != BEFORE,
            "no-cache": values["shop_cache_up"] == 0,
            "errors": values["shop_error_ratio"] > 0,
        }
        return [name for name, is_so in parts.items() if is_so]

    def is_broken(self) -> bool:
        with suppress(httpx.TransportError):  # it restarts
            return len(self.broken()) == 4
        return False

    def is_mended(self) -> bool:
        with suppress(httpx.TransportError):
            return not self.broken()
        return False


def start_shop(folder: Path, redis_url: str, *, second: str = "", environment: str = "staging") -> Shop:
    port = free_port()
    (folder / "chaos.env").write_text(BEFORE)
    (folder / "drills").mkdir()
    (folder / "drills" / "bad-day.yaml").write_text(SCENARIO.replace("LASTS", "100"))
    restart = [sys.executable, shop.__file__, "restart", str(folder), str(port), redis_url]
    (folder / "warroom.toml").write_text(f"""
[service]
name = "shop"
environment = "{environment}"
[signals]
metrics = ["scrape"]
redis.url = "{redis_url}"
scrape.targets = [{{ url = "http://127.0.0.1:{port}/metrics", interval_s = 0.5 }}]
[actions]
checkout = "{folder}"
folder = "{folder}/runs"
{second}
[actions.chaos.slow-search]
blast = "whoever searches waits longer"
file = {{ path = "chaos.env", restart = {{ command = {restart!r} }} }}
set = {{ SEARCH_LATENCY_MS = "2000" }}
value = "[1-9][0-9]{{0,4}}"
[actions.chaos.no-cache]
blast = "each page is asked of the database"
redis = {{}}
set = {{ "{shop.CACHE_KEY}" = "1" }}
[actions.chaos.errors]
blast = "half of the requests"
http = {{ url = "http://127.0.0.1:{port}", path = "/chaos" }}
set = {{ error_rate = 0.5 }}
[drills]
scenarios = ["drills"]
records = "records"
[journal]
url = "sqlite:///{folder}/journal.db"
""")
    subprocess.run(restart, check=True)
    return Shop(folder, port, redis_url)


@pytest.fixture
def alone(tmp_path: Path, redis_url: str) -> Iterator[Shop]:
    """A configuration in which nobody else has to agree."""
    started = start_shop(tmp_path, redis_url, second="second_person = []")
    yield started
    shop.end(tmp_path)


@pytest.fixture
def team(tmp_path: Path, redis_url: str) -> Iterator[Shop]:
    started = start_shop(tmp_path, redis_url)
    yield started
    shop.end(tmp_path)


@dataclass
class Drill:
    """One that is conducted in a thread."""

    shop: Shop
    lasts_s: float

    def __post_init__(self) -> None:
        self.commands: SimpleQueue[DrillCommand] = SimpleQueue()
        self.waits: tuple[str, ...] = ()
        self.state: DrillState | None = None
        self.played: Played | None = None
        self.error: BaseException | None = None
        self.thread = threading.Thread(target=self._conduct)
        self.thread.start()

    def _conduct(self) -> None:
        site, scenario = self.shop.site(), self.shop.scenario(self.lasts_s)
        try:
            with closing(self.shop.journal()) as journal:
                plans = plan_faults(scenario, site.run, journal)
            self.played = conduct(
                scenario,
                site,
                master="dm",
                commands=self.commands,
                on_state=lambda state: setattr(self, "state", state),
                plans=plans,
                on_wait=lambda runs: setattr(self, "waits", runs),
            )
        except BaseException as error:  # noqa: BLE001  # the test looks at it
            self.error = error

    def end(self) -> Played:
        self.thread.join(90)
        assert self.error is None, self.error
        assert self.played is not None
        return self.played


def approve_all(on: Shop, drill: Drill) -> None:
    until(lambda: len(drill.waits) == 3 or drill.error)
    assert drill.error is None, drill.error
    with closing(on.journal()) as journal:
        for label in drill.waits:
            run = next(run for name, run in journal.runs() if name == label)
            assert not isinstance(approve(journal, on.settings(), run.id, OTHER), NotInjected)


def test_two_people_agree_then_it_breaks_shows_is_lifted_and_scored(team: Shop) -> None:
    drill = Drill(team, lasts_s=30)
    until(lambda: len(drill.waits) == 3 or drill.error)
    assert team.broken() == [], "nobody else has agreed yet"
    approve_all(team, drill)
    # Beside other work the first may be lifted before the last is broken.
    seen: set[str] = set()

    def have_broken() -> bool:
        with suppress(httpx.TransportError):  # it restarts
            seen.update(team.broken())
        return len(seen) == 4

    until(have_broken)
    command = ("--config", str(team.config), "incident")
    opening = (*command, "open", "--title", "search is slow", "--severity", "SEV2")
    assert run_program(*opening, env=os.environ, cwd=str(team.folder)).returncode == 0
    with closing(team.journal()) as journal:
        (summary,) = journal.history()
        assert summary.drill, "what a drill has broken is a drill"
        until(team.is_mended)
        journal.append(summary.id, "op2", b.Marked(moment="resolved", at=dt.datetime.now(dt.UTC)))
    played = drill.end()
    assert (played.facts.ending, played.score.score) == ("recovered", 100)
    assert sorted(played.facts.shown) == ["cold", "failing", "slow"]
    assert {(each.fault, each.state) for each in played.facts.injections} == {
        ("slow-search", "lifted"),
        ("no-cache", "lifted"),
        ("errors", "lifted"),
    }
    late = [
        (each.lifted_at - each.until).total_seconds() for each in played.facts.injections if each.lifted_at
    ]
    assert all(0 <= each < 30 for each in late), late
    assert drill.state is not None
    assert drill.state.problems == ()


def test_an_incident_that_is_no_drill_ends_it_and_lifts_everything(alone: Shop) -> None:
    drill = Drill(alone, lasts_s=300)
    until(alone.is_broken)
    with closing(alone.journal()) as journal:
        journal.open_incident("op2", b.Opened(title="the shop burns", severity="SEV1"))
    played = drill.end()
    assert played.facts.ending == "aborted"
    assert alone.broken() == []
    assert drill.state is not None
    assert [each.key for each in drill.state.problems] == ["drill.real_incident"]


def test_a_killed_program_leaves_nothing_broken_nothing_planned_and_nothing_running(alone: Shop) -> None:
    with subprocess.Popen(
        [PROGRAM, "--config", str(alone.config), "drill", "run", "bad-day", "--confirm", "shop/staging"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    ) as program:
        until(alone.is_broken)
        (watchdog,) = psutil.Process(program.pid).children()
        program.send_signal(signal.SIGKILL)
    until(alone.is_mended)
    assert redis.Redis.from_url(alone.redis_url).get(shop.CACHE_KEY) is None
    with closing(alone.journal()) as journal:
        until(lambda: all(run.has_ended for _, run in journal.runs()) and injected(journal) == ["undone"] * 3)
    until(lambda: not watchdog.is_running())


def injected(journal: Journal) -> list[str]:
    """How far each run of `chaos.inject` is."""
    return sorted(run.state for _, run in journal.runs() if run.action == "chaos.inject")


@pytest.fixture
def injector(alone: Shop) -> Iterator[AgreedInjector]:
    settings = alone.settings()
    with closing(alone.journal()) as journal:
        plans = plan_faults(alone.scenario(4), settings, journal)
    opened = open_agreed("bad-day", plans, settings, alone.folder / "injections")
    yield opened
    opened.close()


def test_a_killed_watchdog_is_started_anew_and_what_was_not_started_is_cancelled(
    alone: Shop, injector: AgreedInjector
) -> None:
    injector.inject("no-cache", {}, 4)
    until(lambda: "no-cache" in alone.broken())
    with closing(alone.journal()) as journal:
        settings = alone.settings()
        effects = in_force(journal, settings, dt.datetime.now(dt.UTC))
        assert is_drill(effects, settings)
        live = settings.model_copy(update={"environment": "prod"})
        assert not is_drill(effects, live), "in production it may be real"
    first = injector.watchdog
    os.kill(first, signal.SIGKILL)
    until(lambda: injector.injections() and injector.watchdog != first)
    until(lambda: injector.injections()[0].state == "lifted")
    assert alone.broken() == []
    injector.close()
    with closing(alone.journal()) as journal:
        assert injected(journal) == ["cancelled", "cancelled", "undone"]


def test_with_both_killed_whoever_keeps_what_is_in_force_lifts_it_at_its_deadline(
    alone: Shop, injector: AgreedInjector
) -> None:
    """As `warroom keep` and every open board do; here the owner only looks away."""
    injector.inject("errors", {}, 4)
    until(lambda: "errors" in alone.broken())
    os.kill(injector.watchdog, signal.SIGKILL)
    later = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=60)
    with closing(alone.journal()) as journal:
        until(lambda: all(run.has_ended or not run.was_begun for _, run in journal.runs()))
        keep_round(journal, alone.settings(), OTHER, later)
    until(lambda: alone.broken() == [])


def test_what_may_not_be_is_refused_with_a_sentence_before_anything_is_planned(alone: Shop) -> None:
    config, scenario = alone.config.read_text(), (alone.folder / "drills" / "bad-day.yaml").read_text()

    def refused(expected: str, *arguments: str, name: str = "shop/staging") -> None:
        done = run_program(
            "--config", str(alone.config), "drill", "run", *(arguments or ("bad-day",)), "--confirm", name,
            env=os.environ, cwd=str(alone.folder),
        )  # fmt: skip
        assert done.returncode in (2, 3), done.stdout + done.stderr
        assert expected in done.stderr
        assert "Traceback" not in done.stderr
        with closing(alone.journal()) as journal:
            assert journal.runs() == []
        assert alone.broken() == []

    refused("shop/staging", name="shop")
    refused("latency-llm", "latency-llm")
    refused("sandbox", "bad-day", "--autopilot")
    (alone.folder / "drills" / "bad-day.yaml").write_text(scenario.replace("no-cache", "no-cash"))
    refused("no-cache")
    (alone.folder / "drills" / "bad-day.yaml").write_text(scenario)
    alone.config.write_text(config.replace('"staging"', '"prod"'))
    refused("allow_chaos", name="shop/prod")
    alone.config.write_text(config)
    with closing(alone.journal()) as journal:
        journal.open_incident("op2", b.Opened(title="the shop burns", severity="SEV1"))
    refused("the shop burns")
