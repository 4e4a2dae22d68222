"""Silences of an Alertmanager (API v2): what one would cover, made, read and expired."""

from __future__ import annotations

import datetime as dt
import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from pydantic_core import PydanticCustomError

from actions.errors import ActionFailed
from core.message import say
from core.text import clean
from signals.alerts.alertmanager import Matcher

if TYPE_CHECKING:
    from actions.capabilities import HttpAnswer
    from actions.model import Context

SERVER = "alertmanager"
SILENCES = "/api/v2/silences"
_MATCHER = re.compile(r'\s*([A-Za-z_][\w]*)\s*(=~|!~|!=|=)\s*(?:"((?:[^"\\]|\\.)*)"|([^,"=]*))\s*(?:,|$)')


def read_matchers(text: str) -> tuple[Matcher, ...]:
    """`alertname=HighLatency, service=~"bot|api"` as its matchers; raises a pydantic error."""
    matchers, at = [], 0
    while at < len(text):
        match = _MATCHER.match(text, at)
        if match is None:
            raise PydanticCustomError("matchers", "matchers such as alertname=Name,service=~a|b")
        name, operator, quoted, plain = match.groups()
        value = re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else plain.strip()
        is_regex = operator.endswith("~")
        matchers.append(Matcher(name, value, is_regex, is_equal=not operator.startswith("!")))
        at = match.end()
    if not any(matcher.is_equal and matcher.value not in ("", ".*", ".+") for matcher in matchers):
        raise PydanticCustomError(
            "matches_all", "at least one matcher must name something: it would silence all"
        )
    return tuple(matchers)


def covered(matchers: tuple[Matcher, ...], context: Context) -> list[str]:
    """The names of the alerts that fire now and that these matchers cover; each alert once, so names may repeat."""
    alerts = _document(context.http.send(SERVER, "GET", "/api/v2/alerts"))
    return sorted(
        clean(alert["labels"].get("alertname", "?"), 100)
        for alert in alerts
        if all(matcher.matches(alert["labels"]) for matcher in matchers)
    )


def create_document(matchers: tuple[Matcher, ...], begin: float, end: float, by: str, comment: str) -> Any:
    """What is posted."""
    return {
        "matchers": [
            {"name": each.name, "value": each.value, "isRegex": each.is_regex, "isEqual": each.is_equal}
            for each in matchers
        ],
        "startsAt": _time(begin),
        "endsAt": _time(end),
        "createdBy": by,
        "comment": comment,
    }


def create(document: Any, context: Context) -> str:
    """The id of the new silence."""
    return clean(str(_document(context.http.send(SERVER, "POST", SILENCES, document))["silenceID"]), 80)


def read(silence: str, context: Context) -> dict[str, Any] | None:
    """The silence as it is there now; None where there is none of this id."""
    answer = context.http.send(SERVER, "GET", path_of(silence))
    if answer.status == 404:
        return None
    document = _document(answer)
    if not isinstance(document, dict):
        raise ActionFailed(say("actions.bad_answer", server=SERVER, detail="no silence"))
    return document


def expire(silence: str, context: Context) -> None:
    """End it now."""
    answer = context.http.send(SERVER, "DELETE", path_of(silence))
    if answer.status != 200:
        raise _refused(answer)


def path_of(silence: str) -> str:
    """Where it is."""
    return f"/api/v2/silence/{quote(silence, safe='')}"


def _document(answer: HttpAnswer) -> Any:
    if answer.status != 200:
        raise _refused(answer)
    try:
        return json.loads(answer.body)
    except (ValueError, RecursionError):
        raise ActionFailed(say("actions.bad_answer", server=SERVER, detail="no JSON")) from None


def _refused(answer: HttpAnswer) -> ActionFailed:
    detail = clean(answer.body.decode(errors="replace"), 200)
    return ActionFailed(say("actions.bad_answer", server=SERVER, detail=f"HTTP {answer.status}: {detail}"))


def _time(at: float) -> str:
    return dt.datetime.fromtimestamp(at, dt.UTC).isoformat().replace("+00:00", "Z")
