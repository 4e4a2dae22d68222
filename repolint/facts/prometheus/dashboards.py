"""The repository's Grafana dashboards: titles, and every Prometheus expression with its line."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator

    from repolint.project import Project

Json: TypeAlias = "dict[str, object] | list[object] | str | int | float | bool | None"

_TEXT = re.compile(r'"(?:expr|query|definition)"\s*:\s*("(?:[^"\\]|\\.)*")')
_LABEL_VALUES = re.compile(
    r"^\s*(?:label_values|query_result|metrics)\((.*?)(?:,\s*(\w+)\s*)?\)\s*$", re.DOTALL
)
_BUILT_IN = {
    "__rate_interval": "5m",
    "__interval": "1m",
    "__range": "1h",
    "__interval_ms": "60000",
    "__range_s": "3600",
}
_REFERENCE = re.compile(r"\$\{(\w+)(?::\w+)?\}|\[\[(\w+)(?::\w+)?\]\]|\$(\w+)")
VARIABLE = "\u241fvariable\u241f"
"""Stands inside a matcher for a dashboard's variable: it can be any value."""


@dataclass(frozen=True, slots=True)
class Expression:
    """PromQL of a panel or of a variable, with its variables filled in; `raw` as the dashboard has it."""

    text: str
    raw: str
    line: int
    label: str = ""


@dataclass(frozen=True, slots=True)
class Dashboard:
    """One dashboard."""

    title: str
    file: str
    line: int
    expressions: tuple[Expression, ...]


def dashboards(project: Project) -> tuple[Dashboard, ...]:
    """Every dashboard in a JSON file, or in a ConfigMap's text, in order of files."""
    boards: list[Dashboard] = []
    for file in project.matching(".json", ".json.tpl", ".yml", ".yaml"):
        text = project.text(file)
        if '"panels"' not in text and '"rows"' not in text:
            continue
        for part, above in _parts(file, text):
            boards += _read(part, above, file)
    return tuple(boards)


def _parts(file: str, text: str) -> Iterator[tuple[str, int]]:
    if file.endswith((".json", ".tpl")):
        yield text, 0
        return
    from repolint.facts.yaml_lines import read_text, walk

    for document in read_text(text):
        for node in walk(document):
            if (
                isinstance(node.value, str)
                and '"panels"' in node.value
                and node.value.lstrip().startswith("{")
            ):
                yield node.value, node.line


def _read(text: str, above: int, file: str) -> Iterator[Dashboard]:
    try:
        raw = json.loads(text)
    except (ValueError, RecursionError):
        return
    board = raw.get("dashboard", raw) if isinstance(raw, dict) else None
    if not isinstance(board, dict) or not isinstance(board.get("panels", board.get("rows")), list):
        return
    foreign = set(_foreign(board, ""))
    expressions = []
    for match in _TEXT.finditer(text):
        expr = json.loads(match[1])
        if not expr.strip() or expr in foreign:
            continue
        line = above + text.count("\n", 0, match.start(1)) + 1
        asked = _LABEL_VALUES.match(expr)
        if match[0].startswith('"expr"') or asked:
            inner = asked[1] if asked and asked[2] else (expr if not asked else "")
            if inner:
                expressions.append(Expression(fill(inner), expr, line, asked[2] if asked else ""))
    where = re.search(r'"title"\s*:\s*' + re.escape(json.dumps(board.get("title"))), text)
    line = above + (text.count("\n", 0, where.start()) + 1 if where else 1)
    yield Dashboard(str(board.get("title") or ""), file, line, tuple(dict.fromkeys(expressions)))


def fill(expr: str) -> str:
    """PromQL with every variable replaced: durations by a duration, values in matchers by `VARIABLE`."""

    def quoted(match: re.Match[str]) -> str:
        return _REFERENCE.sub(VARIABLE, match[0]) if _REFERENCE.search(match[0]) else match[0]

    def duration(match: re.Match[str]) -> str:
        name = next(filter(None, match.groups()))
        return _BUILT_IN.get(name, "5m")

    expr = re.sub(r'"(?:[^"\\]|\\.)*"', quoted, expr)
    expr = (
        re.sub(r"\[([^\]\"]*)\]", lambda match: "[" + _REFERENCE.sub(duration, match[1]) + "]", expr)
        if "$" in expr
        else expr
    )
    return _REFERENCE.sub(lambda match: _BUILT_IN.get(next(filter(None, match.groups())), match[0]), expr)


def _foreign(node: object, source: str) -> Iterator[str]:
    """Expressions whose data source is another than Prometheus."""
    if isinstance(node, list):
        for child in node:
            yield from _foreign(child, source)
    elif isinstance(node, dict):
        given = node.get("datasource")
        if isinstance(given, dict):
            source = str(given.get("type") or given.get("uid") or "")
        elif isinstance(given, str) and given:
            source = given
        other = (
            bool(source)
            and "$" not in source
            and not re.search(r"prom|thanos|mimir|default|^-- ", source, re.IGNORECASE)
        )
        if other and re.search(
            r"loki|sql|postgres|elastic|influx|tempo|cloudwatch|graphite|tns|testdata", source, re.IGNORECASE
        ):
            for key in ("expr", "query", "definition"):
                if isinstance(node.get(key), str):
                    yield str(node[key])
        for child in node.values():
            yield from _foreign(child, source)
