"""The `[panels]` section: which panels stand on the board, and what differs from those of the profile.

The profile brings a board (`read_board`); `[[panels.add]]` adds to it without code, an equal id replaces. Limits and
targets of what is there change by name: `limits.slo.P95.warn`, `targets.slo.availability`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from core.settings import Section
from core.toml_file import Problem, no_such, read_toml, validate
from panels.costs.expressions import amount, spend
from panels.spec import PanelSpec, SpecPart

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator
    from pathlib import Path

    from panels.costs.expressions import By
    from panels.costs.settings import CostsSettings
    from panels.spec import QuerySpec


class Limits(SpecPart):
    """From where on a value is worth a look, in the unit of its query; what is not named stays as it is."""

    warn: float | None = None
    burning: float | None = None


class PanelsSettings(SpecPart):
    """Which panels stand on the board, in which order, and what differs from those of the profile."""

    show: tuple[str, ...] = Field(default=(), description="ids in order; empty means all")
    add: tuple[PanelSpec, ...] = ()
    limits: dict[str, dict[str, Limits]] = Field(default={}, description="by panel and query")
    targets: dict[str, dict[str, Annotated[float, Field(gt=0, lt=1)]]] = Field(
        default={}, description="by panel and objective: the share of good requests to keep"
    )
    monthly_budget_usd: float | None = Field(
        default=None, gt=0, description="where [costs] says nothing of it"
    )


@dataclass(frozen=True, slots=True)
class UnknownName:
    """A name in the configuration that names nothing: where it stands, and what could have stood there."""

    at: tuple[str | int, ...]
    asked: str
    known: tuple[str, ...]


class _BoardFile(Section):
    """`board.toml` of a profile."""

    panel: tuple[PanelSpec, ...]


def read_board(path: Path) -> tuple[tuple[PanelSpec, ...], tuple[Problem, ...]]:
    """The panels of a profile, and everything that is wrong in their file; raises `ConfigError` if it can't be read."""
    file = read_toml(path)
    if isinstance(file, Problem):
        return (), (file,)
    content, problems = validate(_BoardFile, file)
    if content is None:
        return (), problems
    return content.panel, tuple(
        file.problem(("panel", *unknown.at), no_such(unknown.asked, unknown.known))
        for unknown in _unknown_queries(content.panel)
    )


def board(
    settings: PanelsSettings,
    profile: Iterable[PanelSpec],
    configured: Container[str],
    interval_s: float | None = None,
    costs: CostsSettings | None = None,
) -> tuple[PanelSpec, ...]:
    """The panels to show, in order, each once; `profile` are those that the settings lie over.

    Of those that nobody asked for by name, the ones that need another source than the `configured` are left out.
    `interval_s` holds for those that have none of their own, `costs` for budgets that say nothing of their own.
    """
    known = _known((*profile, *settings.add))
    knows_costs = costs is not None and costs.is_known
    able = [
        name
        for name, spec in known.items()
        if not spec.needs
        or any(source in configured or (source == "costs" and knows_costs) for source in spec.needs)
    ]
    shown = dict.fromkeys(settings.show or able)
    specs = [_changed(known[name], settings, costs) for name in shown if name in known]
    if interval_s is None:
        return tuple(specs)
    return tuple(
        spec if "interval_s" in spec.model_fields_set else spec.model_copy(update={"interval_s": interval_s})
        for spec in specs
    )


def unknown_names(settings: PanelsSettings, profile: Iterable[PanelSpec] = ()) -> list[UnknownName]:
    """Every name of a panel, query or objective that does not exist; `profile` are the panels that the settings lie over."""
    known = _known((*profile, *settings.add))
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
    return unknown + [
        UnknownName(("add", *name.at), name.asked, name.known) for name in _unknown_queries(settings.add)
    ]


def _unknown_queries(specs: Iterable[PanelSpec]) -> Iterator[UnknownName]:
    """Names of queries that a panel does not have; the place is seen from the list of panels."""
    for index, spec in enumerate(specs):
        queries = tuple(query.name for query in spec.queries)
        if spec.chart and spec.chart not in queries:
            yield UnknownName((index, "chart"), spec.chart, queries)
        for number, query in enumerate(spec.queries):
            if query.share_of and query.share_of not in queries:
                yield UnknownName((index, "queries", number, "share_of"), query.share_of, queries)


def _known(specs: Iterable[PanelSpec]) -> dict[str, PanelSpec]:
    return {spec.id: spec for spec in specs}


COUNTED = re.compile(
    r"\$(?P<what>spend|analyses|cache_hits|cache_misses)_(?P<window>\d+[smhdw])(?P<by_model>_by_model)?"
)
"""In the expression of a query: what was spent or counted in this window, as `[costs]` has it."""


def monthly_budget(settings: PanelsSettings, costs: CostsSettings | None) -> float | None:
    """What a month may cost (USD), wherever that is said."""
    named = costs is not None and costs.monthly_budget_usd is not None
    return costs.monthly_budget_usd if costs is not None and named else settings.monthly_budget_usd


def _with_costs(spec: PanelSpec, costs: CostsSettings) -> PanelSpec:
    """The panel whose budget and queries say what `[costs]` says where they mean it."""
    budget = spec.budget
    if budget is not None and not budget.spend:
        update = {"spend": spend(costs, "$window"), "time_zone": costs.time_zone}
        budget = budget.model_copy(update=update)
    queries = [_counted(query, costs) for query in spec.queries]
    asked = tuple(query for query in queries if query is not None)
    return spec.model_copy(update={"budget": budget, "queries": asked})


def _counted(query: QuerySpec, costs: CostsSettings) -> QuerySpec | None:
    """The query with the counters of `[costs]`; None where it needs one that nobody has."""
    if any(not _promql(counted, costs) for counted in COUNTED.finditer(query.expr)):
        return None
    expr = COUNTED.sub(lambda counted: _promql(counted, costs), query.expr)
    return query.model_copy(update={"expr": expr})


def _promql(counted: re.Match[str], costs: CostsSettings) -> str:
    by: By = "model" if counted["by_model"] else ""
    if counted["what"] == "spend":
        return spend(costs, counted["window"], by)
    return amount(getattr(costs, counted["what"]), counted["window"], by)


def _changed(spec: PanelSpec, settings: PanelsSettings, costs: CostsSettings | None) -> PanelSpec:
    """The panel with the limits, targets and budget that the configuration names."""
    limits, targets = settings.limits.get(spec.id, {}), settings.targets.get(spec.id, {})
    monthly = monthly_budget(settings, costs)
    if costs is not None:
        spec = _with_costs(spec, costs)
    budget = spec.budget
    if budget is not None and monthly is not None:
        # A query whose limit is the budget follows it: one number, two places.
        limits = {
            query.name: Limits(warn=monthly)
            for query in spec.queries
            if query.unit == "usd" and query.warn is not None and query.warn == budget.monthly_usd
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
