"""A leaked key over the real stack: revoked at the provider, replaced in the service, and proved by the runbook's checks."""

from __future__ import annotations

import os
import re
import signal
import time
from pathlib import Path

import httpx
import psutil

from sandbox.keys import read_keys
from tests.e2e.stack import Stack, processes_in, running
from tests.program import run_program

TIMEOUT_S = 40


def test_a_revoked_key_stops_the_service_until_the_new_one_is_in_force() -> None:
    with running() as stack:
        env = Path(stack.told["env"])
        old = read_keys(env)["riot"]
        _wait_for_more(stack, "success")
        new = httpx.post(stack.url("outside", "/portal/riot"), headers=stack.control()).json()["RIOT_API_KEY"]
        _wait_for_more(stack, "error")
        env.write_text(env.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
        workers = _workers(stack)
        for worker in workers:
            worker.send_signal(signal.SIGHUP)  # as containers that are created anew
        _wait_for_more(stack, "success")
        assert {one.pid for one in workers} == {one.pid for one in _workers(stack)}
        _incident(stack, "open", "--title", "leak", "--severity", "SEV1", "--runbook", "key-leak")
        _incident(stack, "confirm", "1", "first", "--yes")
        assert "HTTP 403" in _incident(stack, "tick", "1", "riot-old-dead", OLD_RIOT_API_KEY=old)
        assert "HTTP 200" in _incident(stack, "tick", "1", "riot-new-alive", RIOT_API_KEY=new)
        shown = _incident(stack, "show", "1", "--json")
        assert "HTTP 403" in shown
        assert old not in shown
        assert new not in shown


def _workers(stack: Stack) -> list[psutil.Process]:
    """The two that were started, without the processes that they fork."""
    own = [psutil.Process(pid) for pid in processes_in(stack.folder)]
    ran_by = {one.pid: one.cmdline() for one in own}
    return [one for one in own if "worker" in ran_by[one.pid] and "worker" not in ran_by.get(one.ppid(), ())]


def _wait_for_more(stack: Stack, status: str) -> None:
    """Until the service counts another call to Riot with this outcome."""
    sample = re.compile(rf'^chimera_riot_api_requests_total{{.*status="{status}".*}} (\S+)$', re.MULTILINE)

    def count() -> float:
        return sum(map(float, sample.findall(httpx.get(stack.url("service", "/metrics")).text)))

    before, deadline = count(), time.monotonic() + TIMEOUT_S
    while count() <= before:
        assert time.monotonic() < deadline, f"no call to Riot ended as {status!r}"
        time.sleep(0.5)


def _incident(stack: Stack, *words: str, **environment: str) -> str:
    command = ("incident", *words, "--config", stack.told["config"])
    done = run_program(*command, env=os.environ | environment, cwd=Path.cwd())
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr
