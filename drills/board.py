"""All checks of a scenario, as they were measured last, and what was kept of them for the record."""

from __future__ import annotations

import asyncio
import datetime as dt
import time
from typing import TYPE_CHECKING

from drills.record import Sample, oracle_check
from drills.state import CheckState
from runbooks.checks.measure import measure
from signals.reading import Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.message import Message
    from drills.scenarios.model import Scenario
    from drills.state import CheckRole
    from runbooks.checks.permission import Permission
    from runbooks.model import Check
    from signals.sources import Sources

MAX_SAMPLES = 20_000
"""Of a record; a longer drill keeps the first ones."""
TIMEOUT_S = 8.0
"""A check that takes longer is unknown in this round."""


class ChecksBoard:
    """Belongs to one event loop."""

    def __init__(self, scenario: Scenario, sources: Sources, permission: Permission) -> None:
        self._sources, self._permission = sources, permission
        self._checks: dict[str, tuple[CheckRole, Check]] = {}
        for each in scenario.steady:
            self._checks[each.id] = ("steady", each.check.check())
        for each in scenario.recovered:
            self._checks[each.id] = ("recovered", each.check.check())
        for signal in scenario.signals:
            self._checks[signal.id] = ("signal", signal.check.check())
        for oracle in scenario.oracles:
            for index, check in enumerate(oracle.checks):
                self._checks[oracle_check(oracle.id, index)] = ("oracle", check.check())
        self.states: dict[str, CheckState] = {}
        self.samples: list[Sample] = []

    async def unmet(self, role: CheckRole) -> list[tuple[str, Message]]:
        """Measure those of this role now: which are not as expected, or unknown, and what they say."""
        await self._measure({name: pair for name, pair in self._checks.items() if pair[0] == role})
        return [
            (name, state.text)
            for name, state in self.states.items()
            if state.role == role and state.verdict is not Verdict.OK
        ]

    async def measure(self) -> None:
        """All but the steady ones, at the same time; each is a sample, too."""
        names = {name: pair for name, pair in self._checks.items() if pair[0] != "steady"}
        await self._measure(names)
        if len(self.samples) < MAX_SAMPLES:
            self.samples += [self._samples[name] for name in names]

    def of(self, role: CheckRole) -> tuple[CheckState, ...]:
        """As measured last."""
        return tuple(state for state in self.states.values() if state.role == role)

    def never_measured(self) -> tuple[str, ...]:
        """Checks that were unknown each time."""
        known = {sample.check for sample in self.samples if sample.met is not None}
        return tuple(dict.fromkeys(each.check for each in self.samples if each.check not in known))

    async def _measure(self, checks: Mapping[str, tuple[CheckRole, Check]]) -> None:
        self._samples: dict[str, Sample] = {}
        await asyncio.gather(
            *(self._measure_check(name, role, check) for name, (role, check) in checks.items())
        )

    async def _measure_check(self, name: str, role: CheckRole, check: Check) -> None:
        observed = await asyncio.wait_for(
            measure(check, self._sources, time.time(), self._permission), TIMEOUT_S * 4
        )
        now = dt.datetime.now(dt.UTC)
        met = None if observed.verdict is Verdict.UNKNOWN else observed.verdict is Verdict.OK
        before = self.states.get(name)
        since = before.since if before else None
        if met and since is None and role != "steady":
            since = now
        self.states[name] = CheckState(
            id=name, role=role, verdict=observed.verdict, text=observed.text, at=now, since=since
        )
        self._samples[name] = Sample(name, now, observed.value, met)
