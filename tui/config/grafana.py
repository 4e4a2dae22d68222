"""A Grafana dashboard's panels as panels of the board; what can't be translated is listed with its reason.

Formats: Grafana documentation, "Dashboard JSON model": `rows` (schema before 16) and `panels` with collapsed rows.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from core.message import Message, say
from core.text import clean

if TYPE_CHECKING:
    from collections.abc import Iterator

Json: TypeAlias = "dict[str, object]"

_KINDS = ("stat", "singlestat", "gauge", "timeseries", "graph", "table", "table-old", "bargauge")
_UNITS = {  # Grafana's unit: ours, and what the value is multiplied by
    "s": ("s", 1.0),
    "ms": ("s", 0.001),
    "percentunit": ("ratio", 1.0),
    "percent": ("ratio", 0.01),
    **dict.fromkeys(("reqps", "ops", "cps"), ("1/min", 60.0)),
    **dict.fromkeys(("reqpm", "opm"), ("1/min", 1.0)),
    "currencyUSD": ("usd", 1.0),
    **dict.fromkeys(("bytes", "decbytes"), ("bytes", 1.0)),
}
_BUILT_IN = {"__rate_interval": "5m", "__interval": "1m", "__range": "1h"}


@dataclass(frozen=True, slots=True)
class Translation:
    """Panels in the form of `[[panels.add]]`, and remarks about what was lost."""

    panels: tuple[Json, ...]
    remarks: tuple[Message, ...]


def translate(dashboard: Json) -> Translation:
    """Translate a dashboard, also one that is wrapped as the HTTP API gives it."""
    inner = dashboard.get("dashboard")
    dashboard = inner if isinstance(inner, dict) else dashboard
    variables = _variables(dashboard)
    panels: list[Json] = []
    remarks: list[Message] = []
    for panel in _flat(dashboard):
        title = clean(str(panel.get("title") or "-"), 60)
        if reason := _unsupported(panel):
            remarks.append(say("grafana.left_out", title=title, why=reason))
            continue
        if panel.get("transformations"):
            remarks.append(say("grafana.transformations", title=title))
        queries, skipped = _queries(panel, variables)
        remarks += [say("grafana.left_out", title=title, why=why) for why in skipped]
        if queries:
            slug = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-") or "panel"
            name = f"g{len(panels) + 1}-{slug}"
            panels.append({"id": name, "title": title, "chart": queries[0]["name"], "queries": queries})
    return Translation(tuple(panels), tuple(remarks))


def _list(value: object) -> list[Json]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _dict(value: object) -> Json:
    return value if isinstance(value, dict) else {}


def _flat(node: Json) -> Iterator[Json]:
    for panel in [*_list(node.get("panels")), *_list(node.get("rows"))]:
        if panel.get("type") == "row" or "type" not in panel:
            yield from _flat(panel)
        else:
            yield panel


def _unsupported(panel: Json) -> Message | None:
    if panel.get("libraryPanel"):
        return say("grafana.library")
    if panel.get("type") not in _KINDS:
        return say("grafana.kind", kind=clean(str(panel.get("type")), 40))
    return None


def _variables(dashboard: Json) -> dict[str, str]:
    """Each variable's value; one that only the server knows matches everything."""
    values = dict(_BUILT_IN)
    for variable in _list(_dict(dashboard.get("templating")).get("list")):
        value = _dict(variable.get("current")).get("value")
        if isinstance(value, list):
            value = "|".join(map(str, value))
        if variable.get("type") == "query" or not value or "$__all" in str(value):
            value = ".*"
        values[str(variable.get("name"))] = str(value)
    return values


def _queries(panel: Json, variables: dict[str, str]) -> tuple[list[Json], list[Message]]:
    unit, factor, limits = _unit_and_limits(panel)
    queries: list[Json] = []
    skipped: list[Message] = []
    for target in _list(panel.get("targets")):
        expr = target.get("expr")
        if not isinstance(expr, str) or not expr.strip():
            skipped.append(say("grafana.no_promql"))
            continue
        expr, unknown = _substitute(expr, variables)
        if unknown:
            skipped.append(say("grafana.variable", name=clean(unknown, 40)))
            continue
        legend = str(target.get("legendFormat") or "")
        label = re.fullmatch(r"\{\{\s*(\w+)\s*\}\}", legend)
        plain = legend if legend and "{{" not in legend and legend != "__auto" else ""
        query: Json = {
            "name": clean(plain or str(target.get("refId") or len(queries) + 1), 40),
            "expr": expr if factor == 1.0 else f"({expr}) * {factor:g}",
            "unit": unit,
            **limits,
        }
        if label:
            query["by"] = label[1]
        queries.append(query)
    return queries, skipped


_REFERENCE = re.compile(r"\$\{(\w+)(?::\w+)?\}|\[\[(\w+)\]\]|\$(\w+)")


def _substitute(expr: str, variables: dict[str, str]) -> tuple[str, str]:
    """Substitute the variables; also returns the first one that can't be, because a pattern is no value."""
    unknown = ""

    def matcher(match: re.Match[str]) -> str:
        sign, text = match[1], match[3]
        names = [next(filter(None, reference.groups())) for reference in _REFERENCE.finditer(text)]
        values = [variables.get(name) for name in names]
        if not names or None in values:
            return match[0]
        is_pattern = sign in ("=~", "!~")
        becomes = not is_pattern and any(value == ".*" or "|" in (value or "") for value in values)
        literals = _REFERENCE.sub("\0", text).split("\0")
        if becomes:
            literals = [re.escape(literal).replace("\\", "\\\\") for literal in literals]
            sign = {"=": "=~", "!=": "!~"}[sign]
        alone = not any(literals)
        whole = literals[0]
        for value, literal in zip(values, literals[1:], strict=True):
            quoted = (value or "").replace('"', '\\"')
            grouped = "|" in quoted and (is_pattern or becomes) and not alone
            whole += (f"({quoted})" if grouped else quoted) + literal
        return f'{sign}"{whole}"'

    def plain(match: re.Match[str]) -> str:
        nonlocal unknown
        name = next(filter(None, match.groups()))
        value = variables.get(name)
        if value is None or value == ".*":
            if name.isdigit():  # $1 of label_replace
                return match[0]
            unknown = unknown or name
            return match[0]
        return value

    expr = re.sub(r'(=~|!~|!=|=)(\s*)"([^"]*)"', matcher, expr)
    expr = _REFERENCE.sub(plain, expr)
    return " ".join(expr.split()), unknown


def _unit_and_limits(panel: Json) -> tuple[str, float, Json]:
    """Unit, factor and limits, from `fieldConfig` (schema 23 on) or from `format`/`yaxes` (before)."""
    defaults = _dict(_dict(panel.get("fieldConfig")).get("defaults"))
    axes = _list(panel.get("yaxes"))
    grafana_unit = defaults.get("unit") or panel.get("format") or (axes[0].get("format") if axes else "")
    unit, factor = _UNITS.get(str(grafana_unit), ("none", 1.0))
    thresholds = _dict(defaults.get("thresholds"))
    if thresholds.get("mode") == "percentage":
        return unit, factor, {}
    return unit, factor, _limits(_list(thresholds.get("steps")), factor)


def _limits(steps: list[Json], factor: float) -> Json:
    if not steps:
        return {}
    below = _colour(steps[0]) == "burning"
    limits: Json = {"worse": "below"} if below else {}
    for index, step in enumerate(steps[1:], start=1):
        value = step.get("value")
        meant = _colour(steps[index - 1] if below else step)
        if isinstance(value, int | float) and meant:
            limits.setdefault(meant, value * factor)
    return limits


def _colour(step: Json) -> str:
    colour = str(step.get("color"))
    if "red" in colour:
        return "burning"
    return "warn" if any(name in colour for name in ("orange", "yellow")) else ""
