"""The real program over the real stack, in a real terminal; and nothing of it stays behind."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import psycopg
import redis

from sandbox.keys import credentials, read_keys
from tests import plain_http, waiting
from tests.e2e.stack import Stack, processes_in, running
from tests.terminal import PROGRAM, Terminal


def test_every_part_is_real_and_goes_when_its_terminal_hangs_up() -> None:
    with running() as stack:
        told, folder = stack.told, Path(stack.folder)
        assert processes_in(stack.folder)
        with psycopg.connect(told["postgres_url"]) as connection:
            assert connection.execute("SELECT count(*) FROM user_profiles").fetchone() == (0,)
        if told["prometheus"]:
            rules = plain_http.get(stack.url("prometheus", "/api/v1/rules")).json()["data"]
            named = {rule["name"] for group in rules["groups"] for rule in group["rules"]}
            assert {"ChimeraLatencyP95Breached", "CeleryQueueBacklog"} <= named
        password = Path(told["valkey_password_file"]).read_text()
        with redis.Redis(port=told["valkey"], password=password) as broker:
            assert broker.ping()
        _riot_refuses_what_is_too_much(stack)
        stack.wait_for_metric("chimera_request_latency_seconds_count", "no analysis was ever finished")
        build = next(folder.joinpath("builds").iterdir()).name
        assert plain_http.get(stack.url("service", f"/static/builds/{build}")).status_code == 200
        assert plain_http.get(stack.url("service", "/static/builds/none.json")).status_code == 404
        deadline = waiting.deadline(60)
        while True:
            panels = _status(told["config"])
            assert set(panels) == {"slo", "alerts", "queues", "riot429", "ban", "llm", "cost", "release"}
            release = panels["release"]
            running_release = release["readings"][0]
            assert release["verdict"] == "ok"
            assert running_release["source"] in {"scrape", "prometheus"}
            if running_release["age_s"] < 10:
                break
            assert time.monotonic() < deadline, "the release is never a young reading"
        stack.program.send_signal(signal.SIGHUP)
        stack.program.wait(100)


def _riot_refuses_what_is_too_much(stack: Stack) -> None:
    url = stack.url("outside", "/riot/match")
    key = credentials(read_keys(Path(stack.told["env"])), "riot")
    assert plain_http.get(url).status_code == 403
    assert plain_http.get(url, headers=key).headers["X-App-Rate-Limit"] == "20:1,100:120"
    with plain_http.open_client(headers=key) as client:  # its connection is kept: 25 calls within a second
        answers = [client.get(url) for _ in range(25)]
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert refused.headers["X-Rate-Limit-Type"] == "application"
    assert int(refused.headers["Retry-After"]) >= 1


def _status(config: str) -> dict[str, Any]:
    """Each panel as `warroom status --json` tells it, by its id."""
    done = subprocess.run(
        [PROGRAM, "status", "--json", "--wait", "8", "--config", config],
        capture_output=True,
        text=True,
        check=False,
    )
    return {panel["id"]: panel for panel in json.loads(done.stdout)["panels"]}


def test_the_board_opens_over_the_stack_and_its_keys_work() -> None:
    terminal = Terminal([PROGRAM, "sandbox"], 80, 24)
    try:
        terminal.wait_for("Queues")
        terminal.wait_for("v2.2.1", 60)
        terminal.press("?")
        terminal.wait_gone("Ban forecast")
        terminal.press("\x1b")
        terminal.wait_for("Ban forecast")
        terminal.press("L")
        terminal.wait_for("队列")
        terminal.press("L")
        terminal.wait_for("Queues")
        terminal.resize(20, 5)
        terminal.read(1)
        terminal.resize(120, 40)
        terminal.wait_for("Release & schema")
        terminal.press("p")
        terminal.wait_for("PAUSED")
        deadline = waiting.deadline(10)
        while terminal.read_for(5):
            assert time.monotonic() < deadline, "a paused board sends nothing"
    finally:
        terminal.press("q")
        assert terminal.wait_end(40) == 0


def test_the_manuals_chaos_switches_degrade_answers_and_a_killed_program_leaves_nothing_behind() -> None:
    with running(CHAOS_LLM_ERROR_RATE="1", CHAOS_REDIS_DOWN="true") as stack:
        success = 'chimera_request_total{outcome="success"'
        page = stack.wait_for_metric(success, "no request succeeded while the model failed")
        assert 'chimera_degraded_total{mode="team",reason="llm_error"}' in page
        assert 'chimera_llm_requests_total{model="sandbox-model",status="success"}' not in page
        stack.program.send_signal(signal.SIGKILL)
        stack.program.wait(100)
