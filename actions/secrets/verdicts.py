"""What people decided about values (the baseline), by fingerprint, and which values the last audit of a folder saw."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from actions.secrets.model import Verdict
from core.errors import WarroomError
from core.files import make_private_folder, read_bytes, replace_file
from core.message import say

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_MAX_BYTES = 16 << 20


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


def decide(file: Path, fingerprint: str, decision: Decision) -> None:
    """Add or replace one decision; the file is written whole (0600). Raises `BaselineError`."""
    decisions: Mapping[str, Decision] = {**read_decisions(file), fingerprint: decision}
    entries = {
        name: {
            "verdict": entry.verdict,
            "reason": entry.reason,
            "by": entry.by,
            "at": entry.at.isoformat(),
            **({"until": entry.until.isoformat()} if entry.until else {}),
        }
        for name, entry in sorted(decisions.items())
    }
    _write(file, json.dumps(entries, indent=1))


@dataclass(frozen=True, slots=True)
class LastAudit:
    """Which values the last audit of a folder saw, and how many parts it could not read."""

    fingerprints: frozenset[str]
    unread: int


def last_audit(state: Path, folder: Path) -> LastAudit | None:
    """None where there was none, or its file is unreadable."""
    try:
        read = json.loads(read_bytes(_last(state, folder), _MAX_BYTES))
        return LastAudit(frozenset(map(str, read["fingerprints"])), int(read["unread"]))
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def write_last(state: Path, folder: Path, audit: LastAudit) -> None:
    """Keep it for the next audit; raises `BaselineError`."""
    kept = {"fingerprints": sorted(audit.fingerprints), "unread": audit.unread}
    _write(_last(state, folder), json.dumps(kept))


def _last(state: Path, folder: Path) -> Path:
    return state / f"last-{hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]}.json"


def _write(file: Path, text: str) -> None:
    try:
        make_private_folder(file.parent)
        replace_file(file, text.encode() + b"\n")
    except OSError as error:
        raise BaselineError(say("secrets.baseline", file=str(file), detail=error.strerror or "?")) from error
