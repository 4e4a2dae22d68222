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
    from collections.abc import Callable

    from actions.model import Context
    from actions.release_settings import ReleaseInstance
    from core.message import Message

POLL_S = 0.2
WAIT_S = 30.0
"""How long an instance may take until it answers, where no `[releases.probe]` says it."""
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
    return _ask_server(context, slot, probe.field)


def ask_instance(context: Context, instance: ReleaseInstance) -> Answered:
    """Which release one instance is, by its own word."""
    probe = context.releases.probe
    if not instance.conf:
        return _ask_server(context, instance.name, probe.field if probe else "")
    try:
        replies = context.workers.ask("conf", {"with_defaults": False}, destination=[instance.name])
    except SourceError as error:
        return Answered(None, is_well=False, why=error.message)
    reply = replies.get(instance.name)
    if not isinstance(reply, dict):
        return Answered(None, is_well=False, why=say("releases.worker_silent"))
    version = reply.get(instance.conf)
    if not isinstance(version, str) or not version:
        return Answered(None, is_well=False, why=say("releases.worker_no_release", conf=instance.conf))
    return Answered(clean(version, 200), is_well=True)


def instance_is_not(instance: str, version: str, answered: Answered) -> Message:
    """What an instance is instead of the release, or why it is not well."""
    if answered.why is not None:
        return say("releases.instance_not_well", instance=instance, version=version, why=answered.why)
    return say("releases.instance_other", instance=instance, version=version, other=answered.version or "?")


def _ask_server(context: Context, place: str, field: str) -> Answered:
    try:
        answer = context.http.send(release_server(place), "GET", "")
    except SourceError as error:
        return Answered(None, is_well=False, why=error.message)
    version = _version(answer.body, field)
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
    return _until(
        lambda: ask_version(context, slot),
        lambda answered: answered.is_release(version) if well else answered.version == version,
        context,
        requests=probe.requests,
    )


def wait_for_instance(context: Context, version: str, instance: ReleaseInstance) -> Answered:
    """The same of one instance; a worker says it once, for it is one process."""
    probe = context.releases.probe
    requests = 1 if instance.conf or probe is None else probe.requests
    return _until(
        lambda: ask_instance(context, instance),
        lambda answered: answered.is_release(version),
        context,
        requests=requests,
    )


def _until(
    ask: Callable[[], Answered], is_right: Callable[[Answered], bool], context: Context, *, requests: int
) -> Answered:
    probe = context.releases.probe
    deadline, agreeing = time.monotonic() + (probe.wait_s if probe else WAIT_S), 0
    while True:
        answered = ask()
        is_it = is_right(answered)
        agreeing = agreeing + 1 if is_it else 0
        if agreeing >= requests or (not is_it and time.monotonic() > deadline):
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
