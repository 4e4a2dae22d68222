"""The `[panels]` section: which panels stand on the board, and what differs from the built-in ones.

The built-in board is `profiles/chimera/board.toml`; `[[panels.add]]` adds to it without code, an equal id replaces. Limits and
targets of what is there change by name: `limits.slo.P95.warn`, `targets.slo.availability`.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import Field

from panels.spec import PanelSpec, SpecPart

_BOARD = Path(__file__).parents[1] / "profiles" / "chimera" / "board.toml"


class Limits(SpecPart):
    """From where on a value is worth a look, in the unit of its query; what is not named stays as it is."""

    warn: float | None = None
    burning: float | None = None


class PanelsSettings(SpecPart):
    """Which panels stand on the board, in which order, and what differs from the built-in ones."""

    show: tuple[str, ...] = Field(default=(), description="ids in order; empty means all")
    add: tuple[PanelSpec, ...] = ()
    limits: dict[str, dict[str, Limits]] = Field(default={}, description="by panel and query")
    targets: dict[str, dict[str, Annotated[float, Field(gt=0, lt=1)]]] = Field(
        default={}, description="by panel and objective: the share of good requests to keep"
    )
    monthly_budget_usd: float | None = Field(default=None, gt=0)


@dataclass(frozen=True, slots=True)
class UnknownName:
    """A name in the configuration that names nothing: where it stands, and what could have stood there."""

    at: tuple[str | int, ...]
    asked: str
    known: tuple[str, ...]


@cache
def default_board() -> tuple[PanelSpec, ...]:
    """The eight built-in panels."""
    raw = tomllib.loads(_BOARD.read_text(encoding="utf-8"))
    return tuple(PanelSpec.model_validate(entry) for entry in raw["panel"])


def board(settings: PanelsSettings, interval_s: float | None = None) -> tuple[PanelSpec, ...]:
    """The panels to show, in order, each once; `interval_s` holds for those that have none of their own."""
    known = _known(settings)
    shown = dict.fromkeys(settings.show or known)
    specs = [_changed(known[name], settings) for name in shown if name in known]
    if interval_s is None:
        return tuple(specs)
    return tuple(
        spec if "interval_s" in spec.model_fields_set else spec.model_copy(update={"interval_s": interval_s})
        for spec in specs
    )


def unknown_names(settings: PanelsSettings) -> list[UnknownName]:
    """Every name of a panel, query or objective that does not exist."""
    known = _known(settings)
    unknown = [
        UnknownName(("show", index), name, tuple(known))
        for index, name in enumerate(settings.show)
        if name not in known
    ]
    for section, changes in (("limits", settings.limits), ("targets", settings.targets)):
        for panel, names in changes.items():
            if panel not in known:
                unknown.append(UnknownName((section, panel), panel, tuple(known)))
                continue
            spec = known[panel]
            names_there = tuple(
                named.name for named in (spec.queries if section == "limits" else spec.objectives)
            )
            unknown += [
                UnknownName((section, panel, name), name, names_there)
                for name in names
                if name not in names_there
            ]
    for index, spec in enumerate(settings.add):
        queries = tuple(query.name for query in spec.queries)
        if spec.chart and spec.chart not in queries:
            unknown.append(UnknownName(("add", index, "chart"), spec.chart, queries))
        unknown += [
            UnknownName(("add", index, "queries", number, "share_of"), query.share_of, queries)
            for number, query in enumerate(spec.queries)
            if query.share_of and query.share_of not in queries
        ]
    return unknown


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
        objective.model_copy(update={"target": targets[objective.name]})
        if objective.name in targets
        else objective
        for objective in spec.objectives
    )
    return spec.model_copy(update={"queries": queries, "objectives": objectives, "budget": budget})
