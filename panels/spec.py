"""A panel as configuration: what it asks, from where on an answer is worth a look, and what it promises."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from actions.fits import Subject  # noqa: TC001  # pydantic reads the annotations at run time


class SpecPart(BaseModel):
    """A table of the configuration: no key that is not known, and never changed after it was read."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class QuerySpec(SpecPart):
    """One question of a panel. `warn` and `burning` are limits in the query's unit; `worse` says on which side."""

    name: str
    expr: str = Field(default="", description="PromQL; a panel of queues may leave it to the broker")
    unit: Literal["s", "ratio", "1/min", "usd", "count", "bytes", "none"] = "none"
    warn: float | None = None
    burning: float | None = None
    worse: Literal["above", "below"] = "above"
    by: str = Field(
        default="",
        description="the label that names a series, behind the query's name; without it all labels do",
    )
    name_zh: str = ""
    each_zh: str = ""
    each: str = Field(default="", description="what a series is called, with its labels as {label}")
    buckets: str = Field(
        default="",
        description="what fell into each bucket, by `le` and the labels of `expr`, when that is a quantile of them",
    )
    quantile: float = Field(
        default=0.95, ge=0, le=1, description="the quantile that `expr` takes of `buckets`"
    )
    forecast: float | None = Field(
        default=None, description="say when the charted curve will meet this value"
    )
    trials: str = Field(
        default="", description="for a ratio: of how many requests it is, by the same labels as `expr`"
    )
    fewest: float = Field(default=20, description="a ratio or quantile of fewer requests is over no limit")
    share_of: str = Field(default="", description="the query that this one's series are parts of")
    optional: bool = Field(default=False, description="an extra: without data the panel is no worse")
    tell: bool = Field(default=False, description="tell when it rises from zero, and when it is back there")
    rank: int = Field(default=5, description="what stays when the line is too narrow: the least")


class Objective(SpecPart):
    """A share of good requests to keep over 30 days.

    Either `bad` and `total` count requests in `[$window]`, or `buckets` does, by `le`, and what is slower than `bound`
    (s) is bad. All of them keep the label `by`, so that each service has a budget of its own.
    """

    name: str = "availability"
    name_zh: str = ""
    target: float = Field(gt=0, lt=1)
    bad: str = ""
    total: str = ""
    buckets: str = ""
    bound: float = Field(default=0.0, ge=0, description="the bound of a bucket (s)")
    by: str = "service"
    fewest: float = Field(default=20, description="below so many requests a burn rate is not believed")
    rank: int = Field(default=2, description="what stays when the line is too narrow: the least")

    @model_validator(mode="after")
    def _one_way_to_count(self) -> Self:
        if bool(self.buckets) == bool(self.bad and self.total):
            raise PydanticCustomError("objective", "either bad and total, or buckets and bound")
        return self


class Budget(SpecPart):
    """What a month may cost. Without a `spend`, the money spent in `[$window]`, all of it is what `[costs]` says."""

    monthly_usd: float | None = Field(
        default=None, gt=0, description="without one nothing is judged, here and in [costs]"
    )
    spend: str = ""
    time_zone: str = Field(default="UTC", description="whose months are meant")


KIND_SUBJECTS: dict[str, tuple[Subject, ...]] = {
    "metric": (),
    "alerts": ("alert",),
    "queues": ("queue", "workers"),
    "release": ("release", "schema"),
}


class PanelSpec(SpecPart):
    """One panel. `chart` names the query that is drawn over time."""

    id: str = Field(pattern=r"^[a-z][a-z0-9_-]*$")
    title: str
    title_zh: str = ""
    kind: Literal["metric", "alerts", "queues", "release"] = "metric"
    interval_s: float = Field(default=5.0, gt=0.5, description="without one: [signals] interval_s")
    queries: tuple[QuerySpec, ...] = ()
    chart: str = ""
    objectives: tuple[Objective, ...] = ()
    budget: Budget | None = None
    runbook: str = ""
    about: tuple[Subject, ...] = Field(
        default=(), description="which actions `a` offers here; without it what its kind is about"
    )
    links: dict[str, str] = Field(
        default={},
        description="where the same is to be seen or read: a name, and its address or title there; shown by `?`",
    )
    needs: tuple[
        Literal["prometheus", "scrape", "alertmanager", "redis", "celery", "postgres", "costs"], ...
    ] = Field(
        default=(),
        description="left out unless one of these stands under [signals], or [costs] knows what is spent; none: always there",
    )

    @model_validator(mode="after")
    def _asks_something(self) -> Self:
        if self.kind != "queues" and not all(query.expr for query in self.queries):
            raise PydanticCustomError(
                "expr", "a query needs its expr; only a panel of queues may leave it out"
            )
        return self

    @property
    def subjects(self) -> tuple[Subject, ...]:
        """What it is about."""
        return self.about or KIND_SUBJECTS[self.kind]

    def asking(self) -> PanelSpec:
        """The panel with those of its queries that ask the metrics."""
        return self.model_copy(update={"queries": tuple(query for query in self.queries if query.expr)})

    @property
    def charted(self) -> QuerySpec | None:
        """The query that `chart` names."""
        return next((query for query in self.queries if query.name == self.chart), None)
