"""Measures what is not PromQL: an HTTP answer, a queue's length, the workers, the database's schema."""

from __future__ import annotations

import asyncio
import time
from difflib import get_close_matches
from typing import TYPE_CHECKING

from core.errors import SourceError, Unreachable
from core.message import say
from runbooks.checks.judge import judge_status, judge_trend, judge_values
from runbooks.checks.observation import Observation, expectation_text, unknown, value_text
from runbooks.checks.permission import Request, prepare
from signals.celery.model import WorkerState
from signals.connections.proxy import proxy_for
from signals.database.model import Drift
from signals.metrics.trend import direction
from signals.reading import Verdict

if TYPE_CHECKING:
    from core.message import Message
    from runbooks.checks.permission import Permission
    from runbooks.model import Check
    from signals.celery.model import Fleet, Queues
    from signals.database.model import Schema
    from signals.sources import Sources

TIMEOUT_S = 10.0
_SECTIONS = {"queue": "redis", "workers": "celery", "schema": "postgres"}
_AT_WORK = (WorkerState.WORKING, WorkerState.IDLE, WorkerState.BUSY)


async def probe(check: Check, sources: Sources, permission: Permission) -> Observation:
    """Ask what the check's probe asks; what does not answer is unknown. `permission` is for HTTP probes."""
    try:
        match check.probe:
            case "http":
                return await _http(check, permission)
            case "queue" if sources.queues is not None:
                return judge_queue(check, await sources.queues.queues())
            case "workers" if sources.fleet is not None:
                return judge_workers(check, await sources.fleet.fleet())
            case "schema" if sources.schema is not None:
                return judge_schema(check, await sources.schema.schema())
            case _:
                why = say("measure.not_configured", section=_SECTIONS[str(check.probe)])
                return unknown(check, why, source=str(check.probe), query=_query(check))
    except SourceError as error:
        return unknown(check, error.message, source=str(check.probe), query=_query(check))


async def _http(check: Check, permission: Permission) -> Observation:
    """The status of one request. Redirects are not followed, so that a 302 to a login page is no 200."""
    query, request = _query(check), prepare(check, permission)
    if not isinstance(request, Request):
        return unknown(check, request, source="http", query=query)
    status = await _ask(request.method, request.url, list(request.headers))
    if not isinstance(status, int):
        return unknown(check, status, source="http", query=query)
    verdict = judge_status(check.expect, status)
    text = say("measure.status", status=status, wanted=expectation_text(check))
    return Observation(
        value=float(status),
        unit="none",
        verdict=verdict,
        trend=None,
        text=text,
        source="http",
        at=time.time(),
        query=query,
    )


async def _ask(method: str, url: str, headers: list[tuple[str, str]]) -> int | Message:
    """The status, or why there is none. No text of an exception goes out: it may quote the URL or a header."""
    import httpx

    try:
        async with asyncio.timeout(TIMEOUT_S):
            client = await asyncio.to_thread(
                httpx.AsyncClient, timeout=TIMEOUT_S, proxy=proxy_for(url, None), trust_env=False
            )
            async with client, client.stream(method, url, headers=headers) as response:
                return response.status_code
    except (TimeoutError, httpx.TimeoutException):
        return say("measure.http_late", seconds=TIMEOUT_S)
    except (httpx.ConnectError, httpx.NetworkError, Unreachable):
        return say("measure.http_unreachable")
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, OSError) as error:
        return say("measure.http_broken", kind=type(error).__name__)


def judge_queue(check: Check, queues: Queues) -> Observation:
    """How many messages wait in the queue, and which way that goes."""
    name = _text(check, "queue")
    queue = next((queue for queue in queues.queues if queue.name == name), None)
    query = f"LLEN {name}"
    if queue is None and name in queues.undeclared:
        return unknown(check, say("measure.queue_undeclared", name=name), source=queues.source, query=query)
    if queue is None:
        known = [*(queue.name for queue in queues.queues), *queues.undeclared]
        near = get_close_matches(name, known, n=1) or known
        why = say("measure.no_queue", name=name, known=", ".join(near))
        return unknown(check, why, source=queues.source, query=query)
    trend = direction(queue.depths) if queue.depths is not None else None
    value = float(queue.waiting)
    if check.expect.kind == "trend":
        verdict = judge_trend(check.expect, trend)
    else:
        verdict = judge_values(check.expect, [value])
    text = value_text(check, value, verdict, trend)
    return Observation(
        value=value,
        unit=check.unit,
        verdict=verdict,
        trend=trend,
        text=text,
        source=queues.source,
        at=queues.at,
        query=query,
    )


def judge_workers(check: Check, fleet: Fleet) -> Observation:
    """How many work, are idle or busy. A silent one may be at work: where that would change the verdict, it is unknown."""
    query = _query(check)
    if not fleet.workers:
        return unknown(check, say("measure.no_worker"), source=fleet.source, query=query)
    count = float(sum(worker.state in _AT_WORK for worker in fleet.workers))
    silent = sum(worker.state is WorkerState.UNKNOWN and not worker.signed_off for worker in fleet.workers)
    verdict = judge_values(check.expect, [count])
    if silent and judge_values(check.expect, [count + silent]) is not verdict:
        why = say("measure.silent_workers", count=round(count), silent=silent)
        return unknown(check, why, source=fleet.source, query=query, value=count)
    text = say("measure.workers", count=round(count), all=len(fleet.workers), wanted=expectation_text(check))
    return Observation(
        value=count,
        unit=check.unit,
        verdict=verdict,
        trend=None,
        text=text,
        source=fleet.source,
        at=fleet.at,
        query=query,
    )


def judge_schema(check: Check, schema: Schema) -> Observation:
    """How many of the table, the indexes and the revision that the check names are not there."""
    if schema.drift is Drift.NOT_COMPARED and _wants_head(check):
        return unknown(check, say("measure.no_scripts"), source=schema.source, query=_query(check))
    missing = _missing(check, schema)
    value = float(len(missing))
    verdict = judge_values(check.expect, [value])
    text = say("measure.schema_all", place=schema.address)
    if missing:
        text = say("measure.schema_missing", place=schema.address, names=", ".join(missing))
    if verdict is not Verdict.OK:
        text = say("measure.and_wanted", text=text, wanted=expectation_text(check))
    return Observation(
        value=value,
        unit=check.unit,
        verdict=verdict,
        trend=None,
        text=text,
        source=schema.source,
        at=schema.at,
        query=_query(check),
    )


def missing_objects(check: Check, schema: Schema) -> list[str]:
    """The table and the indexes that the check names and the database does not have."""
    table = _text(check, "table")
    missing = [table] if table and table.removeprefix("public.") not in schema.tables else []
    return missing + [name for name in _texts(check, "indexes") if name not in schema.indexes]


def _missing(check: Check, schema: Schema) -> list[str]:
    missing, revision = missing_objects(check, schema), _text(check, "revision")
    at = ", ".join(schema.revisions) or "–"
    if _wants_head(check) and schema.drift is not Drift.CURRENT:
        missing.append(f"head {', '.join(schema.heads)} ({schema.drift.value}: {at})")
    elif revision not in ("", "head") and revision not in schema.revisions:
        missing.append(f"{revision} ({at})")
    return missing


def _wants_head(check: Check) -> bool:
    """Whether the newest revision is asked for: by name, or because nothing is named."""
    named = any(_texts(check, name) for name in ("table", "indexes", "revision"))
    return not named or _text(check, "revision") == "head"


def _query(check: Check) -> str:
    """What is asked, as written: secrets are still names in it, and headers are left out."""
    parameters = check.parameters or {}
    if check.probe == "http":
        return f"{parameters.get('method', 'GET')} {_text(check, 'url')}"
    words = [f"{name}={', '.join(_texts(check, name))}" for name in parameters]
    return " ".join([str(check.probe), *words])


def _text(check: Check, name: str) -> str:
    return ", ".join(_texts(check, name))


def _texts(check: Check, name: str) -> tuple[str, ...]:
    value = (check.parameters or {}).get(name, ())
    if not isinstance(value, str):
        return value
    if name == "indexes":
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return (value,) if value else ()
