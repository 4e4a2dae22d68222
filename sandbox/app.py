"""The Celery application of the sandbox: Chimera's queues and task names, working against the stand-ins."""

from __future__ import annotations

import json
import os
import time
from typing import Any

import httpx
from celery import Celery

from sandbox import metrics

MODEL = "sandbox-model"
PROMPT_USD_PER_1K, COMPLETION_USD_PER_1K = 0.0005, 0.0015

app = Celery(
    "project_chimera", broker=os.environ["SANDBOX_REDIS"] + "/0", backend=os.environ["SANDBOX_REDIS"] + "/1"
)
app.conf.update(
    task_routes={
        "src.tasks.match_tasks.fetch_and_store_match": {"queue": "matches"},
        "src.tasks.analysis_tasks.analyze_match_task": {"queue": "ai"},
    },
    task_acks_late=True,
    worker_prefetch_multiplier=1,
    worker_send_task_events=True,
    result_expires=600,
    broker_connection_retry_on_startup=True,
)
_outside = os.environ["SANDBOX_OUTSIDE"]
_client: httpx.Client | None = None


def _http() -> httpx.Client:
    global _client  # noqa: PLW0603  # one client a worker process, opened after the fork
    if _client is None:
        _client = httpx.Client(base_url=_outside, timeout=15, trust_env=False)
    return _client


@app.task(name="src.tasks.match_tasks.fetch_and_store_match", bind=True, max_retries=5)  # type: ignore[untyped-decorator]  # celery has no types
def fetch(self: Any, asked_at: float, seed: float) -> None:
    """Fetch a match from Riot; a refusal waits as long as it says, and is tried again."""
    answer = _http().get("/riot/match")
    if answer.status_code == 429:
        metrics.RIOT_REQUESTS.labels("match", "rate_limited").inc()
        metrics.RIOT_429.labels("match", answer.headers.get("X-Rate-Limit-Type", "service")).inc()
        if self.request.retries >= self.max_retries:
            metrics.REQUESTS.labels("analyze", "failed").inc()
            return
        raise self.retry(countdown=float(answer.headers.get("Retry-After", "5")) + seed * 5)
    metrics.RIOT_REQUESTS.labels("match", "success").inc()
    analyze.delay(asked_at, seed)


@app.task(name="src.tasks.analysis_tasks.analyze_match_task")  # type: ignore[untyped-decorator]  # celery has no types
def analyze(asked_at: float, seed: float) -> None:
    """Let the model write, then deliver; one token in a hundred has expired by then."""
    began = time.monotonic()
    answer = _http().post("/llm/v1/chat/completions", json={"model": MODEL})
    metrics.LLM_SECONDS.labels(MODEL).observe(time.monotonic() - began)
    body = answer.json()
    usage = body["usage"]
    metrics.LLM_TOKENS.labels("prompt", MODEL).inc(usage["prompt_tokens"])
    metrics.LLM_TOKENS.labels("completion", MODEL).inc(usage["completion_tokens"])
    cost = usage["prompt_tokens"] * PROMPT_USD_PER_1K + usage["completion_tokens"] * COMPLETION_USD_PER_1K
    metrics.LLM_COST.labels(MODEL).inc(cost / 1000)
    metrics.LLM_REQUESTS.labels("success", MODEL).inc()
    try:
        json.loads(body["choices"][0]["message"]["content"])
    except ValueError:
        metrics.JSON_ERRORS.labels("v2_team_analysis", "json_parse_error").inc()
    delivered = _http().patch("/discord/webhooks" + ("?bad=1" if seed < 0.01 else ""), json={})
    metrics.DISCORD_REQUESTS.labels("webhooks", str(delivered.status_code)).inc()
    outcome = "success" if delivered.status_code == 200 else "failed"
    metrics.REQUESTS.labels("analyze", outcome).inc()
    metrics.REQUEST_SECONDS.labels("analyze").observe(time.time() - asked_at)
