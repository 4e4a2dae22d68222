"""A staged return as data: which tasks at which rate, which queues, by which shares; and where one stands, in a file.

The file is replaced whole at each step, on the runner's host: a runner that is killed leaves it, and with it the stage that
was reached and whether the change to it was finished. Who returns again goes on from there.
"""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Literal

from core.files import read_text, replace_file

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from actions.model import Context
    from runbooks.model import Check

HELD = 0
"""The share at which nothing runs: the queues are held."""
FULL = 100
MAX_FILE_BYTES = 100_000
PER_S = {"s": 1.0, "m": 60.0, "h": 3600.0}

State = Literal["changing", "watching", "held back", "done"]
"""changing: on the way to the share · watching: there, and refusals are watched · held back: it stays there, the run ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """What comes back. `rates` are 100 % of each task; `shares` are the stages, in percent."""

    rates: Mapping[str, str]
    queues: tuple[str, ...]
    shares: tuple[int, ...]
    stage_s: float
    refusals: tuple[Check, ...]
    workers: tuple[str, ...] = ()
    processes: int | None = None
    """What 100 % of each worker's pool is; None where the pools stay as they are."""
    lift: bool = False
    """At the end the limits are taken away, and not set to 100 %."""

    @property
    def identity(self) -> str:
        """What makes two returns the same one, so that the second goes on with the first."""
        return json.dumps([sorted(self.rates), sorted(self.queues), self.processes is not None])

    def rate_at(self, task: str, share: int) -> str:
        """The limit of a task at this share; the lowest stage's where it is held."""
        if share >= FULL:
            return "none" if self.lift else self.rates[task]
        return share_of(self.rates[task], share or min(self.shares))

    def processes_at(self, share: int) -> int | None:
        """The size of each pool at this share, never none: that is what a hold is for."""
        if self.processes is None:
            return None
        return max(1, math.ceil(self.processes * (share or min(self.shares)) / FULL))


def share_by_limits(course: Course, by_task: Mapping[str, Mapping[str, str]]) -> int | None:
    """The share whose limits the workers have by their own word, the lowest of several; None where it is no stage of this return.

    A worker without a limit, or with that of 100 %, says nothing: it has restarted, or an earlier return came to its end.
    """
    seen: set[int] = set()
    for task, limits in by_task.items():
        stages = {course.rate_at(task, share): share for share in course.shares if share < FULL}
        for limit in limits.values():
            if limit in stages:
                seen.add(stages[limit])
            elif limit not in ("none", course.rates[task]):
                return None
    return min(seen, default=None)


def share_by_sizes(course: Course, sizes: Mapping[str, int]) -> int | None:
    """The same by the workers' pools: the lowest stage at which the smallest has the size that it has."""
    size = min(sizes.values(), default=0)
    return next(
        (share for share in course.shares if share < FULL and course.processes_at(share) == size), None
    )


def share_of(rate: str, percent: int) -> str:
    """So much of a limit, in the unit in which three decimals still say it: 10 % of `1/m` is `6/h`."""
    count, _, unit = rate.partition("/")
    for name in (unit, *(each for each in ("m", "h") if PER_S[each] > PER_S[unit])):
        value = float(count) * percent / 100 / PER_S[unit] * PER_S[name]
        if value >= 1 or name == "h":
            return f"{max(0.001, round(value, 3)):g}/{name}"
    return rate


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a return stands, since when, and why it is not further."""

    course: str
    share: int
    state: State
    at: float
    why: str = ""


def read_standing(context: Context, course: Course) -> Standing | None:
    """Where this very return stands; None where nothing is known of it, or it came to its end."""
    try:
        document = json.loads(read_text(_file(context, course), MAX_FILE_BYTES))
        standing = Standing(**document)
    except (OSError, ValueError, TypeError):
        return None
    is_ours = standing.course == course.identity and isinstance(standing.share, int)
    return standing if is_ours and standing.state != "done" else None


def write_standing(context: Context, course: Course, share: int, state: State, why: str = "") -> None:
    """On the disk when this returns."""
    file = _file(context, course)
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    standing = Standing(course.identity, share, state, context.clock(), why)
    replace_file(file, json.dumps(asdict(standing)).encode())


def _file(context: Context, course: Course) -> Path:
    return context.folder / "returns" / f"{hashlib.sha256(course.identity.encode()).hexdigest()[:32]}.json"
