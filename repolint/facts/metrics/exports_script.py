"""Metrics that JavaScript and TypeScript define with prom-client: names, labels and buckets where they are written out.

What a constructor or a factory is handed is an object literal; nothing is run, and there is no syntax tree. A name that is
computed is reported as unread. prom-client appends nothing to a counter's name.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from repolint.facts.metrics.metric import Metric
from repolint.facts.python.formats import ANY

if TYPE_CHECKING:
    from repolint.facts.metrics.metric import Kind
    from repolint.project import Project

ENDINGS = (".js", ".mjs", ".cjs", ".ts", ".tsx")
_MADE = re.compile(
    r"\b(new\s+)?[\w.]*?(Counter|Gauge|Histogram|Summary)(?:Provider|Metric)?\s*(?:<[^<>()]*>)?\(\s*\{"
)
"""`new client.Counter({`, `getOrCreateHistogram({`, `makeGaugeProvider({`: each is handed the same object."""
_KINDS: dict[str, Kind] = {
    "Counter": "counter",
    "Gauge": "gauge",
    "Histogram": "histogram",
    "Summary": "summary",
}
_CALLED = re.compile(
    r"(?<!function )\b(?:get|make|create|register)\w*(Counter|Gauge|Histogram|Summary)\w*\(\s*['\"]([a-zA-Z_:][a-zA-Z0-9_:]*)['\"]"
)
"""`getOrCreateCounter('x_total', 'Help')`: a factory of the file's own."""
_DEFAULTS = re.compile(r"\bcollectDefaultMetrics\(\s*(\{)?")
_STRING = re.compile(r"'((?:[^'\\\n]|\\.)*)'|\"((?:[^\"\\\n]|\\.)*)\"|`((?:[^`\\]|\\.)*)`")
_HANDED_ON = re.compile(r"\w+\.name")
"""The name of an object from elsewhere: then this is a factory, and its callers are read."""
_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_MAX_CHARACTERS = 5_000


def script_metrics(project: Project, file: str) -> tuple[list[Metric], bool]:
    """The families of one file, and whether it has some whose names could not be read."""
    text = project.text(file)
    metrics: list[Metric] = []
    unread = False
    if "prom-client" in text or "promClient" in text or _MADE.search(text):
        named = not project.fact(_labels_for_all)
        called = list(_CALLED.finditer(text)) if "prom-client" in text else []
        metrics += [
            Metric(call[2], _KINDS[call[1]], None, file, text.count("\n", 0, call.start()) + 1, plain=True)
            for call in called
        ]
        for made in _MADE.finditer(text):
            fields = _fields(text, made.end())
            name = _literal(fields.get("name", ""))
            if name is None or not _NAME.fullmatch(name):
                handed_on = _HANDED_ON.fullmatch(fields.get("name", "").strip()) or (
                    called and fields.get("name") == "name"
                )
                unread |= bool(made[1]) and "name" in fields and not handed_on
                continue
            line = text.count("\n", 0, made.start()) + 1
            kind = _KINDS[made[2]]
            labels = _labels(fields) if named else None
            buckets = _numbers(fields.get("buckets", "")) if kind == "histogram" else None
            metrics.append(Metric(name, kind, labels, file, line, buckets, plain=True))
    for default in _DEFAULTS.finditer(text):
        prefix = _literal(_fields(text, default.end()).get("prefix", "''")) if default[1] else ""
        line = text.count("\n", 0, default.start()) + 1
        unread |= prefix is None
        metrics += [
            Metric(f"{prefix}{family}_{ANY}", "unknown", None, file, line)
            for family in ("process", "nodejs")
            if prefix
        ]
    return metrics, unread


def _labels_for_all(project: Project) -> bool:
    """Whether labels are added to every metric somewhere."""
    return any("setDefaultLabels" in project.text(file) for file in project.matching(*ENDINGS))


def _labels(fields: dict[str, str]) -> frozenset[str] | None:
    if "..." in fields:
        return None
    listed = fields.get("labelNames")
    if listed is None:
        return frozenset()
    array = re.fullmatch(r"\s*\[(.*)\]\s*(?:as\s+\w+(?:\s+\w+)*)?\s*", listed, re.DOTALL)
    if array is None or _STRING.sub("", array[1]).strip(" \n\t,"):
        return None
    return frozenset(first or second or third for first, second, third in _STRING.findall(array[1]))


def _numbers(array: str) -> tuple[float, ...] | None:
    inside = re.fullmatch(r"\s*\[([\d.,\s_eE+-]+)\]\s*", array)
    try:
        return tuple(float(number) for number in inside[1].split(",") if number.strip()) if inside else None
    except ValueError:
        return None


def _literal(expression: str) -> str | None:
    """The text of a string without anything put in."""
    match = _STRING.fullmatch(expression.strip())
    text = next((group for group in match.groups() if group is not None), "") if match else None
    return None if text is None or "${" in text or "\\" in text else text


def _fields(text: str, at: int) -> dict[str, str]:
    """The fields of the object literal whose `{` stands before `at`: name and expression; `...` for whatever is spread in."""
    parts, depth, start = [], 1, at
    end = min(len(text), at + _MAX_CHARACTERS)
    while at < end and depth:
        string = _STRING.match(text, at)
        if string:
            at = string.end()
            continue
        sign = text[at]
        depth += (sign in "{[(") - (sign in "}])")
        if depth == 0 or (depth == 1 and sign == ","):
            parts.append(text[start:at])
            start = at + 1
        at += 1
    fields: dict[str, str] = {}
    for part in parts:
        plain = re.sub(r"(?m)^\s*//.*$", "", part).strip()
        field = re.fullmatch(r"[\"']?(\w+)[\"']?\s*:\s*(.+)", plain, re.DOTALL)
        if field:
            fields[field[1]] = field[2]
        elif plain.startswith("..."):
            fields["..."] = plain
        elif re.fullmatch(r"\w+", plain):
            fields[plain] = plain
    return fields
