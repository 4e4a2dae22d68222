"""`/team-analyze` is still deferred in time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drills.probes.defer import defer
from drills.probes.model import Probe, ProbeResult

if TYPE_CHECKING:
    from drills.probes.reach import Reach


async def _run(reach: Reach) -> ProbeResult:
    return await defer(reach, PROBE.id, "team-analyze")


PROBE = Probe("defer-team-analyze", _run)
