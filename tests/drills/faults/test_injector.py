"""Faults in a real sandbox: what was there is put back, at the deadline, on abort, and whoever dies."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
import redis

from drills.faults.errors import NotInjected
from drills.faults.injector import Injector, open_injector
from drills.faults.registry import faults
from drills.target import Target
from sandbox.breakages.control import SandboxGone, ask
from tests import plain_http, waiting
from tests.drills.faults.world import BROKEN, slots
from tests.e2e.stack import Stack, processes_in, running
from tests.program import run_program
from tests.terminal import PROGRAM

KEEP = "OTHER=mine\n"


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with running() as started:
        yield started


@pytest.fixture
def target(stack: Stack) -> Target:
    return target_of(stack)


def target_of(stack: Stack) -> Target:
    return Target(config=Path(stack.told["config"]), environment="sandbox", sandbox=Path(stack.folder))


@pytest.fixture
def injector(target: Target, tmp_path: Path) -> Iterator[Injector]:
    with open_injector(target, tmp_path / "injections") as opened:
        yield opened


def until(what: Callable[[], object], why: str, seconds: float = 15) -> float:
    """How long it took until this was so."""
    began = time.monotonic()
    while not what():
        assert time.monotonic() - began < waiting.SLOW * seconds, why
        time.sleep(0.02)
    return time.monotonic() - began


def env_file(target: Target) -> str:
    assert target.sandbox is not None
    return (target.sandbox / ".env").read_text()


def test_what_was_there_is_put_back_and_never_a_default(target: Target, injector: Injector) -> None:
    assert target.sandbox is not None
    path = target.sandbox / ".env"
    was = path.read_text()
    path.write_text(was + KEEP + "CHAOS_LLM_LATENCY_MS=7\n")
    try:
        injection = injector.inject("chaos-llm-latency", {"ms": "2500"}, 60)
        assert "CHAOS_LLM_LATENCY_MS=2500" in env_file(target)
        path.write_text(env_file(target).replace(KEEP, "OTHER=yours\n"))  # somebody works on it meanwhile
        assert injector.lift(injection.id).state == "lifted"
        assert "CHAOS_LLM_LATENCY_MS=7\n" in env_file(target)
        assert "OTHER=yours\n" in env_file(target)
        assert injector.lift(injection.id).state == "lifted", "twice is no error"
    finally:
        path.write_text(was)
    with_nothing = injector.inject("chaos-redis-down", for_s=60)
    assert "CHAOS_REDIS_DOWN=true" in env_file(target)
    injector.lift(with_nothing.id)
    assert env_file(target) == was


def test_a_broker_that_was_stopped_comes_back_with_what_it_held(stack: Stack, injector: Injector) -> None:
    password = Path(stack.told["valkey_password_file"]).read_text()
    broker = redis.Redis(port=stack.told["valkey"], password=password)
    broker.set("kept", "yes")
    injection = injector.inject("redis-stopped", for_s=60)
    with pytest.raises(redis.ConnectionError):
        broker.ping()
    injector.lift(injection.id)
    assert broker.get("kept") == b"yes"


def in_the_model(stack: Stack) -> float:
    """How many calls of the model have begun and not ended."""
    lines = plain_http.get(stack.url("service", "/metrics")).text.splitlines()
    begun, ended = "chimera_llm_cache_misses_total", "chimera_llm_latency_seconds_count"

    def count(name: str) -> float:
        return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(name))

    return count(begun) - count(ended)


def test_who_waits_for_the_slow_model_is_free_once_it_is_lifted(stack: Stack, injector: Injector) -> None:
    injection = injector.inject("chaos-llm-latency", {"ms": "120000"}, 100)
    pages, header = stack.url("service", "/interactions"), stack.control()
    for number in range(3):  # more than there are processes
        option = {"type": 3, "name": "match", "value": f"NA1_471{number}"}
        document = {
            "type": 2,
            "id": f"slow-{number}",
            "application_id": "1",
            "token": f"slow-{number}",
            "data": {"type": 1, "name": "analyze", "options": [option]},
        }
        assert plain_http.post(pages, json=document, headers=header).json() == {"type": 5}
    until(lambda: in_the_model(stack) == 2, "the model is not waited for", 60)
    injector.lift(injection.id)

    def states() -> set[str]:
        records = plain_http.get(pages, params={"prefix": "slow-"}, headers=header).json()["records"]
        return {str(record["state"]) for record in records}

    until(lambda: states() == {"succeeded"}, "they still wait", 60)


def test_one_part_is_broken_in_one_way_at_a_time(injector: Injector) -> None:
    first = injector.inject("worker-hung", {"worker": "analyze"}, 60)
    with pytest.raises(NotInjected):
        injector.inject("worker-killed", {"worker": "analyze"}, 60)
    assert [each.state for each in injector.injections()] == ["injected", "failed"]
    injector.lift(first.id)


def test_it_is_lifted_within_a_second_of_its_deadline(target: Target, injector: Injector) -> None:
    injection = injector.inject("chaos-llm-errors", {"rate": "0.5"}, 1)
    until(lambda: "CHAOS_LLM_ERROR_RATE" not in env_file(target), "it is not lifted")
    late_s = (dt.datetime.now(dt.UTC) - injection.until).total_seconds()
    assert 0 <= late_s < 1, late_s
    until(lambda: injector.injections()[0].state == "lifted", "the record does not say so")


OWNER = """
import sys, time
from pathlib import Path
from drills.faults.injector import open_injector
from drills.target import Target
folder, injections, for_s = Path(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3])
target = Target(config=folder / "warroom.toml", environment="sandbox", sandbox=folder)
injector = open_injector(target, injections)
for each in sys.argv[4:]:
    fault, _, rest = each.partition(" ")
    injector.inject(fault, dict(pair.split("=") for pair in rest.split()), for_s)
print(injector.watchdog, flush=True)
time.sleep(600)
"""


@contextlib.contextmanager
def owner(target: Target, folder: Path, for_s: float, *faults: str) -> Iterator[tuple[int, int]]:
    """A program that has injected: its process and that of its watchdog."""
    wanted = faults or ("chaos-llm-latency ms=900",)
    process = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(target.sandbox), str(folder), str(for_s), *wanted],
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        yield process.pid, int(process.stdout.readline())
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def is_broken(target: Target) -> bool:
    return "CHAOS_LLM_LATENCY_MS=900" in env_file(target)


def is_gone(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_a_killed_program_leaves_nothing_broken_and_nothing_running(target: Target, tmp_path: Path) -> None:
    with owner(target, tmp_path / "i", 300) as (program, watchdog):
        assert is_broken(target)
        os.kill(program, signal.SIGKILL)
        assert until(lambda: not is_broken(target), "nobody lifted it") < 2
        until(lambda: is_gone(watchdog), "the watchdog stayed")


def test_a_killed_watchdog_is_started_anew(target: Target, tmp_path: Path, injector: Injector) -> None:
    injection, first = injector.inject("chaos-llm-latency", {"ms": "900"}, 3), injector.watchdog
    os.kill(first, signal.SIGKILL)
    until(lambda: injector.watchdog != first and not is_gone(injector.watchdog), "no other watchdog")
    assert is_broken(target)
    until(lambda: not is_broken(target), "nobody lifted it")
    assert (dt.datetime.now(dt.UTC) - injection.until).total_seconds() < 1


def test_with_program_and_watchdog_killed_the_sandbox_mends_at_the_deadline(
    target: Target, tmp_path: Path
) -> None:
    with owner(target, tmp_path / "i", 4) as (program, watchdog):
        os.kill(watchdog, signal.SIGKILL)
        os.kill(program, signal.SIGKILL)
        until(lambda: is_gone(program), "it lives")
        assert is_broken(target)
        until(lambda: not is_broken(target), "nobody lifted it")
    folder = target.sandbox
    assert folder is not None
    until(lambda: not ask(folder, "list")["broken"], "it is still called broken")
    with open_injector(target, tmp_path / "i") as next_owner:
        assert [each.state for each in next_owner.injections()] == ["lifted"], "the next program says so"


def test_a_killed_supervisor_takes_the_sandbox_down_whoever_is_left(tmp_path: Path) -> None:
    """Three programs have broken it: of one both are left, of one the watchdog, of one the program. None waits for it."""
    with running() as own, contextlib.ExitStack() as owners:
        target, folder = target_of(own), own.folder
        groups = (
            ("worker-hung worker=fetch", "postgres-lock", "chaos-llm-errors"),
            ("worker-hung worker=analyze", "retry-storm", "cdn-404"),
            ("leaked-key", "redis-stopped"),
        )
        (both, beside), (left, watching), (program, guarding) = (
            owners.enter_context(owner(target, tmp_path / str(number), 300, *faults))
            for number, faults in enumerate(groups)
        )
        os.kill(left, signal.SIGKILL)
        os.kill(guarding, signal.SIGKILL)
        own.supervisor().kill()
        until(lambda: not Path(folder).exists(), "the sandbox stayed", 20)
        for process in (both, program):
            os.kill(process, signal.SIGKILL)
        until(lambda: not processes_in(folder), "a part of it stayed")
        for watchdog in (beside, watching, guarding):
            until(lambda: is_gone(watchdog), "a watchdog stayed")  # noqa: B023  # at once
        until(lambda: not watchdogs_of(tmp_path), "one that was started anew stayed")
    assert target.sandbox is not None
    with pytest.raises(SandboxGone):
        ask(target.sandbox, "list")


def watchdogs_of(folder: Path) -> list[int]:
    return [
        process.pid
        for process in psutil.process_iter(["cmdline"])
        if "drills.faults.watchdog" in (line := process.info["cmdline"] or ())
        and any(word.startswith(str(folder)) for word in line)
    ]


def test_every_fault_breaks_what_it_says_and_puts_it_back(stack: Stack, injector: Injector) -> None:
    """One after the other; what it is seen by is asked before, during and after."""
    installed = {name: is_broken for name, is_broken in BROKEN.items() if is_here(name, stack)}
    assert {name.split()[0] for name in BROKEN} == faults().keys()
    for name, is_broken in installed.items():
        fault, _, rest = name.partition(" ")
        assert not is_broken(stack), f"{fault}: broken before"
        injection = injector.inject(fault, dict(pair.split("=") for pair in rest.split()), 60)
        until(lambda: is_broken(stack), f"{fault}: not broken", 10)  # noqa: B023  # at once
        injector.lift(injection.id)
        until(lambda: not is_broken(stack), f"{fault}: not put back", 10)  # noqa: B023  # at once
    assert slots_of(stack) == [("blue", "v2.2.1")], "the slots are as they were"


def test_a_program_killed_amid_all_faults_leaves_nothing_broken(stack: Stack, tmp_path: Path) -> None:
    together = [name for name in BROKEN if is_here(name, stack) and name != "migration-half-way"]
    with owner(target_of(stack), tmp_path / "i", 300, *together) as (program, watchdog):
        for name in together:
            if not name.startswith(("queue", "retry", "clock", "cost")):  # these need what is broken besides
                assert BROKEN[name](stack), name
        os.kill(program, signal.SIGKILL)
        until(lambda: is_gone(watchdog), "the watchdog has not done yet", 30)
    for name in together:
        until(lambda: not BROKEN[name](stack), f"{name}: not put back", 10)  # noqa: B023  # at once
    assert ask(Path(stack.folder), "list")["broken"] == []


def is_here(name: str, stack: Stack) -> bool:
    """Whether this machine has the part that it breaks."""
    return all(stack.told[part] for part in ("prometheus", "alertmanager") if name.startswith(part))


def slots_of(stack: Stack) -> list[tuple[str, str]]:
    return [(each["slot"], each["version"]) for each in slots(stack)["releases"] if each.get("slot")]


def test_from_the_command_line_it_ends_with_its_time_and_with_its_reader(
    target: Target, tmp_path: Path
) -> None:
    command = [PROGRAM, "--config", str(target.config), "drill", "inject", "chaos-llm-errors"]
    done = subprocess.run([*command, "--for", "1s", "--json"], capture_output=True, text=True, check=True)
    states = [json.loads(line)["state"] for line in done.stdout.splitlines()]
    assert states == ["injected", "lifted"]
    buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    process = subprocess.Popen(
        [*command, "--param", "rate=0.9"], stdout=subprocess.PIPE, text=True, env=buffered
    )
    assert process.stdout is not None
    assert "chaos-llm-errors" in process.stdout.readline()
    assert "CHAOS_LLM_ERROR_RATE=0.9" in env_file(target)
    process.send_signal(signal.SIGINT)
    process.wait(80)
    process.stdout.close()
    assert "CHAOS_LLM_ERROR_RATE" not in env_file(target)


def test_what_the_chaos_runbook_offers_works_on_a_sandbox(stack: Stack, target: Target) -> None:
    """The same action as on a system of one's own; here nobody else has to agree."""
    on = ("--config", str(target.config))
    name = str(Path(stack.told["env"]))
    done = run_program(
        *on, "run", "chaos.inject", "--param", "fault=chaos-llm-latency", "--param", "value=1500",
        "--confirm", f"chaos-llm-latency ({name})", env=os.environ, cwd=stack.folder,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "CHAOS_LLM_LATENCY_MS=1500" in env_file(target)
    assert run_program(*on, "runs", "undo", "1", "--yes", env=os.environ, cwd=stack.folder).returncode == 0
    assert "CHAOS_LLM_LATENCY_MS" not in env_file(target)
