"""The built-in board answers on the names that the manual uses and on those that the service really exports."""

from __future__ import annotations

import re
import time
from collections.abc import Awaitable, Callable, Iterator

import pytest

from panels.poll import poll_once
from panels.state import PanelState
from signals.metrics.failover import MetricFailover
from signals.metrics.scrape import ScrapeSource
from signals.settings import ScrapeSettings, ScrapeTarget, SignalsSettings
from signals.sources import Sources
from tests.chimera import BOARD
from tests.page import Page, page_server
from tui.i18n import Language

NOW, APART_S = 1_700_000_000.0, 15.0

MANUAL = """
chimera_request_total{{service="analyze",outcome="success"}} {many}
chimera_request_total{{service="analyze",outcome="failed"}} {few}
chimera_request_latency_seconds_bucket{{service="analyze",le="5"}} {few}
chimera_request_latency_seconds_bucket{{service="analyze",le="10"}} {many}
chimera_request_latency_seconds_bucket{{service="analyze",le="+Inf"}} {all}
chimera_celery_queue_length{{queue="ai"}} 7
chimera_riot_api_requests_total{{endpoint="match",status="success"}} {many}
chimera_riot_api_429_total{{endpoint="match",limit="method"}} {few}
chimera_discord_requests_total{{route="webhooks",status="200"}} {many}
chimera_discord_requests_total{{route="webhooks",status="403"}} {few}
chimera_discord_requests_total{{route="channels",status="429"}} {few}
chimera_discord_requests_total{{route="channels",status="429",scope="shared"}} {many}
chimera_llm_requests_total{{model="m1",status="success"}} {many}
chimera_llm_requests_total{{model="m1",status="error"}} {few}
chimera_llm_requests_total{{model="m2",status="success"}} {many}
chimera_llm_latency_seconds_bucket{{model="m1",le="1"}} {few}
chimera_llm_latency_seconds_bucket{{model="m1",le="+Inf"}} {many}
chimera_json_validation_errors_total{{schema="v2_team_analysis",error="x",mode="sr"}} {few}
chimera_llm_cost_usd_total{{model="m1"}} {all}
"""

EXPORTED = """
chimera_analyze_requests_total{{mode="analyze",status="success"}} {many}
chimera_analyze_requests_total{{mode="analyze",status="failed"}} {few}
chimera_request_duration_seconds_bucket{{endpoint="analyze",status="success",le="5"}} {few}
chimera_request_duration_seconds_bucket{{endpoint="analyze",status="success",le="10"}} {many}
chimera_request_duration_seconds_bucket{{endpoint="analyze",status="success",le="+Inf"}} {all}
chimera_request_duration_seconds_bucket{{endpoint="llm_m1",status="success",le="1"}} {few}
chimera_request_duration_seconds_bucket{{endpoint="llm_m1",status="success",le="+Inf"}} {many}
chimera_celery_queue_length{{queue="ai"}} 7
chimera_riot_api_requests_total{{endpoint="timeline",status="rate_limited"}} {few}
chimera_external_api_errors_total{{service="riot",error_type="429"}} {few}
chimera_external_api_errors_total{{service="discord",error_type="webhook_error"}} {few}
chimera_llm_tokens_total{{type="success",model="m1",mode="sr"}} {many}
chimera_llm_tokens_total{{type="error",model="m1",mode="sr"}} {few}
chimera_llm_tokens_total{{type="prompt",model="m1",mode="sr"}} 123456
chimera_json_validation_errors_total_by_mode_total{{schema="v2_team_analysis",error="x",mode="sr",game_mode="a"}} {few}
chimera_llm_cost_usd_total_by_mode_total{{model="m1",game_mode="default"}} {all}
"""


@pytest.fixture
def board() -> Iterator[tuple[str, list[str]]]:
    """The address of a service that answers with one page after the other, the last one again and again."""
    pages: list[str] = []

    def page(_: str) -> Page:
        return Page((pages.pop(0) if len(pages) > 1 else pages[0]).encode())

    with page_server(page) as address:
        yield f"{address}/metrics", pages


Judge = Callable[..., Awaitable[dict[str, PanelState]]]


@pytest.fixture
def judged(board: tuple[str, list[str]], monkeypatch: pytest.MonkeyPatch) -> Judge:
    """The board over two looks at a page that stand a scrape apart; all panels ask at the moment of the second.

    A clock that runs would give each query a window of its own, and in so short a history that changes every number.
    """

    async def judge(page: str, **labels: str) -> dict[str, PanelState]:
        url, pages = board
        pages += [page.format(few=0, many=0, all=0), page.format(few=40, many=400, all=500)]
        scrape = ScrapeSource(ScrapeSettings(targets=(ScrapeTarget(url=url, labels=labels),)))
        for at in (NOW - APART_S, NOW):
            monkeypatch.setattr(time, "time", lambda at=at: at)
            await scrape.scrape_once()
        sources = Sources(metrics=MetricFailover([scrape], SignalsSettings(), lambda _: None), scrape=scrape)
        return {state.id: state for state in await poll_once(BOARD, sources)}

    return judge


def readings(state: PanelState) -> dict[str, float | None]:
    return {reading.name: reading.value for reading in state.readings if not reading.every_s}


def rows(state: PanelState) -> list[str]:
    return [" | ".join(Language("en").say(cell) for cell in row.cells) for row in state.rows]


@pytest.mark.parametrize(
    ("page", "labels"),
    [(MANUAL, {}), (MANUAL, {"service": "chimera-app"}), (EXPORTED, {"service": "chimera-app"})],
    ids=["manual", "manual, relabelled", "exported"],
)
async def test_the_board_answers_on_both_sets_of_names(
    judged: Judge, page: str, labels: dict[str, str]
) -> None:
    states = await judged(page, **labels)
    slo = readings(states["slo"])
    assert slo["errors 5m"] == pytest.approx(40 / 440)
    assert slo["P95 analyze"] == 10
    assert "analyze availability budget" in rows(states["slo"])[3]
    assert states["slo"].verdict == "burning"
    assert readings(states["queues"])["waiting ai"] == 7
    assert states["riot429"].verdict in ("warn", "burning")
    assert readings(states["ban"])["invalid in 10 min"] == pytest.approx(80 if page is MANUAL else 40)
    llm = readings(states["llm"])
    assert llm["errors m1"] == pytest.approx(40 / 440)
    assert "P95 m1 | > 1 s" in " ".join(rows(states["llm"]))
    assert llm["invalid JSON"] is not None
    assert llm["invalid JSON"] == pytest.approx(40 / 840 if page is MANUAL else 40 / 440)
    assert states["cost"].verdict == "burning"
    assert readings(states["cost"])["per analysis"] == pytest.approx(500 / 400)


async def test_a_shared_limit_of_discord_does_not_count_and_sources_have_their_share(
    judged: Judge,
) -> None:
    ban = (await judged(MANUAL))["ban"]
    found = readings(ban)
    assert (found["403"], found["429"], found["invalid in 10 min"]) == pytest.approx((40, 40, 80))
    sources = [row for row in rows(ban) if row.startswith("from ")]
    assert [re.findall(r"(\d+) % of all", row) for row in sources] == [["50"], ["50"]]
    assert {row.split()[1] for row in sources} == {"webhooks", "channels"}


async def test_what_nobody_counts_leaves_a_panel_unknown_and_extras_do_not(
    judged: Judge,
) -> None:
    states = await judged("up_to_you {few}\n")
    for name in ("slo", "queues", "riot429", "ban", "llm", "cost"):
        assert states[name].verdict == "unknown", name
        assert "was not exported in the" in Language("en").say(states[name].reason)
    assert "retry after" not in readings(states["riot429"])


async def test_the_board_speaks_chinese_about_its_numbers(judged: Judge) -> None:
    states = await judged(MANUAL)
    words = Language("zh")
    said = {name: " ".join(words.say(part.text) for part in state.parts) for name, state in states.items()}
    assert "5 分钟错误率 9.09 %" in said["slo"]
    assert "可用性预算" in said["slo"] or "可用性 预算" in said["slo"]
    assert "错误率 m1" in said["llm"]
    assert "来自 webhooks" in said["ban"]
    for spec in BOARD:
        names = [(query.name, query.name_zh) for query in spec.queries]
        names += [(objective.name, objective.name_zh) for objective in spec.objectives]
        assert all(chinese or english in ("P95", "429") for english, chinese in names), (spec.id, names)
