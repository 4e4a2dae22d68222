"""Results of drills on the disk: one JSON file a drill, whole or not at all, private unless its folder is a group's.

A record is written when a drill begins and again when it ends: one that was cut off is left, and reads as aborted.
"""

from __future__ import annotations

import datetime as dt
import os
import re
import socket
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.errors import WarroomError
from core.files import FILE_MODE, make_private_folder, read_bytes, replace_file
from core.message import Message, say
from core.text import clean
from drills.record import Ending  # noqa: TC001  # pydantic reads the annotations at run time
from drills.scenarios.model import Scenario  # noqa: TC001  # pydantic reads the annotations at run time
from incidents.events.fields import Utc  # noqa: TC001  # pydantic reads the annotations at run time

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.message import Value
    from drills.record import DrillFacts
    from drills.score import Score

MAX_BYTES = 20_000_000
MAX_RECORDS = 5_000
"""The newest are read."""
SHARED_MODE = 0o640
"""In a folder that its group may read, so that a team can be compared."""
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


class Sentence(_Part):
    """A `Message` as it is stored."""

    key: str
    values: dict[str, int | float | str | Sentence] = {}

    @property
    def message(self) -> Message:
        """To be said in any language; texts cleaned, for the file may come from anybody."""
        values: dict[str, Value] = {
            name: value.message
            if isinstance(value, Sentence)
            else clean(value)
            if isinstance(value, str)
            else value
            for name, value in self.values.items()
        }
        return Message(clean(self.key, 80), values)


class StoredInjection(_Part):
    """A fault that was there, from when to when."""

    fault: str
    params: dict[str, str] = {}
    state: str
    since: Utc
    until: Utc
    lifted_at: Utc | None = None


class StoredNote(_Part):
    """What the master wrote down."""

    at: Utc
    text: str
    is_hint: bool = False


class StoredSample(_Part):
    """A check as it was measured."""

    check: str
    at: Utc
    value: float | None = None
    met: bool | None = None


class StoredOracle(_Part):
    """What an oracle said."""

    id: str
    passed: bool | None = None
    evidence: Sentence
    at: Utc | None = None


class StoredStep(_Part):
    """A step, or a run."""

    name: str
    kind: Literal["done", "skipped", "wrong"]
    text: Sentence


class StoredLack(_Part):
    """What a runbook could not do."""

    about: str
    text: Sentence


class StoredTimes(_Part):
    """Seconds since the first fault."""

    detect_s: float | None = None
    acknowledge_s: float | None = None
    mitigate_s: float | None = None
    recover_s: float | None = None

    def to_json(self) -> dict[str, float | None]:
        """By name."""
        return {name: getattr(self, name) for name in type(self).model_fields}


class StoredScore(_Part):
    """See `drills.score.Score`."""

    score: int = Field(ge=0, le=100)
    oracles: tuple[StoredOracle, ...]
    times: StoredTimes
    budget_burnt: float | None = None
    hints: int = 0
    steps: tuple[StoredStep, ...] = ()
    lacks: tuple[StoredLack, ...] = ()


class DrillRecord(_Part):
    """One drill as the file has it; `definition` is the scenario as it was played. `ending` of one that was cut off is `aborted`."""

    format: Literal[1] = 1
    id: str
    scenario: str
    target: str
    master: str
    players: tuple[str, ...] = ()
    autopilot: str = ""
    started_at: Utc
    ended_at: Utc | None = None
    ending: Ending
    incident: str = ""
    injections: tuple[StoredInjection, ...] = ()
    shown: dict[str, Utc] = {}
    recovered_at: Utc | None = None
    notes: tuple[StoredNote, ...] = ()
    samples: tuple[StoredSample, ...] = ()
    unknown: tuple[str, ...] = ()
    score: StoredScore | None = None
    definition: Scenario
    host: str = ""
    process: int = 0

    @property
    def is_result(self) -> bool:
        """Whether its score says something about the responders: it ended by itself, and people played it."""
        return self.score is not None and self.ending in ("recovered", "timed_out") and not self.autopilot


@dataclass(frozen=True, slots=True)
class Records:
    """All that could be read, oldest first, and what is wrong with the other files."""

    records: tuple[DrillRecord, ...]
    problems: tuple[Message, ...]


def begin(folder: Path, facts: DrillFacts, scenario: Scenario) -> Path:
    """Write down that a drill began; raises `WarroomError` where that is not possible: then it must not begin."""
    return save(folder, record_of(facts, scenario, None))


def save(folder: Path, record: DrillRecord) -> Path:
    """Write it, over what `begin` left; raises `WarroomError`."""
    at = record.started_at.strftime("%Y%m%dT%H%M%SZ")
    path = folder / f"{at}-{_UNSAFE.sub('-', record.id)[:80]}.json"
    try:
        make_private_folder(folder)
        shared = folder.stat().st_mode & stat.S_IRGRP
        text = record.model_dump_json(indent=1, exclude_none=True) + "\n"
        replace_file(path, text.encode(), mode=SHARED_MODE if shared else FILE_MODE)
    except OSError as error:
        raise WarroomError(
            say("drill.record_unwritable", file=clean(str(path)), detail=error.strerror or "?")
        ) from error
    return path


def save_anywhere(folder: Path, record: DrillRecord) -> tuple[Path, Message | None]:
    """Write it into `folder`, or where else there is room, and say where: what people played for is not lost with a full disk."""
    try:
        return save(folder, record), None
    except WarroomError as error:
        place = save(Path(tempfile.mkdtemp(prefix="warroom-drill-")), record)
        return place, say("drill.record_elsewhere", why=error.message, file=clean(str(place)))


def load_all(folder: Path) -> Records:
    """Every record; a folder that is not there has none."""
    try:
        paths = sorted(path for path in folder.iterdir() if path.suffix == ".json" and path.name[0] != ".")
    except FileNotFoundError:
        paths = []
    except OSError as error:
        raise WarroomError(_unreadable(folder, error.strerror)) from error
    records: list[DrillRecord] = []
    problems: list[Message] = []
    for path in paths[-MAX_RECORDS:]:
        try:
            record = DrillRecord.model_validate_json(read_bytes(path, MAX_BYTES))
        except OSError as error:
            problems.append(_unreadable(path, error.strerror))
        except (ValidationError, RecursionError) as error:
            problems.append(_not_valid(path, error))
        else:
            records.append(_closed(record))
    records.sort(key=lambda record: (record.started_at, record.id))
    return Records(tuple(records), tuple(problems))


def _closed(record: DrillRecord) -> DrillRecord:
    """A record whose drill nobody conducts any more says so."""
    if record.ending != "running" or _may_run(record):
        return record
    return record.model_copy(update={"ending": "aborted"})


def _may_run(record: DrillRecord) -> bool:
    """By its process where that is ours to see; elsewhere by its limit, twice over for pauses."""
    if record.host == socket.gethostname():
        try:
            os.kill(record.process, 0)
        except ProcessLookupError:
            return False
        except (OSError, OverflowError):
            pass
    longest = dt.timedelta(seconds=2 * record.definition.limit_s + 600)
    return dt.datetime.now(dt.UTC) - record.started_at < longest


def record_of(facts: DrillFacts, scenario: Scenario, score: Score | None) -> DrillRecord:
    """A drill as its file has it."""
    return DrillRecord.model_validate(
        {
            "id": facts.id,
            "scenario": facts.scenario,
            "target": facts.target,
            "master": facts.master,
            "players": facts.players,
            "autopilot": facts.autopilot,
            "started_at": facts.started_at,
            "ended_at": facts.ended_at,
            "ending": facts.ending,
            "incident": "" if facts.incident is None else str(facts.incident),
            "injections": [
                {
                    "fault": each.fault,
                    "params": dict(each.params),
                    "state": each.state,
                    "since": each.since,
                    "until": each.until,
                    "lifted_at": each.lifted_at,
                }
                for each in facts.injections
            ],
            "shown": dict(facts.shown),
            "recovered_at": facts.recovered_at,
            "notes": [{"at": each.at, "text": each.text, "is_hint": each.is_hint} for each in facts.notes],
            "samples": [
                {"check": each.check, "at": each.at, "value": _finite(each.value), "met": each.met}
                for each in facts.samples
            ],
            "unknown": facts.unknown,
            "score": None if score is None else _score(score),
            "definition": scenario.model_dump(),
            "host": socket.gethostname(),
            "process": os.getpid(),
        }
    )


def _score(score: Score) -> dict[str, object]:
    return {
        "score": score.score,
        "oracles": [
            {"id": each.id, "passed": each.passed, "evidence": _sentence(each.evidence), "at": each.at}
            for each in score.oracles
        ],
        "times": score.times.to_json(),
        "budget_burnt": _finite(score.budget_burnt),
        "hints": score.hints,
        "steps": [
            {"name": each.name, "kind": each.kind, "text": _sentence(each.text)} for each in score.steps
        ],
        "lacks": [{"about": each.about, "text": _sentence(each.text)} for each in score.lacks],
    }


def _sentence(message: Message) -> dict[str, object]:
    return {"key": message.key, "values": _values(message.values)}


def _values(values: Mapping[str, Value]) -> dict[str, object]:
    return {
        name: _sentence(value)
        if isinstance(value, Message)
        else value
        if isinstance(value, str | int) or _finite(value) is not None
        else str(value)
        for name, value in values.items()
    }


def _finite(value: float | None) -> float | None:
    """JSON has no infinity."""
    return value if value is not None and float("-inf") < value < float("inf") else None


def _unreadable(path: Path, detail: str | None) -> Message:
    return say("drill.record_unreadable", file=clean(str(path)), detail=clean(detail or "?", 120))


def _not_valid(path: Path, error: ValidationError | RecursionError) -> Message:
    if isinstance(error, RecursionError):
        return _unreadable(path, "nested too deeply")
    first = error.errors(include_url=False, include_input=False)[0]
    if first["loc"] == ("format",):
        return say("drill.record_newer", file=clean(str(path)))
    return _unreadable(path, ": ".join(filter(None, (".".join(map(str, first["loc"])), first["msg"]))))
