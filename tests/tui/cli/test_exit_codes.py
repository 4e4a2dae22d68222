"""The documented exit codes mean what they say, over real servers: 0 ok, 1 burning, 2 unknown, 3 configuration or usage."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import redis
from prometheus_client import CollectorRegistry, Counter

from sandbox.servers import free_port
from tests.bad_servers import BEHAVIOURS, answer, body, serve
from tests.exporter import depth_exporter, exporting
from tests.page import Page, page_server
from tests.terminal import PROGRAM, Terminal
from tests.tui.config.test_config import warroom
from tui.config.discover import _prometheus
from tui.runtime.exit import ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prometheus_client import Gauge

OWN = """
[panels]
show = ["own"]
[[panels.add]]
id = "own"
title = "Own"
queries = [{ name = "depth", unit = "count", expr = "depth", warn = 5, burning = 10 }]
"""


@pytest.fixture
def exporter() -> Iterator[tuple[str, Gauge]]:
    with depth_exporter() as (address, gauge):
        yield f'[signals.scrape]\ntargets = [{{ url = "{address}" }}]\n', gauge


def status(folder: Path, text: str, wait: str = "30") -> tuple[int, dict[str, str]]:
    """The exit code, and the verdict of each panel and of all; it waits while something is unknown."""
    path = folder / "warroom.toml"
    path.write_text(text, encoding="utf-8")
    done = warroom("status", "--json", "--wait", wait, "--config", str(path), folder=folder)
    told = json.loads(done.stdout)
    return done.returncode, {panel["id"]: panel["verdict"] for panel in told["panels"]} | {
        "": told["verdict"]
    }


@pytest.mark.parametrize(
    ("value", "verdict", "code"),
    [
        (1, "ok", ExitCode.OK),
        (7, "warn", ExitCode.OK),
        (11, "burning", ExitCode.BURNING),
        (float("nan"), "unknown", ExitCode.UNKNOWN),
    ],
)
def test_a_value_decides(
    tmp_path: Path, exporter: tuple[str, Gauge], value: float, verdict: str, code: ExitCode
) -> None:
    source, gauge = exporter
    gauge.set(value)
    assert status(tmp_path, source + OWN) == (code, {"own": verdict, "": verdict})


def test_what_burns_goes_before_what_is_unknown(tmp_path: Path, exporter: tuple[str, Gauge]) -> None:
    source, gauge = exporter
    gauge.set(11)
    text = 'service.profile = "chimera"\n' + source + OWN.replace('show = ["own"]', 'show = ["own", "llm"]')
    wait = "3"  # the whole of it: nothing ever tells of `llm`
    assert status(tmp_path, text, wait) == (
        ExitCode.BURNING,
        {"own": "burning", "llm": "unknown", "": "burning"},
    )
    gauge.set(7)
    code, verdicts = status(tmp_path, text, wait)
    assert (code, verdicts["own"], verdicts["llm"]) == (ExitCode.UNKNOWN, "warn", "unknown")


def test_the_depth_of_a_real_queue_decides_where_no_metric_tells_it(
    tmp_path: Path, exporter: tuple[str, Gauge], redis_url: str
) -> None:
    text = (
        f'{exporter[0]}[signals.redis]\nurl = "{redis_url}"\nqueues = ["matches"]\n[signals.celery]\nfollow = false\n'
        '[panels]\nshow = ["queues"]\n'
    )
    with redis.Redis.from_url(redis_url) as broker:
        assert status(tmp_path, text)[0] == ExitCode.UNKNOWN, "nobody has declared the queue"
        broker.lpush("matches", "{}")
        assert status(tmp_path, text)[0] == ExitCode.OK
        broker.lpush("matches", *range(101))
        assert status(tmp_path, text)[0] == ExitCode.BURNING
    away = text.replace(redis_url, f"redis://127.0.0.1:{free_port()}/0")
    assert status(tmp_path, away, "1")[0] == ExitCode.UNKNOWN


def test_waiting_turns_unknown_into_known(tmp_path: Path) -> None:
    """A rate needs two scrapes: with one there is nothing yet."""
    registry = CollectorRegistry()
    Counter("jobs", "Jobs.", registry=registry).inc()
    with exporting(registry) as address:
        text = f'[signals.scrape]\ntargets = [{{ url = "{address}", interval_s = 1 }}]\n' + OWN.replace(
            '"depth", warn', '"rate(jobs_total[1m])", warn'
        )
        assert status(tmp_path, text, "0")[0] == ExitCode.UNKNOWN
        assert status(tmp_path, text, "20")[0] == ExitCode.OK


@pytest.mark.parametrize("command", [("status",), ("doctor",), ("query", "up"), ("config", "check")])
@pytest.mark.parametrize("text", ["[signals]\nmetrics = 7\n", None, "[["])
def test_a_configuration_that_cannot_be_used_is_3_and_one_line(
    tmp_path: Path, command: tuple[str, ...], text: str | None
) -> None:
    path = tmp_path / "warroom.toml"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    done = warroom(*command, "--config", str(path), folder=tmp_path)
    assert done.returncode == ExitCode.USAGE
    assert done.stdout == ""
    assert 1 <= done.stderr.count("\n") <= 2
    assert "warroom.toml" in done.stderr


def test_nothing_configured_offers_the_sandbox_and_init(tmp_path: Path) -> None:
    import subprocess

    done = subprocess.run(
        [PROGRAM, "status"],
        cwd=tmp_path,
        env={"HOME": str(tmp_path), "LANG": "C"},
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert done.returncode == ExitCode.USAGE
    assert "warroom sandbox" in done.stderr
    assert "warroom init" in done.stderr


def test_a_range_is_drawn_on_a_terminal_and_nowhere_else(tmp_path: Path) -> None:
    scrapes = itertools.count(1)
    with page_server(lambda _: Page(b"depth %d\n" % next(scrapes))) as url:
        path = tmp_path / "warroom.toml"
        path.write_text(f'[signals.scrape]\ntargets = [{{ url = "{url}/" }}]\n')
        words = ("query", "depth * 10", "--range", "5s", "--step", "1s", "--config", str(path))
        for language, axis in (("C.UTF-8", "┤"), ("C", "+")):
            terminal = Terminal([PROGRAM, *words], LANG=language, LC_ALL=language)
            assert terminal.wait_end() == 0
            lines = terminal.screen.splitlines()
            assert any(axis in line for line in lines), terminal.screen
            assert any(line.startswith("{") and "points" not in line for line in lines), terminal.screen
        done = warroom(*words, folder=tmp_path)
        assert "┤" not in done.stdout
        assert done.returncode == 0


def test_a_prometheus_on_its_usual_port_is_known_by_its_answer() -> None:
    good = b'{"status":"success","data":{"version":"2.42.0"}}'
    with serve(body(good)) as url:
        assert _prometheus(url) == url
    for behaviour in ("html", "denied", "garbage", "closing", "redirecting", "half-open"):
        with serve(BEHAVIOURS[behaviour]) as url:
            assert _prometheus(url) == "", behaviour
    with serve(answer(b"")) as url:
        assert _prometheus(url) == ""
