"""The manual's verification points in a real sandbox, with and without faults, and what can't be known elsewhere."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import psutil
import pytest

from core.message import say
from drills.faults.injector import open_injector
from drills.faults.registry import faults
from drills.probes import failed_recorded
from drills.probes.made import Made, Move
from drills.probes.model import ProbeResult
from drills.probes.no_process_died import judge
from drills.probes.processes import Processes, Worker, ask_workers, read_processes
from drills.probes.reach import service_names
from drills.probes.registry import probes, run_probes
from drills.probes.settings import ProbesSettings
from drills.target import Target
from incidents.events.run_body import Restarted
from sandbox.children import SUPERVISOR
from signals.reading import Verdict
from signals.settings import SignalsSettings
from tests import waiting
from tests.e2e.stack import Stack, processes_in, running
from tests.program import run_program
from tui.config.load import load_config


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with running() as started:
        yield started


def ask(stack: Stack, *ids: str, before: Processes | None = None, **update: object) -> dict[str, ProbeResult]:
    config = load_config(Path(stack.told["config"]))
    target = Target(config=Path(stack.told["config"]), environment="sandbox", sandbox=Path(stack.folder))
    settings = config.drills.probes.model_copy(update=update)
    return {each.id: each for each in run_probes(target, settings, config.signals, ids, before=before)}


def test_every_probe_is_well_in_a_well_sandbox_but_no_template_had_to_take_over(stack: Stack) -> None:
    run = run_program(
        "drill", "probe", "--count", "2", "--json", "--config", stack.told["config"], env=os.environ, cwd="."
    )
    results = {each["id"]: each for each in json.loads(run.stdout)}
    assert {name: each["verdict"] for name, each in results.items()} == {
        "defer-analyze": "ok",
        "defer-team-analyze": "ok",
        "failed-recorded": "ok",
        "no-process-died": "ok",
        "template-takes-over": "unknown",
    }, results
    assert run.returncode == 2
    assert list(results)[-1] == "no-process-died", "it looks back on the others"
    assert 0 < results["defer-analyze"]["numbers"]["slowest_ms"] < 3000
    recorded = results["failed-recorded"]["numbers"]
    assert recorded["recorded_failed"] == recorded["must_fail"] == 2
    assert recorded["sent"] == recorded["succeeded"] + recorded["failed"] + recorded["waiting"]


def test_a_worker_that_dies_is_seen_by_its_number(stack: Stack, tmp_path: Path) -> None:
    kept = tmp_path / "before.json"
    command = ("drill", "probe", "no-process-died", "--before", str(kept), "--config", stack.told["config"])
    first = run_program(*command, env=os.environ, cwd=".")
    assert first.returncode == 0, first.stdout + first.stderr
    workers = read_processes(kept.read_text()).workers
    assert workers is not None
    name = next(name for name in workers if name.startswith("analyze"))
    child = workers[name].children[0]
    os.kill(child, signal.SIGKILL)
    deadline = waiting.deadline(10)
    while psutil.pid_exists(child):  # until its worker has seen it
        assert time.monotonic() < deadline
        time.sleep(0.1)
    second = run_program(*command, env=os.environ, cwd=".")
    assert (second.returncode, name in second.stdout) == (1, True), second.stdout


ALL_IN_TIME = [("ok", 0)] * 2


def test_users_are_deferred_in_time_under_each_fault(stack: Stack, tmp_path: Path) -> None:
    """One after the other, each whole; the broker that is gone has a test of its own."""
    target = Target(config=Path(stack.told["config"]), environment="sandbox", sandbox=Path(stack.folder))
    here = [name for name in faults() if is_here(name, stack) and name != "redis-stopped"]
    verdicts = {}
    with open_injector(target, tmp_path / "injections") as injector:
        for fault in here:
            injection = injector.inject(fault, {}, 60)
            for _ in range(2):  # a machine that does other things may be late once; a fault is late each time
                results = ask(stack, "defer-analyze", "defer-team-analyze", count=2)
                verdicts[fault] = [(each.verdict.value, each.numbers["late"]) for each in results.values()]
                if verdicts[fault] == ALL_IN_TIME:
                    break
            injector.lift(injection.id)
    assert verdicts == dict.fromkeys(here, ALL_IN_TIME)


def is_here(fault: str, stack: Stack) -> bool:
    """Whether this machine has the part that it breaks."""
    return all(stack.told[part] for part in ("prometheus", "alertmanager") if fault.startswith(part))


def test_a_template_takes_over_when_the_model_fails(stack: Stack, tmp_path: Path) -> None:
    target = Target(config=Path(stack.told["config"]), environment="sandbox", sandbox=Path(stack.folder))
    with open_injector(target, tmp_path / "injections") as injector:
        injector.inject("chaos-llm-errors", {"rate": "1"}, 60)
        results = ask(stack, "template-takes-over", "defer-analyze", count=4)
    taken = results["template-takes-over"]
    assert taken.verdict is Verdict.OK, taken
    assert (taken.numbers["template_share"], taken.numbers["error"]) == (1.0, 0)
    assert results["defer-analyze"].verdict is Verdict.OK


def test_a_service_that_hangs_defers_nobody(stack: Stack) -> None:
    process = next(
        each
        for each in psutil.process_iter(["cmdline"])
        if "sandbox.service" in " ".join(each.info["cmdline"] or ())
        and stack.folder in " ".join(each.info["cmdline"])
    )
    process.suspend()
    try:
        (result,) = ask(stack, "defer-analyze", count=2).values()
    finally:
        process.resume()
    assert result.verdict is Verdict.BURNING
    assert (result.numbers["late"], result.numbers["sent"]) == (2, 2)


def test_without_a_broker_users_are_deferred_in_time_and_their_failures_recorded(
    stack: Stack, tmp_path: Path
) -> None:
    target = Target(config=Path(stack.told["config"]), environment="sandbox", sandbox=Path(stack.folder))
    with open_injector(target, tmp_path / "injections") as injector:
        injector.inject("redis-stopped", {}, 60)
        results = ask(
            stack, "defer-analyze", "defer-team-analyze", "failed-recorded", "template-takes-over", count=4
        )
    for each in ("defer-analyze", "defer-team-analyze", "failed-recorded"):
        assert results[each].verdict is Verdict.OK, results[each]
    assert results["failed-recorded"].numbers["failed"] == 4
    shown = results["template-takes-over"]
    assert (shown.verdict, shown.numbers["error"]) == (Verdict.BURNING, 4), "an error is no analysis"


def test_a_worker_that_ends_without_its_broker_is_named_and_works_once_the_broker_is_back(
    stack: Stack, tmp_path: Path
) -> None:
    config = Path(stack.told["config"])
    signals = load_config(config).signals
    target = Target(config=config, environment="sandbox", sandbox=Path(stack.folder))

    def fetch() -> psutil.Process:
        own = [psutil.Process(pid) for pid in processes_in(stack.folder)]
        return next(each for each in own if "fetch@sandbox" in each.cmdline())

    with open_injector(target, tmp_path / "injections") as injector:
        stopped = injector.inject("redis-stopped", {}, 60)
        before = fetch()
        before.kill()
        injector.lift(stopped.id)
    deadline = waiting.deadline(90)
    while set(workers := ask_workers(signals)) != {"analyze@sandbox", "fetch@sandbox"}:
        assert time.monotonic() < deadline, workers
    assert workers["fetch@sandbox"].pid != before.pid
    named = (Path(stack.folder) / SUPERVISOR).read_text()
    assert f"worker-1 (pid {before.pid}) ended with -9" in named


def test_what_is_not_configured_is_unknown_and_says_so(tmp_path: Path) -> None:
    target = Target(config=tmp_path / "warroom.toml", environment="staging")
    results = run_probes(target, ProbesSettings(), SignalsSettings())
    assert {each.id for each in results} == set(probes())
    assert {each.verdict for each in results} == {Verdict.UNKNOWN}


@pytest.mark.parametrize(
    ("script", "verdict"),
    [
        ("print('{\"deferred_ms\": 12}')", Verdict.OK),
        ("print('{\"deferred_ms\": 4000}')", Verdict.BURNING),
        ("print('sent')", Verdict.UNKNOWN),
        ("raise SystemExit(1)", Verdict.BURNING),
    ],
)
def test_a_command_can_send_and_says_itself_how_long_it_took(
    script: str, verdict: Verdict, tmp_path: Path
) -> None:
    settings = ProbesSettings(send=("python3", "-c", script, "{command}", "{id}"), count=1)
    target = Target(config=tmp_path / "warroom.toml", environment="staging")
    (result,) = run_probes(target, settings, SignalsSettings(), ["defer-analyze"])
    assert result.verdict is verdict, result


W = Worker(10, (11, 12), recycles=False)


@pytest.mark.parametrize(
    ("after", "services", "verdict"),
    [
        ({"w": W}, {"s": 1.0}, Verdict.OK),
        ({"w": Worker(20, (11, 12), recycles=False)}, {"s": 1.0}, Verdict.BURNING),
        ({"w": Worker(10, (11, 13), recycles=False)}, {"s": 1.0}, Verdict.BURNING),
        ({"w": Worker(10, (11,), recycles=False)}, {"s": 1.0}, Verdict.OK),
        ({}, {"s": 1.0}, Verdict.UNKNOWN),
        (None, {"s": 1.0}, Verdict.UNKNOWN),
        ({"w": W}, {"s": 99.0}, Verdict.BURNING),
        ({"w": W}, {}, Verdict.UNKNOWN),
    ],
)
def test_silence_is_not_death_but_another_number_is(
    after: Mapping[str, Worker] | None, services: Mapping[str, float], verdict: Verdict
) -> None:
    before = Processes({"w": W}, {"s": 1.0})
    assert judge(before, Processes(after, services), Made(), is_local=False).verdict is verdict


def restart(before: int, pid: int) -> tuple[str, Restarted]:
    return f"RUN-{pid}", Restarted(worker="w", before=before, pid=pid)


def other(pid: int) -> Worker:
    return Worker(pid, (21, 22), recycles=False)


DOUBT = Made(running=("RUN-7",))


@pytest.mark.parametrize(
    ("pid", "started", "made", "verdict", "key"),
    [
        (20, 1.0, Made(restarts=(restart(10, 20),)), Verdict.OK, "alive_changed"),
        (30, 1.0, Made(restarts=(restart(10, 20), restart(20, 30))), Verdict.OK, "alive_changed"),
        (40, 1.0, Made(restarts=(restart(10, 20), restart(20, 30))), Verdict.BURNING, "died"),
        (20, 1.0, Made(restarts=(restart(15, 20),)), Verdict.BURNING, "died"),
        (20, 1.0, DOUBT, Verdict.UNKNOWN, "others"),
        (20, 1.0, Made(problem=say("probes.no_journal", why="?")), Verdict.UNKNOWN, "others"),
        (10, 50.0, Made(moves=(Move("RUN-1", 60.0),)), Verdict.OK, "alive_changed"),
        (10, 90.0, Made(moves=(Move("RUN-1", 60.0),)), Verdict.BURNING, "died"),
        (20, 50.0, Made(moves=(Move("RUN-1", 60.0),)), Verdict.BURNING, "died"),
    ],
)
def test_what_an_action_made_is_no_death_and_what_came_after_it_is(
    pid: int, started: float, made: Made, verdict: Verdict, key: str
) -> None:
    before = Processes({"w": W}, {"s": 1.0})
    now = W if pid == W.pid else other(pid)
    result = judge(before, Processes({"w": now}, {"s": started}), made, is_local=False)
    assert (result.verdict, result.text.key) == (verdict, f"probes.{key}")


def test_a_restart_and_a_switch_by_actions_are_no_deaths_but_a_killed_worker_is(
    stack: Stack, tmp_path: Path
) -> None:
    kept = tmp_path / "before.json"

    def warroom(*words: str) -> tuple[int, str]:
        done = run_program(*words, "--config", stack.told["config"], env=os.environ, cwd=".", timeout=480)
        return done.returncode, done.stdout + done.stderr

    probe = ("drill", "probe", "no-process-died", "--before", str(kept))
    code, output = warroom(*probe)
    assert code == 0, output
    for action in (
        ("workers.restart",),
        ("release.deploy", "--param", "version=v2.3.0"),
        ("release.switch",),
    ):
        code, output = warroom("run", *action, "--yes")
        assert code == 0, output
    code, output = warroom(*probe)
    assert (code, output.count("RUN-")) == (0, 2), output
    own = [psutil.Process(pid) for pid in processes_in(stack.folder)]
    next(each for each in own if "fetch@sandbox" in each.cmdline()).kill()
    code, output = warroom(*probe)
    assert (code, "died or started anew: fetch@sandbox" in output) == (1, True), output


GOOD, BAD = ("p-good-analyze-0", "p-good-analyze-1"), ("p-bad-analyze-0", "p-bad-analyze-1")


@pytest.mark.parametrize(
    ("good", "bad", "rise", "verdict", "key"),
    [
        ("succeeded", "failed", 2.0, Verdict.OK, "failed_ok"),
        ("waiting", "failed", 2.0, Verdict.OK, "failed_ok"),
        ("waiting", "failed", None, Verdict.OK, "failed_ok"),
        ("succeeded", "waiting", 0.0, Verdict.UNKNOWN, "failed_waiting"),
        ("unknown", "failed", 2.0, Verdict.UNKNOWN, "failed_waiting"),
        ("succeeded", "failed", 1.0, Verdict.BURNING, "failed_uncounted"),
        ("failed", "failed", 2.0, Verdict.BURNING, "failed_uncounted"),
        ("succeeded", "succeeded", 0.0, Verdict.BURNING, "failed_lost"),
        ("", "failed", 2.0, Verdict.BURNING, "failed_lost"),
    ],
)
def test_what_has_to_fail_decides_and_what_only_waits_is_not_lost(
    good: str, bad: str, rise: float | None, verdict: Verdict, key: str
) -> None:
    settings = ProbesSettings.model_validate({"records": {"url": "http://records"}})
    states = {each: state for ids, state in ((GOOD, good), (BAD, bad)) for each in ids if state}
    result = failed_recorded.judge(settings, [*BAD, *GOOD], states, rise)
    assert (result.verdict, result.text.key) == (verdict, f"probes.{key}")


def test_a_process_is_called_by_its_address_whoever_tells_of_it() -> None:
    name = {"__name__": "process_start_time_seconds", "instance": "bot:3000"}
    by_prometheus, by_scrape = name | {"job": "bot", "service": "app"}, name | {"job": "scrape"}
    assert service_names([by_prometheus]) == service_names([by_scrape]) == ["bot:3000"]
    assert service_names([by_prometheus, by_scrape]) == [
        "instance=bot:3000,job=bot,service=app",
        "instance=bot:3000,job=scrape",
    ], "one address, two jobs"
    assert service_names([{"job": "bot"}]) == ["job=bot"]
