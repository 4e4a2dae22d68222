"""What a stress test measured: samples of a step, what a step says, and all of them together. None is what was not measured."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from core.settings import Section
from drills.stress.settings import Step  # noqa: TC001  # pydantic reads the annotations at run time

Objective = Literal["queue", "p95", "limited", "errors"]
Bottleneck = Literal["generator", "limit", "workers", "model", "database", "broker", "none", "unknown"]


class Sample(Section):
    """One look: `at_s` since the step began; `waiting` in the queue; `busy` of `slots` tasks run; how long the broker took."""

    at_s: float
    waiting: int | None = None
    busy: int | None = None
    slots: int | None = None
    broker_s: float | None = None
    p95_s: float | None = None
    limited: float | None = None
    errors: float | None = None
    model_s: float | None = None
    database: float | None = None


class Violation(Section):
    """An objective that was missed, when first (s since the step began), and with which value."""

    objective: Objective
    at_s: float
    value: float


class StepResult(Section):
    """`drift_per_s` is how fast the queue grew (its middle), `is_steady` None where that is not sure."""

    step: Step
    sent: int
    took_s: float
    samples: tuple[Sample, ...]
    drift_per_s: float | None = None
    is_steady: bool | None = None
    violations: tuple[Violation, ...] = ()
    bottleneck: Bottleneck = "unknown"
    evidence: dict[str, float | None] = Field(default={})

    def last(self, name: str) -> float | None:
        """The latest value of one kind that is known."""
        values: list[float] = [value for each in self.samples if (value := getattr(each, name)) is not None]
        return values[-1] if values else None

    @property
    def sent_per_s(self) -> float:
        """As it really was."""
        return self.sent / self.took_s if self.took_s else 0.0


class StressResult(Section):
    """`ended` is why it stopped before its end, as a key of the catalogue, with its values; empty where it did not."""

    target: str
    at: str
    steps: tuple[StepResult, ...]
    planned: int
    ended: str = ""
    values: dict[str, str | int | float] = Field(default={})
    left_waiting: int | None = None
