"""The repository's Prometheus rules, wherever they stand: rule files, PrometheusRule objects, Helm charts, ConfigMaps."""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from core.times import parse_duration
from repolint.facts.yaml_lines import read_text, walk

if TYPE_CHECKING:
    from collections.abc import Mapping

    from repolint.facts.yaml_lines import Yaml
    from repolint.project import Project

_RULES = re.compile(r"^\s*(?:-\s*)?(?:\{\s*)?\"?(?:alert|record)\"?\s*:", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class RuleAt:
    """A rule with its lines. `for_s` is None where it can't be read; `expr_line` is where the expression begins."""

    kind: Literal["alert", "record"]
    name: str
    expr: str
    for_s: float | None
    for_line: int
    labels: Mapping[str, str]
    annotations: Mapping[str, tuple[str, int]]
    group: str
    file: str
    line: int
    expr_line: int
    expr_last: int


def rules(project: Project) -> tuple[RuleAt, ...]:
    """Every rule, in order of files and lines. Files that a test framework feeds to `promtool test` are none."""
    alerts: list[RuleAt] = []
    for file in project.matching(".yml", ".yaml", ".rules", ".tpl"):
        text = project.text(file)
        if _RULES.search(text):
            alerts += in_text(text, file)
    return tuple(alerts)


def unreadable(project: Project) -> tuple[tuple[str, int], ...]:
    """Rule files that are no YAML, with the line at which reading stops; templates are none of them."""
    import yaml

    places: list[tuple[str, int]] = []
    for file in project.matching(".yml", ".yaml", ".rules"):
        text = project.text(file)
        if (
            _RULES.search(text)
            and re.search(r"(?m)^groups:", text)
            and "{%" not in text
            and not re.search(r"(?m)^\s*\{\{", text)
        ):
            try:
                list(yaml.compose_all(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)))
            except yaml.MarkedYAMLError as error:
                mark = error.problem_mark or error.context_mark
                places.append((file, mark.line + 1 if mark else 1))
            except (yaml.YAMLError, RecursionError, ValueError):
                places.append((file, 1))
    return tuple(places)


def in_text(text: str, file: str, above: int = 0) -> list[RuleAt]:
    """The rules of a text whose first line is line `above` + 1 of `file`; also a rule without a group around it."""
    by_place: dict[tuple[int, str], RuleAt] = {}
    for document in read_text(text, above):
        if document.get("rule_files").each() and document.get("tests").each():
            continue
        for node in walk(document):
            for group in node.get("groups").each():
                for rule in group.get("rules").each():
                    _add(rule, group.get("name").text(), file, by_place)
        for node in walk(document):
            _add(node, "", file, by_place)
    return sorted(by_place.values(), key=lambda rule: rule.line)


def _add(node: Yaml, group: str, file: str, by_place: dict[tuple[int, str], RuleAt]) -> None:
    fields = node.fields()
    kind: Literal["alert", "record"] = "alert" if "alert" in fields else "record"
    name, expr = node.get(kind), node.get("expr")
    if not name.text() or not expr.text():
        return
    lasts: float | None = 0.0
    if node.get("for").text():
        lasts = None
        with contextlib.suppress(ValueError):
            lasts = parse_duration(node.get("for").text())
    rule = RuleAt(
        kind=kind,
        name=name.text(),
        expr=expr.text(),
        for_s=lasts,
        for_line=node.get("for").line,
        labels={key: value.text() for key, value in node.get("labels").fields().items()},
        annotations={
            key: (value.text(), value.line) for key, value in node.get("annotations").fields().items()
        },
        group=group,
        file=file,
        line=name.line,
        expr_line=expr.line,
        expr_last=expr.last,
    )
    by_place.setdefault((rule.line, rule.name), rule)
