"""What the sandbox exports. Every number is counted where the thing happens: in workers and in the service.

Workers are separate processes, so the client library's multi-process mode collects them
(prometheus_client documentation, "Multiprocess Mode").
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import Counter, Gauge, Histogram

if TYPE_CHECKING:
    import httpx

_LATENCY_BOUNDS = (0.1, 0.5, 1, 2, 5, 10, 15, 30, 60)

REQUESTS = Counter("chimera_request_total", "Commands of users, by outcome", ("service", "outcome"))
REQUEST_SECONDS = Histogram(
    "chimera_request_latency_seconds",
    "From command to delivered answer",
    ("service",),
    buckets=_LATENCY_BOUNDS,
)
RIOT_REQUESTS = Counter("chimera_riot_api_requests_total", "Calls to the Riot API", ("endpoint", "status"))
RIOT_429 = Counter("chimera_riot_api_429_total", "Refusals by the Riot API", ("endpoint", "limit"))
RIOT_RETRY_AT = Gauge(
    "chimera_riot_api_retry_timestamp_seconds",
    "Until when (Unix time) the Riot API asked to wait",
    ("endpoint", "limit"),
    multiprocess_mode="max",
)
LLM_REQUESTS = Counter("chimera_llm_requests_total", "Calls to the model", ("status", "model"))
LLM_SECONDS = Histogram(
    "chimera_llm_latency_seconds", "Time of a call to the model", ("model",), buckets=_LATENCY_BOUNDS
)
LLM_TOKENS = Counter("chimera_llm_tokens_total", "Tokens paid for", ("type", "model"))
LLM_COST = Counter("chimera_llm_cost_usd_total", "Money spent on the model", ("model",))
JSON_ERRORS = Counter(
    "chimera_json_validation_errors_total", "Answers that are no valid JSON", ("schema", "error")
)
DISCORD_REQUESTS = Counter(
    "chimera_discord_requests_total", "Calls to Discord", ("route", "source", "status", "scope")
)
CACHE_HITS = Counter("chimera_llm_cache_hits_total", "Analyses answered without the model")
CACHE_MISSES = Counter("chimera_llm_cache_misses_total", "Analyses that had to ask the model")
DEGRADED = Counter(
    "chimera_degraded_total", "Answers from a template instead of the model", ("mode", "reason")
)
ANALYSES = Counter("chimera_analyses_total", "Analyses that were delivered")


def count_discord(route: str, source: str, response: httpx.Response | None) -> None:
    """Count an answer of Discord, or that there was none: for what the call was made, and whose limit refused it."""
    status = str(response.status_code) if response is not None else "error"
    scope = response.headers.get("X-RateLimit-Scope", "") if response is not None else ""
    DISCORD_REQUESTS.labels(route, source, status, scope).inc()


# Zero is a number: a failure that never happened is counted as none, and does not look like one that nobody counts.
JSON_ERRORS.labels("v2_team_analysis", "json_parse_error")
DEGRADED.labels("team", "llm_error")
DEGRADED.labels("team", "invalid_json")
for _limit in ("application", "method"):
    RIOT_429.labels("match", _limit)
    RIOT_RETRY_AT.labels("match", _limit)
