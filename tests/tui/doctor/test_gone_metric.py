"""A metric that a real Prometheus had until three hours ago has disappeared: nobody says that it was never exported."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import pytest

from core.message import say
from panels.no_data.diagnose import diagnose
from panels.no_data.diagnosis import Diagnosis, no_data_message
from panels.query_cache import QueryCache
from runbooks.checks.measure import measure
from runbooks.checks.permission import Permission
from runbooks.lint.live import lint_live
from runbooks.reading.blocks import read_check_block
from runbooks.reading.read import read_runbook
from signals.reading import Verdict
from signals.settings import SignalsSettings
from signals.sources import Sources, open_sources
from tests.alerting import eventually, get, missing, prometheus
from tests.page import Page, page_server
from tui.config.load import load_config
from tui.doctor.queries import check_queries
from tui.i18n import Language

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing())
WORDS = Language("en")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Orders were counted until three hours ago."""
    last = int(time.time()) - 3 * 3600
    samples = "".join(
        f'orders_total{{job="shop",instance="shop:80"}} {number} {last - 3600 + 60 * number}\n'
        for number in range(61)
    )
    history = f"# TYPE orders counter\n{samples}# EOF\n"
    with prometheus(tmp_path_factory.mktemp("gone"), [], history=history) as address:
        eventually(lambda: get(f"{address}/api/v1/query", query="up")["data"]["result"], "nothing is scraped")
        yield address


def with_sources(server: str, ask: Callable[[Sources], Awaitable[str]]) -> str:
    async def run() -> str:
        settings = SignalsSettings.model_validate({"prometheus": {"url": server}})
        async with open_sources(settings, lambda _: None) as sources:
            return await ask(sources)

    return asyncio.run(run())


@pytest.mark.parametrize(
    ("metric", "expected"),
    [("orders_total", "disappeared 3 h ago"), ("oders_total", "oders_total was not exported in the ")],
)
def test_a_panel_says_it_and_a_server_that_has_just_started_does_not_say_never(
    server: str, metric: str, expected: str
) -> None:
    async def ask(sources: Sources) -> str:
        diagnosis = await diagnose(f"rate({metric}[5m])", QueryCache(sources.metrics), time.time())
        assert isinstance(diagnosis, Diagnosis)
        return WORDS.say(no_data_message(say("panels.text", text="orders"), diagnosis))

    assert expected in with_sources(server, ask)


@pytest.mark.parametrize(
    ("check", "expected"),
    [
        ("promql: orders_total > 5\nexpect: none", "orders_total disappeared 3 h ago"),
        ("promql: rate(orders_total[5m])\nexpect: > 0", "orders_total disappeared 3 h ago"),
        ("promql: oders_total > 5\nexpect: none", "oders_total was not exported in the "),
        ('promql: up{job="shop"} == 0\nexpect: none', 'no target {job="shop"} is scraped'),
    ],
)
def test_a_check_says_it_and_is_not_passed(server: str, check: str, expected: str) -> None:
    async def ask(sources: Sources) -> str:
        read, problems = read_check_block(check, "book.md", 1)
        assert problems == ()
        assert read is not None
        observation = await measure(read, sources, time.time(), Permission())
        assert observation.verdict is Verdict.UNKNOWN
        return WORDS.say(observation.text)

    assert expected in with_sources(server, ask)


def test_that_nothing_of_a_scraped_target_is_wrong_is_good_news(server: str) -> None:
    async def ask(sources: Sources) -> str:
        read, _ = read_check_block('promql: up{job="self"} == 0\nexpect: none', "book.md", 1)
        assert read is not None
        return str((await measure(read, sources, time.time(), Permission())).verdict)

    assert with_sources(server, ask) == "ok"


def test_an_exporter_that_answers_401_answers(tmp_path: Path) -> None:
    with page_server(lambda _: Page(b"", 401)) as url:
        target = url.removeprefix("http://")
        jobs = {"scrape_configs": [{"job_name": "shop", "static_configs": [{"targets": [target]}]}]}
        with prometheus(tmp_path / "p", [], config=jobs) as server:
            eventually(
                lambda: get(f"{server}/api/v1/query", query="up == 0")["data"]["result"], "it is not scraped"
            )

            async def ask(sources: Sources) -> str:
                diagnosis = await diagnose("orders_total", QueryCache(sources.metrics), time.time())
                assert isinstance(diagnosis, Diagnosis)
                return WORDS.say(no_data_message(say("panels.text", text="orders"), diagnosis))

            said = with_sources(server, ask)
    assert "orders_total was not seen in the " in said
    assert " looked at; the last scrape failed: server returned HTTP status 401" in said


def test_the_live_lint_says_it(server: str) -> None:
    text = "# Orders\n\n## First\n\n- [ ] Look <!-- look -->\n\n  ```check\n  promql: orders_total\n  expect: > 1\n  ```\n"

    async def ask(sources: Sources) -> str:
        runbook = read_runbook(text, "orders.md", "en").runbook
        (finding,), unanswered = await lint_live([runbook], sources, None)
        assert unanswered == []
        return WORDS.say(finding.message)

    assert "disappeared; it was last there 3 h ago" in with_sources(server, ask)


def test_the_doctor_says_it(server: str, tmp_path: Path) -> None:
    config = tmp_path / "warroom.toml"
    config.write_text(
        f'[signals.prometheus]\nurl = "{server}"\n[[panels.add]]\nid = "orders"\ntitle = "Orders"\n'
        'queries = [{ name = "orders", expr = "rate(orders_total[5m])" }]\n'
    )
    findings = asyncio.run(check_queries(load_config(config), WORDS))
    (orders,) = (finding for finding in findings if finding.where == "orders.orders")
    assert not orders.ok
    assert "disappeared 3 h ago" in orders.what
