"""What was injected, on disk before anything is broken: a private file an injection, with what was there before.

Owner and watchdog both write here; a lock file lets them write in turn, and what is lifted is never called broken again.
"""

from __future__ import annotations

import datetime as dt
import fcntl
import json
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

from actions.step import message_from_json, message_to_json
from core.files import make_private_folder, open_log, open_private, read_text
from drills.faults.model import Injection
from drills.target import Target

if TYPE_CHECKING:
    from collections.abc import Iterator

    from core.message import Message
    from drills.faults.model import Before, State

ORDER: tuple[State, ...] = ("injecting", "injected", "lifting", "lifted", "failed")
ENDED: frozenset[State] = frozenset({"lifted", "failed"})


@dataclass(frozen=True, slots=True)
class Record:
    """An injection with all that is needed to lift it."""

    injection: Injection
    target: Target
    before: Before


@dataclass(frozen=True, slots=True)
class Records:
    """Those in one folder. All of it raises `OSError`."""

    folder: Path

    def create(self, record: Record) -> None:
        """On the disk when this returns."""
        make_private_folder(self.folder)
        with self._turn():
            self._write(record)

    def all(self) -> tuple[Record, ...]:
        """The oldest first."""
        records = [_read(path) for path in self.folder.glob("*.json")]
        return tuple(sorted(records, key=lambda record: (record.injection.since, record.injection.id)))

    def find(self, injection_id: str) -> Record:
        """One of them."""
        return _read(self._path(injection_id))

    def advance(self, injection_id: str, state: State, detail: Message | None = None) -> Injection:
        """Say how far it is; one that has ended stays so."""
        with self._turn():
            record = self.find(injection_id)
            known = record.injection
            if ORDER.index(state) < ORDER.index(known.state) or known.state in ENDED:
                return known
            lifted = dt.datetime.now(dt.UTC) if state in ENDED else None
            fresh = replace(known, state=state, detail=detail, lifted_at=lifted)
            self._write(replace(record, injection=fresh))
            return fresh

    @contextmanager
    def _turn(self) -> Iterator[None]:
        with open_log(self.folder / "turn.lock") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _write(self, record: Record) -> None:
        injection, target = record.injection, record.target
        with open_private(self._path(injection.id)) as file:
            json.dump(
                {
                    "id": injection.id,
                    "fault": injection.fault,
                    "params": dict(injection.params),
                    "state": injection.state,
                    "since": injection.since.isoformat(),
                    "until": injection.until.isoformat(),
                    "lifted_at": None if injection.lifted_at is None else injection.lifted_at.isoformat(),
                    "detail": None if injection.detail is None else message_to_json(injection.detail),
                    "before": dict(record.before),
                    "config": str(target.config),
                    "environment": target.environment,
                    "sandbox": None if target.sandbox is None else str(target.sandbox),
                },
                file,
            )

    def _path(self, injection_id: str) -> Path:
        return self.folder / f"{injection_id}.json"


def _read(path: Path) -> Record:
    document = json.loads(read_text(path))
    lifted, sandbox = document["lifted_at"], document["sandbox"]
    injection = Injection(
        id=document["id"],
        fault=document["fault"],
        params=document["params"],
        state=cast("State", document["state"]),
        since=dt.datetime.fromisoformat(document["since"]),
        until=dt.datetime.fromisoformat(document["until"]),
        lifted_at=None if lifted is None else dt.datetime.fromisoformat(lifted),
        detail=None if document["detail"] is None else message_from_json(document["detail"]),
    )
    target = Target(
        config=Path(document["config"]),
        environment=document["environment"],
        sandbox=None if sandbox is None else Path(sandbox),
    )
    return Record(injection, target, document["before"])
