"""One entry of the journal: who said what, when, and a hash over itself and the entry before it in its chain.

A chain is the events of one incident or of one run.

The hash is SHA-256 over the canonical JSON (sorted keys, no blanks, UTF-8) of every other field. The chain shows a
change, a removal and a new order; against somebody who rewrites the whole chain only a copy elsewhere helps
(`warroom journal export`, or the digests that `verify` prints).
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import secrets
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from pydantic import ValidationError

from core.text import clean
from incidents.events.body import BODY, Unreadable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from incidents.events.body import AnyBody, Body
    from incidents.events.run_body import RunBody

GENESIS = "0" * 64
"""What stands in for the digest before a chain's first event."""


@dataclass(frozen=True, slots=True)
class Record:
    """An event as it is stored and hashed: text as written, so that no later release reads it into something else.

    `chain` is the id of its incident or of its run. `origin` is the digest that the event had in a spool before it was merged, else empty.
    """

    id: str
    chain: str
    sequence: int
    at: str
    actor: str
    kind: str
    body: str
    previous: str
    digest: str
    origin: str = ""


@dataclass(frozen=True, slots=True)
class Event:
    """An event as the program works with it. `sequence` counts from 1 without gaps in its chain."""

    id: UUID
    chain: UUID
    sequence: int
    at: dt.datetime
    actor: str
    body: AnyBody
    previous: str
    digest: str
    origin: str = ""


class Draft(NamedTuple):
    """An event before it has its place. `origin` is its digest in a spool, if it comes from there."""

    id: UUID
    chain: UUID
    actor: str
    body: Body | RunBody
    at: dt.datetime
    origin: str = ""


def record_from_row(values: Sequence[object]) -> Record:
    """A record from its stored columns, in order. What is no text there (a damaged file) is read as text.

    Its digest then is no longer that of the record, which `verify` names.
    """
    event, of, sequence, *texts = values
    number = sequence if isinstance(sequence, int) else 0
    return Record(as_text(event), as_text(of), number, *map(as_text, texts))


def as_text(value: object) -> str:
    """A stored value as text, whatever it is."""
    if isinstance(value, str):
        return value
    return value.decode(errors="replace") if isinstance(value, bytes) else "" if value is None else str(value)


def new_id() -> UUID:
    """A UUID version 7 (RFC 9562, section 5.7): milliseconds of the clock, then 74 random bits."""
    milliseconds = time.time_ns() // 1_000_000
    random = secrets.randbits(74)
    value = (milliseconds & (1 << 48) - 1) << 80 | 7 << 76 | (random >> 62) << 64 | 2 << 62
    return UUID(int=value | random & (1 << 62) - 1)


def canonical(value: object) -> str:
    """JSON in the one form that is hashed."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def digest_of(record: Record) -> str:
    """The hash over everything in `record` but its digest."""
    fields = [record.id, record.chain, record.sequence, record.at, record.actor, record.kind, record.body]
    return hashlib.sha256(canonical([*fields, record.previous, record.origin]).encode()).hexdigest()


def write_time(at: dt.datetime) -> str:
    """UTC with microseconds, which sorts as text: `2026-11-24T03:12:44.000001Z`."""
    return at.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def read_time(text: str) -> dt.datetime:
    """The inverse of `write_time`; raises `ValueError`."""
    return dt.datetime.fromisoformat(text)


def body_text(body: AnyBody) -> str:
    """A body in canonical JSON; what has its default is left out, so that new fields change no old hash."""
    return canonical(body.model_dump(mode="json", exclude_defaults=True, exclude={"kind"}))


def chain(draft: Draft, after: tuple[int, str]) -> Event:
    """The event that follows the one with sequence and digest `after`."""
    unsigned = Event(
        id=draft.id,
        chain=draft.chain,
        sequence=after[0] + 1,
        at=draft.at.astimezone(dt.UTC),
        actor=clean(draft.actor, 80) or "?",
        body=draft.body,
        previous=after[1],
        digest="",
        origin=draft.origin,
    )
    return replace(unsigned, digest=to_record(unsigned).digest)


def to_record(event: Event) -> Record:
    """The event as it is stored, with the digest that its fields have."""
    unsigned = Record(
        id=str(event.id),
        chain=str(event.chain),
        sequence=event.sequence,
        at=write_time(event.at),
        actor=event.actor,
        kind=event.body.kind,
        body=body_text(event.body),
        previous=event.previous,
        digest="",
        origin=event.origin,
    )
    return replace(unsigned, digest=digest_of(unsigned))


def to_event(record: Record) -> Event:
    """Read a stored event. What can't be read stays in its place as `Unreadable`: the incident must go on."""
    body: AnyBody
    try:
        body = BODY.validate_python({**json.loads(record.body), "kind": record.kind})
    except (ValueError, TypeError, RecursionError) as error:  # those of pydantic and json are ValueErrors
        detail = (
            error.errors(include_input=False)[0]["msg"] if isinstance(error, ValidationError) else str(error)
        )
        body = Unreadable(was=clean(record.kind, 40), detail=clean(detail, 120))
    return Event(
        id=_uuid(record.id),
        chain=_uuid(record.chain),
        sequence=record.sequence,
        at=_time(record.at),
        actor=record.actor,
        body=body,
        previous=record.previous,
        digest=record.digest,
        origin=record.origin,
    )


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        return UUID(int=0)


def _time(text: str) -> dt.datetime:
    try:
        at = read_time(text)
    except ValueError:
        return dt.datetime.fromtimestamp(0, dt.UTC)
    return at if at.tzinfo else at.replace(tzinfo=dt.UTC)


def to_json(record: Record) -> dict[str, Any]:
    """A record as one line of an export. A body that can't be read goes out as `unreadable`, the text that it is."""
    try:
        fields = json.loads(record.body)
    except (ValueError, RecursionError):
        fields = None
    body = {"body": fields} if isinstance(fields, dict) else {"body": None, "unreadable": record.body}
    return {
        "id": record.id,
        _chain_name(record.kind): record.chain,
        "sequence": record.sequence,
        "at": record.at,
        "actor": record.actor,
        "kind": record.kind,
        **body,
        "previous": record.previous,
        "digest": record.digest,
        "origin": record.origin,
    }


def _chain_name(kind: str) -> str:
    """What a line calls the chain of an event of this kind: `run_noted` tells of a run in an incident."""
    return "run" if kind.startswith("run_") and kind != "run_noted" else "incident"


def from_json(value: Mapping[str, Any]) -> Record:
    """The inverse of `to_json`; raises `ValueError`, `KeyError` or `TypeError` for what is no event."""
    texts = {name: value[name] for name in ("id", "at", "actor", "kind", "previous", "digest", "origin")}
    texts["chain"] = value["run"] if "run" in value else value["incident"]
    if not all(isinstance(text, str) for text in texts.values()):
        raise TypeError("text")
    sequence = value["sequence"]
    if not isinstance(sequence, int) or isinstance(sequence, bool) or not isinstance(value["body"], dict):
        raise TypeError("sequence")
    UUID(texts["id"]), UUID(texts["chain"])
    record = Record(sequence=sequence, body=canonical(value["body"]), **texts)
    digest_of(record)  # a lone surrogate, which no database takes, is a ValueError here
    return record
