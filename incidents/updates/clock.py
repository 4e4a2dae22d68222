"""The status-update clock: when people must hear something again, even if nothing has changed.

Intervals: *SRE* ch. 14 and PagerDuty's response guide (SEV1 15–30 min, SEV2 30–60 min); configurable.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from incidents.events.body import Severity
    from incidents.events.incident import Incident
    from incidents.settings import UpdateSettings


class UpdateClock(NamedTuple):
    """`left_s` is negative when the update is overdue."""

    due_at: dt.datetime
    left_s: float

    @property
    def overdue(self) -> bool:
        """Somebody should have said something by now."""
        return self.left_s < 0


def interval_s(severity: Severity, settings: UpdateSettings) -> float:
    """How long people may be left without news."""
    minutes = {
        "SEV1": settings.sev1_min,
        "SEV2": settings.sev2_min,
        "SEV3": settings.sev3_min,
        "SEV4": settings.sev4_min,
    }
    return minutes[severity] * 60


def update_clock(incident: Incident, settings: UpdateSettings, now: dt.datetime) -> UpdateClock | None:
    """The clock at `now`; None once the incident is resolved.

    It is wound up by each update and by the opening. A clock that was set back gives the whole interval again, not more.
    """
    if incident.status == "resolved":
        return None
    whole = interval_s(incident.severity, settings)
    since = incident.updates[-1].at if incident.updates else incident.opened_at
    left = min(whole, whole - (now - since).total_seconds())
    return UpdateClock(now + dt.timedelta(seconds=left), left)
