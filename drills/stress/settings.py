"""`[drills.stress]`: the load steps, who sends the tasks, what is asked meanwhile, and when to stop."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from core.settings import Seconds, Section
from signals.settings import HttpSettings  # noqa: TC001  # pydantic reads the annotations at run time

FAST_S = 4.0
"""How long a step takes with `--fast`: enough for a slope, too short for a verdict that lasts."""


class Step(Section):
    """So many tasks a second for so long."""

    per_s: Annotated[float, Field(gt=0, le=1_000)]
    for_s: Seconds = 300.0

    @model_validator(mode="after")
    def _sends(self) -> Self:
        if self.per_s * self.for_s < 1:
            raise PydanticCustomError("sends_none", "so slow for so short a time it sends not one task")
        return self


class StressSettings(Section):
    """The manual's plan by default. What no expression asks is unknown; `{window}` in one is the time since a step began.

    In the sandbox its own generator sends; elsewhere `send` (a command a step; {rate} and {seconds} are put in) or `enqueue` (a
    POST a task, with `body`).
    """

    steps: Annotated[tuple[Step, ...], Field(min_length=1, max_length=20)] = tuple(
        Step(per_s=rate) for rate in (2, 5, 10, 20)
    )
    send: tuple[str, ...] = ()
    enqueue: HttpSettings | None = None
    body: dict[str, str | int | float | bool] = Field(default={})
    queue: str = Field(default="", description="in which the tasks wait")
    drain_s: Annotated[float, Field(ge=0, le=3_600)] = Field(
        default=300.0, description="how long the queue is given to empty between two steps"
    )
    p95: str = Field(default="", description="PromQL: the P95 of an answer (s)")
    limited: str = Field(default="", description="PromQL: the share of calls that were refused with 429")
    errors: str = Field(default="", description="PromQL: the share of requests that failed")
    model: str = Field(default="", description="PromQL: how long the model takes on average (s)")
    database: str = Field(default="", description="PromQL: the share of the database's connections in use")
    max_p95_s: Seconds = 10.0
    max_limited: Annotated[float, Field(ge=0, le=1)] = 0.01
    max_errors: Annotated[float, Field(ge=0, le=1)] = 0.05
    stop_waiting: Annotated[int, Field(gt=0)] = Field(
        default=2_000, description="so many waiting tasks end the test"
    )
    stop_p95_s: Seconds = Field(
        default=60.0,
        description="a P95 that reaches it ends the test; no more than the last bound of the histogram, which it can't exceed",
    )
    stop_errors: Annotated[float, Field(ge=0, le=1)] = 0.5
    guards: dict[str, str] = Field(
        default={}, description="by name, PromQL that gives more than 0 when the test has to end"
    )

    def over(self, profile: StressSettings) -> Self:
        """These, and what they leave out as `profile` has it."""
        update = {name: getattr(profile, name) for name in profile.model_fields_set - self.model_fields_set}
        return self.model_copy(update=update)

    def fast(self) -> Self:
        """The same steps, shortened."""
        steps = tuple(step.model_copy(update={"for_s": min(step.for_s, FAST_S)}) for step in self.steps)
        return self.model_copy(update={"steps": steps, "drain_s": 0.0})
