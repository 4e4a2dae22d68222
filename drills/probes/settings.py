"""`[drills.probes]`: how a system is asked as its users ask it, and where it says what became of that."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from core.settings import Seconds, Section
from signals.settings import HttpSettings  # noqa: TC001  # pydantic reads the annotations at run time


class ProbesSettings(Section):
    """What is not configured is unknown, and the probe that needs it says so.

    A page of records answers `?prefix=` with `{"records": [{"id", "state"}]}` (waiting, succeeded or failed), a page of
    deliveries with `{"deliveries": [{"token", "kind"}]}` (analysis, template or error).
    """

    interactions: HttpSettings | None = Field(
        default=None, description="where an interaction is posted, as Discord does it"
    )
    send: tuple[str, ...] = Field(
        default=(),
        description='a command that sends it instead: {command}, {id} and {match} are put in; its last line is {"deferred_ms": …}',
    )
    records: HttpSettings | None = Field(default=None, description="what has become of each interaction")
    deliveries: HttpSettings | None = Field(default=None, description="what users were shown")
    match: str = Field(default="PROBE_{number}", description="what is asked about: each time another number")
    bad_match: str = Field(default="none", description="a match whose task has to fail")
    count: Annotated[int, Field(ge=1, le=200)] = Field(default=10, description="requests of a probe")
    limit_ms: Annotated[float, Field(gt=0)] = Field(
        default=3_000.0, description="within which an interaction has to be deferred (Discord: 3 s)"
    )
    wait_s: Seconds = Field(default=30.0, description="for the answers to arrive")
    failed: str = Field(default="", description="PromQL: how many requests have failed so far")
    degraded: str = Field(default="", description="PromQL: the share of answers that come from a template")
    started: str = Field(
        default="process_start_time_seconds", description="PromQL: when each process of the service began"
    )

    def over(self, profile: ProbesSettings) -> ProbesSettings:
        """These, and what they leave out as `profile` has it."""
        update = {name: getattr(profile, name) for name in profile.model_fields_set - self.model_fields_set}
        return self.model_copy(update=update)
