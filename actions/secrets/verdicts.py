"""What people decided about values (the baseline), by fingerprint, and what the last audit of a folder saw."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from actions.secrets.model import Verdict, Where
from core.errors import WarroomError
from core.files import make_private_folder, read_bytes, replace_file
from core.message import say
from incidents.journal.turn import turn

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from actions.secrets.model import Audit, Finding

_MAX_BYTES = 64 << 20
PATIENCE_S = 10.0


class BaselineError(WarroomError):
    """The file of decisions can't be read or written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """A person's word about one value."""

    verdict: Verdict
    reason: str
    by: str
    at: dt.datetime
    until: dt.datetime | None = None
    """When an acceptance ends, and the value is open again."""


def read_decisions(file: Path) -> dict[str, Decision]:
    """The decisions by fingerprint, empty where there is no file; raises `BaselineError`."""
    try:
        raw = read_bytes(file, _MAX_BYTES)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise BaselineError(say("secrets.baseline", file=str(file), detail=error.strerror or "?")) from error
    try:
        read = json.loads(raw)
        return {
            str(fingerprint): Decision(
                verdict=Verdict(entry["verdict"]),
                reason=str(entry["reason"]),
                by=str(entry["by"]),
                at=dt.datetime.fromisoformat(entry["at"]),
                until=dt.datetime.fromisoformat(entry["until"]) if entry.get("until") else None,
            )
            for fingerprint, entry in read.items()
        }
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise BaselineError(say("secrets.baseline_broken", file=str(file))) from None


def verdict_of(decision: Decision | None, now: dt.datetime) -> Verdict:
    """What stands now: an acceptance that has ended counts no more."""
    if decision is None or is_over(decision, now):
        return Verdict.OPEN
    return decision.verdict


def is_over(decision: Decision, now: dt.datetime) -> bool:
    """Whether its time has ended."""
    return decision.until is not None and decision.until <= now


def decide(file: Path, fingerprint: str, decision: Decision | None) -> None:
    """Add, replace or (by None) take away one decision; the file is written whole (0600).

    Two who decide at once wait for each other. Raises `BaselineError`.
    """
    try:
        with turn(file.with_name(f"{file.name}.lock"), PATIENCE_S):
            known = dict(read_decisions(file))
            known.pop(fingerprint, None)
            _write(
                file,
                json.dumps(
                    _entries(known if decision is None else {**known, fingerprint: decision}), indent=1
                ),
            )
    except TimeoutError:
        raise BaselineError(say("secrets.baseline", file=str(file), detail="held by somebody else")) from None


def _entries(decisions: Mapping[str, Decision]) -> dict[str, dict[str, str]]:
    return {
        name: {
            "verdict": entry.verdict,
            "reason": entry.reason,
            "by": entry.by,
            "at": entry.at.isoformat(),
            **({"until": entry.until.isoformat()} if entry.until else {}),
        }
        for name, entry in sorted(decisions.items())
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One value as an audit saw it: how many places it has, and the first of them."""

    fingerprint: str
    rule: str
    where: Where
    place: str
    places: int
    in_head: bool | None
    is_new: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LastAudit:
    """What the last audit of a folder saw: its items, every value known until then, and how much it could not read."""

    path: str
    at: dt.datetime
    fingerprints: frozenset[str]
    unread: int
    items: tuple[Item, ...] = ()
    gone: frozenset[str] = frozenset()

    @classmethod
    def of(cls, audit: Audit, fingerprints: frozenset[str]) -> LastAudit:
        """To be kept; `fingerprints` are those that the next audit is compared with."""
        return cls(
            path=audit.path,
            at=audit.at,
            fingerprints=fingerprints,
            unread=len(audit.scanned.unread),
            items=tuple(_item(findings, audit) for findings in audit.items().values()),
            gone=audit.gone,
        )


def _item(findings: Sequence[Finding], audit: Audit) -> Item:
    first = first_place(findings)
    return Item(
        fingerprint=first.fingerprint,
        rule=first.rule,
        where=first.where,
        place=f"{first.file}:{first.line}",
        places=len(findings),
        in_head=first.in_head,
        is_new=first.fingerprint in audit.new,
    )


def first_place(findings: Sequence[Finding]) -> Finding:
    """Where to go first: the tree before the history before logs."""
    order = list(Where)
    return min(findings, key=lambda finding: order.index(finding.where))


def last_audit(state: Path, folder: Path) -> LastAudit | None:
    """None where there was none, or its file is unreadable."""
    return _read_last(_last(state, folder))


def last_audits(state: Path) -> list[LastAudit]:
    """Of every folder that was audited, the newest first."""
    known = [audit for file in state.glob("last-*.json") if (audit := _read_last(file)) is not None]
    return sorted(known, key=lambda audit: audit.at, reverse=True)


def _read_last(file: Path) -> LastAudit | None:
    try:
        read = json.loads(read_bytes(file, _MAX_BYTES))
        items = (Item(**{**entry, "where": Where(entry["where"])}) for entry in read.get("items", ()))
        return LastAudit(
            path=str(read.get("path", "?")),
            at=dt.datetime.fromisoformat(read.get("at", "1970-01-01T00:00:00+00:00")),
            fingerprints=frozenset(map(str, read["fingerprints"])),
            unread=int(read["unread"]),
            items=tuple(items),
            gone=frozenset(map(str, read.get("gone", ()))),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def write_last(state: Path, folder: Path, audit: LastAudit) -> None:
    """Keep it for the next audit; raises `BaselineError`."""
    kept = {
        "path": audit.path,
        "at": audit.at.isoformat(),
        "fingerprints": sorted(audit.fingerprints),
        "unread": audit.unread,
        "items": [asdict(item) for item in audit.items],
        "gone": sorted(audit.gone),
    }
    _write(_last(state, folder), json.dumps(kept))


def _last(state: Path, folder: Path) -> Path:
    return state / f"last-{hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]}.json"


def _write(file: Path, text: str) -> None:
    try:
        make_private_folder(file.parent)
        replace_file(file, text.encode() + b"\n")
    except OSError as error:
        raise BaselineError(say("secrets.baseline", file=str(file), detail=error.strerror or "?")) from error
