"""The Celery application of the sandbox: Chimera's queues and task names, working against the stand-ins."""

from __future__ import annotations

import json
import os
import random
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import redis
from celery import Celery
from celery.signals import celeryd_init

from sandbox import metrics
from sandbox.bot import message, open_briefly
from sandbox.breakages.bursts import STORM, child_id, of_burst
from sandbox.breakages.state import value_of
from sandbox.community import match_of
from sandbox.keys import credentials, read_keys, read_variable
from sandbox.pages import NO_TLS
from sandbox.releases import ServiceRelease, read_release
from sandbox.rolling import CONF, refuse_to_start
from sandbox.switches import MODELS, is_template, model_kind

CACHE_S, STORM_PAUSE_S = 300, 1.0
CHAOS_LOOK_S = 0.2
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
_cache = open_briefly("/2")
_outside = os.environ["SANDBOX_OUTSIDE"]
_env_file = Path(os.environ["SANDBOX_KEYS"])
_keys = read_keys(_env_file)
"""As they were when this process started: a new key is in force after a restart (SIGHUP), as with containers."""
_caches = read_variable(_env_file, "LLM_CACHE_ENABLED") != "false"
_switches = open_briefly("/0")
_own: ServiceRelease | None = None
"""What this worker was started as, where the sandbox rolls; elsewhere it is the release that users reach."""
_client: httpx.Client | None = None


@celeryd_init.connect  # type: ignore[untyped-decorator]  # celery has no types
def _be_own_release(sender: str, conf: Any, **_: object) -> None:
    """Before anything is forked; a release that can't run here ends the worker, and its last line says why."""
    global _own  # noqa: PLW0603  # read once, as code is
    own = Path(os.environ.get("SANDBOX_LIVE", "")).parent / sender
    if not own.is_symlink():
        return
    own = own.resolve()
    try:
        _own = read_release(own)
    except (OSError, ValueError, TypeError) as error:
        refuse_to_start(own, sender, f"its release can't be read: {error!r}")
    if missing := [name for name in _own.needs if name not in os.environ]:
        refuse_to_start(own, sender, f"{_own.version} needs {', '.join(missing)}")
    conf[CONF] = _own.version


def _http() -> httpx.Client:
    global _client  # noqa: PLW0603  # one client a worker process, opened after the fork
    if _client is None:
        _client = httpx.Client(base_url=_outside, timeout=15, trust_env=False, verify=NO_TLS)
    return _client


@app.task(name="src.tasks.match_tasks.fetch_and_store_match", bind=True, max_retries=5)  # type: ignore[untyped-decorator]  # celery has no types
def fetch(self: Any, asked_at: float, seed: float) -> None:
    """Fetch a match from Riot; a refusal waits as long as it says, and is tried again."""
    if _is_void(self.request.id):
        return
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
    analyze.apply_async((asked_at, seed), **child_id(self.request.id))


@app.task(name="src.tasks.analysis_tasks.analyze_match_task", bind=True)  # type: ignore[untyped-decorator]  # celery has no types
def analyze(self: Any, asked_at: float, seed: float, interaction: dict[str, str] | None = None) -> None:
    """Let the model write, then deliver; one token in a hundred of the community's has expired by then."""
    if interaction is not None:
        _answer("analyze", asked_at, interaction)
    elif not _is_void(self.request.id):
        _analyze(asked_at, seed)


@app.task(name="src.tasks.team_tasks.analyze_team_task")  # type: ignore[untyped-decorator]  # celery has no types
def analyze_team(asked_at: float, seed: float, interaction: dict[str, str] | None = None) -> None:
    """The answer for a whole team: the same work here; what limits or stops tasks of Chimera finds both."""
    if interaction is not None:
        _answer("team-analyze", asked_at, interaction)
    else:
        _analyze(asked_at, seed)


def _analyze(asked_at: float, seed: float) -> None:
    if _release_fails():
        metrics.REQUESTS.labels("analyze", "failed").inc()
        return
    match = match_of(seed)
    _narrative(match)
    token = f"{int(asked_at * 1000)}-{match}" + ("?bad=1" if seed < 0.01 else "")
    _finish("analyze", asked_at, delivered=_tell_discord("PATCH", "webhooks", f"1/{token}", "analyze"))


class NoSuchMatch(Exception):
    """Somebody asked for what is no match: the task fails, and its user is told."""


def _answer(command: str, asked_at: float, interaction: dict[str, str]) -> None:
    """Answer a command that was deferred, with an analysis, a template or an error; the task fails where its work did."""
    rest = f"{interaction['application']}/{interaction['token']}/messages/@original"
    try:
        text = _narrative(_number(interaction["match"]))
    except Exception:
        metrics.REQUESTS.labels(command, "failed").inc()
        _tell_discord("PATCH", "webhooks", rest, command, message("error: the analysis failed", "error"))
        raise
    answer = message(TEMPLATE, "template") if text is None else message(text, "analysis")
    _finish(command, asked_at, delivered=_tell_discord("PATCH", "webhooks", rest, command, answer))


class BadReleaseError(Exception):
    """What the release that users reach is good for."""


def _number(match: str) -> int:
    """Of a match as users name it (`NA1_4711`); raises `NoSuchMatch`, and what a bad release does."""
    if _release_fails():
        raise BadReleaseError
    region, _, number = match.partition("_")
    if not region or not number.isdecimal():
        raise NoSuchMatch(match)
    return int(number)


def _narrative(match: int) -> str | None:
    """What the model wrote about a match, now or before; None where a template must do."""
    text = _cached(match)
    if text is None and _must_use_template():
        metrics.DEGRADED.labels("team", "switched").inc()
    elif text is None:
        text = _ask_model()
        if text is not None:
            _remember(match, text)
    (Path(os.environ["SANDBOX_BUILDS"]) / f"{match}.json").write_text(text or TEMPLATE, encoding="utf-8")
    return text


def _must_use_template() -> bool:
    with suppress(redis.RedisError):
        return is_template(_switches)
    return False


def _finish(command: str, asked_at: float, *, delivered: bool) -> None:
    if delivered:
        metrics.ANALYSES.inc()
    metrics.REQUESTS.labels(command, "success" if delivered else "failed").inc()
    metrics.REQUEST_SECONDS.labels(command).observe(time.time() - asked_at)


@app.task(name="sandbox.post_digest", bind=True)  # type: ignore[untyped-decorator]  # celery has no types
def post_digest(self: Any, channel: int) -> None:
    """Tell a channel what it has missed. While a storm lasts, a refusal is no reason to stop asking."""
    if _is_void(self.request.id):
        return
    is_delivered = _tell_discord("POST", "channels", f"{channel}/messages", "digest")
    if not is_delivered and value_of(STORM):
        post_digest.apply_async((channel,), countdown=STORM_PAUSE_S, **child_id(self.request.id))


def _is_void(task_id: str | None) -> bool:
    """Whether the burst that it belongs to is over."""
    prefix = of_burst(task_id)
    return prefix is not None and not value_of(prefix.removesuffix(":"))


def _release_fails() -> bool:
    """As often as its own release, or the one that users reach now."""
    live = os.environ.get("SANDBOX_LIVE")
    try:
        release = _own or (None if live is None else read_release(Path(live)))
        rate = 0.0 if release is None else release.error_rate
    except (OSError, ValueError, TypeError):
        return False  # it is being replaced
    return random.random() < rate  # noqa: S311  # no secret


def _tell_discord(
    method: str, route: str, rest: str, source: str, body: dict[str, object] | None = None
) -> bool:
    """One attempt, counted; whether it was delivered."""
    try:
        response = _http().request(
            method,
            f"/discord/{route}/{rest}",
            json=body or {},
            headers=credentials(_keys, "discord"),
        )
    except httpx.TransportError:
        response = None
    metrics.count_discord(route, source, response)
    return response is not None and response.status_code == 200


def _ask_model() -> str | None:
    """What the model wrote, or None where a template must do; counts time, tokens, cost and every failure."""
    began, model = time.monotonic(), _model()
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


def _model() -> str:
    with suppress(redis.RedisError):
        return MODELS[model_kind(_switches)]
    return MODELS["standard"]


def _call_model(model: str) -> tuple[int, Any]:
    """Ask over HTTP, after the delay and with the failures that the manual's chaos switches demand."""
    _wait_for_chaos()
    if random.random() < _chaos("CHAOS_LLM_ERROR_RATE"):  # noqa: S311  # no secret
        return 500, None
    try:
        answer = _http().post(
            "/llm/v1/chat/completions", json={"model": model}, headers=credentials(_keys, "llm")
        )
    except httpx.TransportError:
        return 0, None
    return answer.status_code, answer.json()


def _wait_for_chaos() -> None:
    """As long as the switch says at each moment: who waits in it is free, too, once it is lifted."""
    began = time.monotonic()
    while (left := began + _chaos("CHAOS_LLM_LATENCY_MS") / 1000 - time.monotonic()) > 0:
        time.sleep(min(left, CHAOS_LOOK_S))


def _cached(match: int) -> str | None:
    if _cache_is_down() or not _caches:
        metrics.CACHE_MISSES.inc()
        return None
    try:
        cached = _cache.get(f"cache:llm:{match}")
    except redis.RedisError:  # without a cache it is dearer, and no worse
        cached = None
    (metrics.CACHE_MISSES if cached is None else metrics.CACHE_HITS).inc()
    return cached.decode() if isinstance(cached, bytes) else None


def _remember(match: int, text: str) -> None:
    if _caches and not _cache_is_down():
        with suppress(redis.RedisError):
            _cache.set(f"cache:llm:{match}", text, ex=CACHE_S)


def _cache_is_down() -> bool:
    return _chaos_text("CHAOS_REDIS_DOWN").lower() in {"1", "true", "yes"}


def _chaos(name: str) -> float:
    """One of the manual's switches as a number; what is none counts as not set."""
    try:
        return max(0.0, float(_chaos_text(name) or 0))
    except ValueError:
        return 0.0


def _chaos_text(name: str) -> str:
    """As it stands in the service's file at this moment, else as this process was started with."""
    written = read_variable(_env_file, name)
    return os.environ.get(name, "") if written is None else written
