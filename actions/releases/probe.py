"""Asks the service which release it is: a real request, whose answer holds the version."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from actions.errors import Cancelled
from actions.release_settings import release_server
from core.errors import SourceError
from core.message import say
from core.text import clean

if TYPE_CHECKING:
    from actions.model import Context
    from core.message import Message

POLL_S = 0.2
OK = range(200, 300)


@dataclass(frozen=True, slots=True)
class Answered:
    """What answered: its version, None where it said none, and whether it calls itself well. `why` says what was wrong."""

    version: str | None
    is_well: bool
    why: Message | None = None

    def is_release(self, version: str) -> bool:
        """Whether it is this release, and well."""
        return self.is_well and self.version == version


def can_ask(context: Context, slot: str = "") -> bool:
    """Whether the configuration says whom to ask."""
    probe = context.releases.probe
    return probe is not None and (not slot or slot in probe.slots)


def ask_version(context: Context, slot: str = "") -> Answered:
    """One request, to a slot itself or where users' requests go; an error is an answer."""
    probe = context.releases.probe
    if probe is None or not can_ask(context, slot):
        return Answered(None, is_well=False, why=say("releases.no_probe"))
    try:
        answer = context.http.send(release_server(slot), "GET", "")
    except SourceError as error:
        return Answered(None, is_well=False, why=error.message)
    version = _version(answer.body, probe.field)
    if answer.status in OK and version is not None:
        return Answered(version, is_well=True)
    start = clean(answer.body[:120].decode(errors="replace")) or "–"
    return Answered(version, is_well=False, why=say("releases.answered", status=answer.status, start=start))


def wait_for(context: Context, version: str, slot: str = "", *, well: bool = True) -> Answered:
    """Until as many answers in a row as configured are this release's, or the time is over; the last answer either way.

    With `well` False its word is enough: a release that waits for its schema says who it is, and is not well.
    """
    probe = context.releases.probe
    if probe is None:
        return ask_version(context, slot)
    deadline, agreeing = time.monotonic() + probe.wait_s, 0
    while True:
        answered = ask_version(context, slot)
        is_it = answered.is_release(version) if well else answered.version == version
        agreeing = agreeing + 1 if is_it else 0
        if agreeing >= probe.requests or (not is_it and time.monotonic() > deadline):
            return answered
        if not is_it:
            if context.is_cancelled():
                raise Cancelled(say("actions.cancelled"))
            time.sleep(POLL_S)


def _version(body: bytes, path: str) -> str | None:
    text = body.decode(errors="replace")
    if not path:
        return clean(text.strip(), 200) or None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    for key in path.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    return clean(str(value), 200) if isinstance(value, str | int | float) else None
