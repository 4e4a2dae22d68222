"""The `[panels]` section, and a panel as configuration: what it asks and from where on it is worth a look.

The built-in board is `profiles/chimera/board.toml`; `[[panels.add]]` adds to it without code, an equal id replaces. Limits and
targets of what is there change by name: `limits.slo.P95.warn`, `targets.slo.availability`.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

_BOARD = Path(__file__).parents[1] / "profiles" / "chimera" / "board.toml"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class QuerySpec(_Part):
    """One question of a panel. `warn` and `burning` are limits in the query's unit; `worse` says on which side."""

    name: str
    expr: str
    unit: Literal["s", "ratio", "1/min", "usd", "count", "bytes", "none"] = "none"
    warn: float | None = None
    burning: float | None = None
    worse: Literal["above", "below"] = "above"
    by: str = Field(default="", description="the label that names a series; without it the labels do")
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


class Objective(_Part):
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


class Budget(_Part):
    """What a month may cost. `spend` is the money spent in `[$window]`."""

    monthly_usd: float = Field(default=100.0, gt=0)
    spend: str


class PanelSpec(_Part):
    """One panel. `chart` names the query that is drawn over time."""

    id: str = Field(pattern=r"^[a-z][a-z0-9_-]*$")
    title: str
    title_zh: str = ""
    kind: Literal["metric", "alerts", "queues", "release"] = "metric"
    interval_s: float = Field(default=5.0, gt=0.5)
    queries: tuple[QuerySpec, ...] = ()
    chart: str = ""
    objectives: tuple[Objective, ...] = ()
    budget: Budget | None = None
    runbook: str = ""


class Limits(_Part):
    """From where on a value is worth a look, in the unit of its query; what is not named stays as it is."""

    warn: float | None = None
    burning: float | None = None


class PanelsSettings(_Part):
    """Which panels stand on the board, in which order, and what differs from the built-in ones."""

    show: tuple[str, ...] = Field(default=(), description="ids in order; empty means all")
    add: tuple[PanelSpec, ...] = ()
    limits: dict[str, dict[str, Limits]] = Field(default={}, description="by panel and query")
    targets: dict[str, dict[str, Annotated[float, Field(gt=0, lt=1)]]] = Field(
        default={}, description="by panel and objective: the share of good requests to keep"
    )
    monthly_budget_usd: float | None = Field(default=None, gt=0)


@dataclass(frozen=True, slots=True)
class Stranger:
    """A name in the configuration that names nothing: where it stands, and what could have stood there."""

    at: tuple[str | int, ...]
    asked: str
    known: tuple[str, ...]


@cache
def default_board() -> tuple[PanelSpec, ...]:
    """The eight built-in panels."""
    raw = tomllib.loads(_BOARD.read_text(encoding="utf-8"))
    return tuple(PanelSpec.model_validate(entry) for entry in raw["panel"])


def board(settings: PanelsSettings) -> tuple[PanelSpec, ...]:
    """The panels to show, in order, each once."""
    known = _known(settings)
    shown = dict.fromkeys(settings.show or known)
    return tuple(_changed(known[name], settings) for name in shown if name in known)


def strangers(settings: PanelsSettings) -> list[Stranger]:
    """Every name of a panel, query or objective that does not exist."""
    known = _known(settings)
    found = [
        Stranger(("show", index), name, tuple(known))
        for index, name in enumerate(settings.show)
        if name not in known
    ]
    for section, changes in (("limits", settings.limits), ("targets", settings.targets)):
        for panel, names in changes.items():
            if panel not in known:
                found.append(Stranger((section, panel), panel, tuple(known)))
                continue
            spec = known[panel]
            there = tuple(one.name for one in (spec.queries if section == "limits" else spec.objectives))
            found += [Stranger((section, panel, name), name, there) for name in names if name not in there]
    for index, spec in enumerate(settings.add):
        queries = tuple(query.name for query in spec.queries)
        if spec.chart and spec.chart not in queries:
            found.append(Stranger(("add", index, "chart"), spec.chart, queries))
        found += [
            Stranger(("add", index, "queries", number, "share_of"), query.share_of, queries)
            for number, query in enumerate(spec.queries)
            if query.share_of and query.share_of not in queries
        ]
    return found


def _known(settings: PanelsSettings) -> dict[str, PanelSpec]:
    return {spec.id: spec for spec in (*default_board(), *settings.add)}


def _changed(spec: PanelSpec, settings: PanelsSettings) -> PanelSpec:
    """The panel with the limits, targets and budget that the configuration names."""
    limits, targets = settings.limits.get(spec.id, {}), settings.targets.get(spec.id, {})
    monthly = settings.monthly_budget_usd
    budget = spec.budget
    if budget is not None and monthly is not None:
        # The manual's alert compares what a month costs at this rate with the budget: one number, two places.
        limits = {
            query.name: Limits(warn=monthly)
            for query in spec.queries
            if query.unit == "usd" and query.warn == budget.monthly_usd
        } | limits
        budget = budget.model_copy(update={"monthly_usd": monthly})
    queries = tuple(
        query.model_copy(update=limits[query.name].model_dump(exclude_none=True))
        if query.name in limits
        else query
        for query in spec.queries
    )
    objectives = tuple(
        one.model_copy(update={"target": targets[one.name]}) if one.name in targets else one
        for one in spec.objectives
    )
    return spec.model_copy(update={"queries": queries, "objectives": objectives, "budget": budget})
