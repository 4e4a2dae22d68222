"""What real exporters write: LiteLLM's proxy, an OpenTelemetry SDK through its exporter for Prometheus, and the profile's own.

A page is what stands there now; `history` is how it came to that, evenly, as samples with times.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from signals.metrics.exposition import read_capture
from signals.metrics.promql import evaluate, evaluate_range
from signals.store.ring import Ring

if TYPE_CHECKING:
    from collections.abc import Callable

    from signals.reading import Answer

DAY = 86_400.0
LITELLM = """\
# HELP litellm_spend_metric_total Total spend on LLM requests
# TYPE litellm_spend_metric_total counter
litellm_spend_metric_total{api_key_alias="bot",end_user="None",hashed_api_key="88dc28d0f030c55ed4ab77ed8faf098196cb1c05df778539800c9f1243fe6b4b",model="gpt-4o",team="t1",team_alias="search",user="default_user_id"} 30.0
litellm_spend_metric_total{api_key_alias="bot",end_user="None",hashed_api_key="88dc28d0f030c55ed4ab77ed8faf098196cb1c05df778539800c9f1243fe6b4b",model="gpt-4o-mini",team="t2",team_alias="support",user="default_user_id"} 10.0
# HELP litellm_input_tokens_metric_total Total number of input tokens from LLM requests
# TYPE litellm_input_tokens_metric_total counter
litellm_input_tokens_metric_total{api_key_alias="bot",end_user="None",model="gpt-4o",requested_model="smart",team="t1",team_alias="search"} 4e+06
litellm_input_tokens_metric_total{api_key_alias="bot",end_user="None",model="gpt-4o-mini",requested_model="fast",team="t2",team_alias="support"} 2e+07
# HELP litellm_output_tokens_metric_total Total number of output tokens from LLM requests
# TYPE litellm_output_tokens_metric_total counter
litellm_output_tokens_metric_total{api_key_alias="bot",end_user="None",model="gpt-4o",requested_model="smart",team="t1",team_alias="search"} 2e+06
litellm_output_tokens_metric_total{api_key_alias="bot",end_user="None",model="gpt-4o-mini",requested_model="fast",team="t2",team_alias="support"} 1e+07
# HELP litellm_requests_metric_total deprecated - use litellm_proxy_total_requests_metric. Total number of LLM calls to litellm
# TYPE litellm_requests_metric_total counter
litellm_requests_metric_total{api_key_alias="bot",end_user="None",model="gpt-4o",team="t1",team_alias="search"} 2000.0
litellm_requests_metric_total{api_key_alias="bot",end_user="None",model="gpt-4o-mini",team="t2",team_alias="support"} 6000.0
# HELP litellm_cache_hits_metric_total Total number of LiteLLM cache hits
# TYPE litellm_cache_hits_metric_total counter
litellm_cache_hits_metric_total{api_key_alias="bot",model="gpt-4o"} 500.0
# HELP litellm_cache_misses_metric_total Total number of LiteLLM cache misses
# TYPE litellm_cache_misses_metric_total counter
litellm_cache_misses_metric_total{api_key_alias="bot",model="gpt-4o"} 1500.0
"""
OTEL = """\
# HELP gen_ai_client_token_usage Number of input and output tokens used
# TYPE gen_ai_client_token_usage histogram
gen_ai_client_token_usage_bucket{gen_ai_operation_name="chat",gen_ai_provider_name="openai",gen_ai_request_model="gpt-4o",gen_ai_token_type="input",le="1024.0"} 100.0
gen_ai_client_token_usage_bucket{gen_ai_operation_name="chat",gen_ai_provider_name="openai",gen_ai_request_model="gpt-4o",gen_ai_token_type="input",le="+Inf"} 2000.0
gen_ai_client_token_usage_count{gen_ai_operation_name="chat",gen_ai_provider_name="openai",gen_ai_request_model="gpt-4o",gen_ai_token_type="input"} 2000.0
gen_ai_client_token_usage_sum{gen_ai_operation_name="chat",gen_ai_provider_name="openai",gen_ai_request_model="gpt-4o",gen_ai_token_type="input"} 4e+06
gen_ai_client_token_usage_sum{gen_ai_operation_name="chat",gen_ai_provider_name="openai",gen_ai_request_model="gpt-4o",gen_ai_token_type="output"} 2e+06
gen_ai_client_token_usage_sum{gen_ai_operation_name="embeddings",gen_ai_provider_name="openai",gen_ai_request_model="text-embedding-3-small",gen_ai_token_type="input"} 1e+08
gen_ai_client_token_usage_sum{gen_ai_operation_name="chat",gen_ai_provider_name="acme",gen_ai_request_model="acme-1",gen_ai_token_type="input"} 5e+06
# HELP gen_ai_client_operation_duration_seconds GenAI operation duration
# TYPE gen_ai_client_operation_duration_seconds histogram
gen_ai_client_operation_duration_seconds_count{gen_ai_operation_name="chat",gen_ai_provider_name="openai",gen_ai_request_model="gpt-4o"} 2000.0
gen_ai_client_operation_duration_seconds_count{error_type="timeout",gen_ai_operation_name="chat",gen_ai_provider_name="openai",gen_ai_request_model="gpt-4o"} 40.0
"""
OWN = """\
# TYPE chimera_llm_cost_usd_total counter
chimera_llm_cost_usd_total{model="claude-sonnet-4-5-20250929"} 20.0
# TYPE chimera_llm_cost_usd_total_by_mode_total counter
chimera_llm_cost_usd_total_by_mode_total{game_mode="aram",model="claude-sonnet-4-5-20250929"} 5.0
chimera_llm_cost_usd_total_by_mode_total{game_mode="ranked",model="claude-sonnet-4-5-20250929"} 15.0
# TYPE chimera_llm_tokens_total counter
chimera_llm_tokens_total{model="claude-sonnet-4-5-20250929",type="prompt"} 4e+06
chimera_llm_tokens_total{model="claude-sonnet-4-5-20250929",type="completion"} 800000.0
chimera_llm_tokens_total{model="claude-sonnet-4-5-20250929",type="success"} 1000.0
# TYPE chimera_request_total counter
chimera_request_total{outcome="success",service="analyze"} 1000.0
chimera_request_total{outcome="failed",service="analyze"} 9.0
# TYPE chimera_llm_cache_hits_total counter
chimera_llm_cache_hits_total 250.0
# TYPE chimera_llm_cache_misses_total counter
chimera_llm_cache_misses_total 750.0
"""


def history(
    page: str,
    now: float,
    *,
    days: float = 10,
    step: float = 1800.0,
    extra: Callable[[float, float], float] = lambda _, value: value,
    restarted_at: float | None = None,
) -> str:
    """OpenMetrics: all numbers grow evenly to what they are; `extra` may add to a value at a time.

    From `restarted_at` on the counters begin anew.
    """
    began = now - days * DAY
    times = [began + step * index for index in range(int(days * DAY / step))] + [now]

    def lines(name: str, value: float) -> list[str]:
        grown = [(at, extra(at, value * (at - began) / (now - began))) for at in times]
        base = next((v for at, v in grown if restarted_at is not None and at >= restarted_at), 0.0)
        return [
            f"{name} {v - (base if restarted_at is not None and at >= restarted_at else 0.0):.9f} {at:.3f}"
            for at, v in grown
        ]

    samples = [line.rsplit(" ", 1) for line in page.splitlines() if not line.startswith("#")]
    grown = [line for name, value in samples for line in lines(name, float(value))]
    up = [f'up{{instance="page",job="page"}} 1 {at:.3f}' for at in times]
    return "\n".join([*grown, *up, "# EOF", ""])


class RingSource:
    """A source of metrics over samples in memory, as the direct scrape has it; `at` is its now."""

    name, remote = "scrape", False

    def __init__(self, text: str, at: float) -> None:
        self._ring, self._at = Ring(1e10), at
        lines = [line.rsplit(" ", 2) for line in text.splitlines() if not line.startswith("#")]
        labels = {  # read once a series: a page has the same ones thousands of times
            series: read_capture(f"{series} 0 0\n# EOF\n".encode()).samples[0].labels
            for series in {line[0] for line in lines}
        }
        self._began = min(float(at) for _, _, at in lines)
        for series, value, at_s in sorted(lines, key=lambda line: float(line[2])):
            self._ring.append(labels[series], float(at_s), float(value))

    async def query(self, expr: str, at: float | None = None) -> Answer:
        return evaluate(expr, self._ring, self._at if at is None else at, self.name)

    async def query_range(self, expr: str, start: float, end: float, step: float) -> Answer:
        return evaluate_range(expr, self._ring, start, end, step, self.name)

    async def metric_names(self) -> frozenset[str]:
        return frozenset()

    async def has_had(self, metric: str) -> bool:
        return bool(metric)

    async def watched_s(self, now: float) -> float | None:
        return now - self._began
