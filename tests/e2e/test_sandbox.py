"""The real program over the real stack, in a real terminal; and nothing of it stays behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import httpx
import psycopg
import pytest
import redis

from sandbox.keys import credentials, read_keys
from tests.e2e.stack import processes_in, wait_gone
from tests.terminal import PROGRAM, Terminal


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_every_part_is_real_and_nothing_stays_behind(how: signal.Signals) -> None:
    program = subprocess.Popen([PROGRAM, "sandbox", "--headless"], stdout=subprocess.PIPE)
    assert program.stdout is not None
    ready = json.loads(program.stdout.readline())
    folder = str(Path(ready["config"]).parent)
    assert processes_in(folder)
    if how is signal.SIGTERM:
        with psycopg.connect(ready["postgres_url"]) as connection:
            assert connection.execute("SELECT count(*) FROM user_profiles").fetchone() == (0,)
        if ready["prometheus"]:
            rules = httpx.get(f"http://127.0.0.1:{ready['prometheus']}/api/v1/rules").json()["data"]
            named = {rule["name"] for group in rules["groups"] for rule in group["rules"]}
            assert {"ChimeraLatencyP95Breached", "CeleryQueueBacklog"} <= named
        password = Path(ready["valkey_password_file"]).read_text()
        with redis.Redis(port=ready["valkey"], password=password) as broker:
            assert broker.ping()
        outside = f"http://127.0.0.1:{ready['outside']}"
        key = credentials(read_keys(Path(ready["env"])), "riot")
        assert httpx.get(outside + "/riot/match").status_code == 403
        riot = httpx.get(outside + "/riot/match", headers=key)
        assert riot.headers["X-App-Rate-Limit"] == "20:1,100:120"
        with httpx.Client(headers=key) as client:  # its connection is kept: 25 calls within a second
            answers = [client.get(outside + "/riot/match") for _ in range(25)]
        refused = next(answer for answer in answers if answer.status_code == 429)
        assert refused.headers["X-Rate-Limit-Type"] == "application"
        assert int(refused.headers["Retry-After"]) >= 1
        metrics = f"http://127.0.0.1:{ready['service']}/metrics"
        deadline = time.monotonic() + 30
        while "chimera_request_latency_seconds_count" not in httpx.get(metrics).text:
            assert time.monotonic() < deadline, "no analysis was ever finished"
            time.sleep(0.5)
        build = next(Path(folder, "builds").iterdir()).name
        assert httpx.get(metrics.replace("metrics", f"static/builds/{build}")).status_code == 200
        assert httpx.get(metrics.replace("metrics", "static/builds/none.json")).status_code == 404
        status = subprocess.run(
            [PROGRAM, "status", "--json", "--wait", "8", "--config", ready["config"]],
            capture_output=True,
            text=True,
            check=False,
        )
        told = json.loads(status.stdout)
        assert {panel["id"] for panel in told["panels"]} == {
            "slo",
            "alerts",
            "queues",
            "riot429",
            "ban",
            "llm",
            "cost",
            "release",
        }
        release = next(panel for panel in told["panels"] if panel["id"] == "release")
        assert release["verdict"] == "ok"
        assert release["readings"][0]["source"] in {"scrape", "prometheus"}
        assert release["readings"][0]["age_s"] < 10
    os.kill(program.pid, how)
    program.wait(25)
    program.stdout.close()
    wait_gone(folder)


def test_the_board_opens_over_the_stack_and_its_keys_work() -> None:
    terminal = Terminal([PROGRAM, "sandbox"], 80, 24)
    try:
        terminal.wait_for("Queues")
        terminal.wait_for("v2.2.1", 30)
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
        terminal.read(1.5)
        assert terminal.read(5) == 0, "a paused board sends nothing"
    finally:
        terminal.press("q")
        assert terminal.wait_end(40) == 0


def test_the_manuals_chaos_switches_degrade_answers_without_failing_the_requests() -> None:
    program = subprocess.Popen(
        [PROGRAM, "sandbox", "--headless"],
        stdout=subprocess.PIPE,
        env={**os.environ, "CHAOS_LLM_ERROR_RATE": "1", "CHAOS_REDIS_DOWN": "true"},
    )
    assert program.stdout is not None
    try:
        ready = json.loads(program.stdout.readline())
        metrics = f"http://127.0.0.1:{ready['service']}/metrics"
        deadline = time.monotonic() + 30
        while 'chimera_request_total{outcome="success"' not in (page := httpx.get(metrics).text):
            assert time.monotonic() < deadline, "no request succeeded while the model failed"
            time.sleep(0.5)
        assert 'chimera_degraded_total{mode="team",reason="llm_error"}' in page
        assert 'chimera_llm_requests_total{model="sandbox-model",status="success"}' not in page
    finally:
        program.terminate()
        program.wait(25)
        program.stdout.close()
    wait_gone(str(Path(ready["config"]).parent))
