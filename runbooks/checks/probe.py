"""Measures what is not PromQL: an HTTP answer, a queue's length, the workers, the database's schema."""

from __future__ import annotations

import asyncio
import re
import time
from difflib import get_close_matches
from typing import TYPE_CHECKING

from core.errors import SourceError
from core.message import say
from runbooks.checks.judge import judge_status, judge_trend, judge_values
from runbooks.checks.measure import Observation, seen, unknown, wanted
from signals.celery.model import WorkerState
from signals.database.model import Drift
from signals.metrics.trend import direction
from signals.reading import Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.message import Message
    from runbooks.model import Check
    from signals.celery.model import Fleet, Queues
    from signals.database.model import Schema
    from signals.sources import Sources

TIMEOUT_S = 10.0
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_SECTIONS = {"queue": "redis", "workers": "celery", "schema": "postgres"}
_AT_WORK = (WorkerState.WORKING, WorkerState.IDLE, WorkerState.BUSY)


async def measure(check: Check, sources: Sources, environment: Mapping[str, str]) -> Observation:
    """See `runbooks.checks.measure.measure`."""
    try:
        match check.probe:
            case "http":
                return await _http(check, environment)
            case "queue" if sources.queues is not None:
                return see_queue(check, await sources.queues.queues())
            case "workers" if sources.fleet is not None:
                return see_workers(check, await sources.fleet.fleet())
            case "schema" if sources.schema is not None:
                return see_schema(check, await sources.schema.schema())
            case _:
                why = say("measure.not_configured", section=_SECTIONS[str(check.probe)])
                return unknown(check, why, source=str(check.probe), query=_query(check))
    except SourceError as error:
        return unknown(check, error.message, source=str(check.probe), query=_query(check))


async def _http(check: Check, environment: Mapping[str, str]) -> Observation:
    """The status of one request. Redirects are not followed, so that a 302 to a login page is no 200."""
    parameters = check.parameters or {}
    written = [_text(check, "url"), *_texts(check, "headers")]
    missing = [name for text in written for name in _VARIABLE.findall(text) if not environment.get(name)]
    query = _query(check)
    if missing:
        return unknown(check, say("measure.unset", name=missing[0]), source="http", query=query)
    url, *lines = (_VARIABLE.sub(lambda found: environment[found[1]], text) for text in written)
    headers = [(name.strip(), value.strip()) for name, _, value in (line.partition(":") for line in lines)]
    status = await _ask(str(parameters.get("method", "GET")), url, headers)
    if not isinstance(status, int):
        return unknown(check, status, source="http", query=query)
    verdict = judge_status(check.expect, status)
    text = say("measure.status", status=status, wanted=wanted(check))
    return Observation(float(status), "none", verdict, None, text, "http", time.time(), query)


async def _ask(method: str, url: str, headers: list[tuple[str, str]]) -> int | Message:
    """The status, or why there is none. No text of an exception goes out: it may quote the URL or a header."""
    import httpx

    try:
        async with asyncio.timeout(TIMEOUT_S):
            client = await asyncio.to_thread(httpx.AsyncClient, timeout=TIMEOUT_S)
            async with client, client.stream(method, url, headers=headers) as response:
                return response.status_code
    except (TimeoutError, httpx.TimeoutException):
        return say("measure.http_late", seconds=TIMEOUT_S)
    except (httpx.ConnectError, httpx.NetworkError):
        return say("measure.http_unreachable")
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, OSError) as error:
        return say("measure.http_broken", kind=type(error).__name__)


def see_queue(check: Check, found: Queues) -> Observation:
    """How many messages wait in the queue, and which way that goes."""
    name = _text(check, "queue")
    queue = next((one for one in found.queues if one.name == name), None)
    query = f"LLEN {name}"
    if queue is None:
        known = [one.name for one in found.queues]
        near = get_close_matches(name, known, n=1) or known
        why = say("measure.no_queue", name=name, known=", ".join(near))
        return unknown(check, why, source=found.source, query=query)
    trend = direction(queue.depths) if queue.depths is not None else None
    value = float(queue.waiting)
    if check.expect.kind == "trend":
        verdict = judge_trend(check.expect, trend)
    else:
        verdict = judge_values(check.expect, [value])
    text = seen(check, value, verdict, trend)
    return Observation(value, check.unit, verdict, trend, text, found.source, found.at, query)


def see_workers(check: Check, found: Fleet) -> Observation:
    """How many work, are idle or busy. A silent one may be at work: where that would change the verdict, it is unknown."""
    query = _query(check)
    if not found.workers:
        return unknown(check, say("measure.no_worker"), source=found.source, query=query)
    count = float(sum(one.state in _AT_WORK for one in found.workers))
    silent = sum(
        one.state is WorkerState.UNKNOWN and one.evidence.key != "fleet.signed_off" for one in found.workers
    )
    verdict = judge_values(check.expect, [count])
    if silent and judge_values(check.expect, [count + silent]) is not verdict:
        why = say("measure.silent_workers", count=round(count), silent=silent)
        return unknown(check, why, source=found.source, query=query, value=count)
    text = say("measure.workers", count=round(count), all=len(found.workers), wanted=wanted(check))
    return Observation(count, check.unit, verdict, None, text, found.source, found.at, query)


def see_schema(check: Check, found: Schema) -> Observation:
    """How many of the table, the indexes and the revision that the check names are not there."""
    missing = _missing(check, found)
    value = float(len(missing))
    verdict = judge_values(check.expect, [value])
    there = say("measure.schema_all", place=found.address)
    if missing:
        there = say("measure.schema_missing", place=found.address, names=", ".join(missing))
    text = there if verdict is Verdict.OK else say("measure.and_wanted", text=there, wanted=wanted(check))
    return Observation(value, check.unit, verdict, None, text, found.source, found.at, _query(check))


def absent(check: Check, found: Schema) -> list[str]:
    """The table and the indexes that the check names and the database does not have."""
    table = _text(check, "table")
    missing = [table] if table and table.removeprefix("public.") not in found.tables else []
    return missing + [name for name in _texts(check, "indexes") if name not in found.indexes]


def _missing(check: Check, found: Schema) -> list[str]:
    missing, revision = absent(check, found), _text(check, "revision")
    at = ", ".join(found.revisions) or "–"
    if not (_text(check, "table") or _texts(check, "indexes") or revision):
        revision = "head"
    if revision == "head" and found.drift is not Drift.CURRENT:
        missing.append(f"head {', '.join(found.heads)} ({found.drift.value}: {at})")
    elif revision not in ("", "head") and revision not in found.revisions:
        missing.append(f"{revision} ({at})")
    return missing


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
