"""The Celery application of the sandbox: Chimera's queues and task names, working against the stand-ins."""

from __future__ import annotations

import json
import os
import random
import time
from pathlib import Path
from typing import Any

import httpx
import redis
from celery import Celery

from sandbox import metrics
from sandbox.community import match_of
from sandbox.keys import credentials, read_keys, read_variable
from sandbox.switches import MODELS, is_template, model_kind

CACHE_S = 300
TEMPLATE = '{"summary":"template"}'
PROMPT_USD_PER_1K, COMPLETION_USD_PER_1K = 0.0005, 0.0015

app = Celery(
    "project_chimera", broker=os.environ["SANDBOX_REDIS"] + "/0", backend=os.environ["SANDBOX_REDIS"] + "/1"
)
app.conf.update(
    task_routes={
        "src.tasks.match_tasks.fetch_and_store_match": {"queue": "matches"},
        "src.tasks.analysis_tasks.analyze_match_task": {"queue": "ai"},
        "src.tasks.team_tasks.analyze_team_task": {"queue": "ai"},
        "sandbox.post_digest": {"queue": "default"},
    },
    task_acks_late=True,
    worker_prefetch_multiplier=4,
    worker_send_task_events=True,
    result_expires=600,
    broker_connection_retry_on_startup=True,
)
_cache = redis.Redis.from_url(os.environ["SANDBOX_REDIS"] + "/2")
_outside = os.environ["SANDBOX_OUTSIDE"]
_keys = read_keys(Path(os.environ["SANDBOX_KEYS"]))
"""As they were when this process started: a new key is in force after a restart (SIGHUP), as with containers."""
_caches = read_variable(Path(os.environ["SANDBOX_KEYS"]), "LLM_CACHE_ENABLED") != "false"
_switches = redis.Redis.from_url(os.environ["SANDBOX_REDIS"] + "/0")
_client: httpx.Client | None = None


def _http() -> httpx.Client:
    global _client  # noqa: PLW0603  # one client a worker process, opened after the fork
    if _client is None:
        _client = httpx.Client(base_url=_outside, timeout=15, trust_env=False)
    return _client


@app.task(name="src.tasks.match_tasks.fetch_and_store_match", bind=True, max_retries=5)  # type: ignore[untyped-decorator]  # celery has no types
def fetch(self: Any, asked_at: float, seed: float) -> None:
    """Fetch a match from Riot; a refusal waits as long as it says, and is tried again."""
    try:
        answer = _http().get("/riot/match", headers=credentials(_keys, "riot"))
    except httpx.TransportError:
        metrics.RIOT_REQUESTS.labels("match", "error").inc()
        metrics.REQUESTS.labels("analyze", "failed").inc()
        return
    if answer.status_code == 429:
        metrics.RIOT_REQUESTS.labels("match", "rate_limited").inc()
        limit = answer.headers.get("X-Rate-Limit-Type", "service")
        metrics.RIOT_429.labels("match", limit).inc()
        if "Retry-After" in answer.headers:
            metrics.RIOT_RETRY_AT.labels("match", limit).set(
                time.time() + float(answer.headers["Retry-After"])
            )
        if self.request.retries >= self.max_retries:
            metrics.REQUESTS.labels("analyze", "failed").inc()
            return
        raise self.retry(countdown=float(answer.headers.get("Retry-After", "5")) + seed * 5)
    if answer.status_code != 200:  # a revoked key, a service that is down: counted as what it is
        metrics.RIOT_REQUESTS.labels("match", "error").inc()
        metrics.REQUESTS.labels("analyze", "failed").inc()
        return
    metrics.RIOT_REQUESTS.labels("match", "success").inc()
    analyze.delay(asked_at, seed)


@app.task(name="src.tasks.analysis_tasks.analyze_match_task")  # type: ignore[untyped-decorator]  # celery has no types
def analyze(asked_at: float, seed: float) -> None:
    """Let the model write, then deliver; one token in a hundred has expired by then."""
    match = match_of(seed)
    text = _cached(match)
    if text is None and is_template(_switches):
        metrics.DEGRADED.labels("team", "switched").inc()
    elif text is None:
        text = _ask_model()
        if text is not None:
            _remember(match, text)
    (Path(os.environ["SANDBOX_BUILDS"]) / f"{match}.json").write_text(text or TEMPLATE, encoding="utf-8")
    token = f"{int(asked_at * 1000)}-{match}" + ("?bad=1" if seed < 0.01 else "")
    delivered = _tell_discord("PATCH", "webhooks", f"1/{token}", "analyze")
    outcome = "success" if delivered else "failed"
    if outcome == "success":
        metrics.ANALYSES.inc()
    metrics.REQUESTS.labels("analyze", outcome).inc()
    metrics.REQUEST_SECONDS.labels("analyze").observe(time.time() - asked_at)


@app.task(name="src.tasks.team_tasks.analyze_team_task")  # type: ignore[untyped-decorator]  # celery has no types
def analyze_team(asked_at: float, seed: float) -> None:
    """The answer for a whole team: the same work here; what limits or stops tasks of Chimera finds both."""
    analyze(asked_at, seed)


@app.task(name="sandbox.post_digest")  # type: ignore[untyped-decorator]  # celery has no types
def post_digest(channel: int) -> None:
    """Tell a channel what it has missed."""
    _tell_discord("POST", "channels", f"{channel}/messages", "digest")


def _tell_discord(method: str, route: str, rest: str, source: str) -> bool:
    """One attempt, counted; whether it was delivered."""
    try:
        response = _http().request(
            method, f"/discord/{route}/{rest}", json={}, headers=credentials(_keys, "discord")
        )
    except httpx.TransportError:
        response = None
    metrics.count_discord(route, source, response)
    return response is not None and response.status_code == 200


def _ask_model() -> str | None:
    """What the model wrote, or None where a template must do; counts time, tokens, cost and every failure."""
    began, model = time.monotonic(), MODELS[model_kind(_switches)]
    status, body = _call_model(model)
    metrics.LLM_SECONDS.labels(model).observe(time.monotonic() - began)
    if status != 200:
        metrics.LLM_REQUESTS.labels("error", model).inc()
        metrics.DEGRADED.labels("team", "llm_error").inc()
        return None
    usage = body["usage"]
    metrics.LLM_TOKENS.labels("prompt", model).inc(usage["prompt_tokens"])
    metrics.LLM_TOKENS.labels("completion", model).inc(usage["completion_tokens"])
    cost = usage["prompt_tokens"] * PROMPT_USD_PER_1K + usage["completion_tokens"] * COMPLETION_USD_PER_1K
    metrics.LLM_COST.labels(model).inc(cost / 1000)
    metrics.LLM_REQUESTS.labels("success", model).inc()
    text = str(body["choices"][0]["message"]["content"])
    try:
        json.loads(text)
    except ValueError:
        metrics.JSON_ERRORS.labels("v2_team_analysis", "json_parse_error").inc()
        metrics.DEGRADED.labels("team", "invalid_json").inc()
        return None
    return text


def _call_model(model: str) -> tuple[int, Any]:
    """Ask over HTTP, after the delay and with the failures that the manual's chaos switches demand."""
    time.sleep(float(os.environ.get("CHAOS_LLM_LATENCY_MS") or 0) / 1000)
    if random.random() < float(os.environ.get("CHAOS_LLM_ERROR_RATE") or 0):  # noqa: S311  # no secret
        return 500, None
    try:
        answer = _http().post(
            "/llm/v1/chat/completions", json={"model": model}, headers=credentials(_keys, "llm")
        )
    except httpx.TransportError:
        return 0, None
    return answer.status_code, answer.json()


def _cached(match: int) -> str | None:
    if _cache_is_down() or not _caches:
        metrics.CACHE_MISSES.inc()
        return None
    cached = _cache.get(f"cache:llm:{match}")
    (metrics.CACHE_MISSES if cached is None else metrics.CACHE_HITS).inc()
    return cached.decode() if isinstance(cached, bytes) else None


def _remember(match: int, text: str) -> None:
    if _caches and not _cache_is_down():
        _cache.set(f"cache:llm:{match}", text, ex=CACHE_S)


def _cache_is_down() -> bool:
    return os.environ.get("CHAOS_REDIS_DOWN", "").lower() in {"1", "true", "yes"}
