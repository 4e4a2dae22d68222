"""Names of metrics that are defined outside Python: in Go, Java, Ruby and Rust, in shell, in exporters' files.

Of these only names are read, and labels stay unknown: enough to raise no false alarm about them. What exports under a name
that is computed is reported as unread. JavaScript and TypeScript are read further, in `exported_script`.
"""

from __future__ import annotations

import re
from itertools import product
from typing import TYPE_CHECKING

from repolint.facts.metrics.exports_script import ENDINGS, script_metrics
from repolint.facts.metrics.metric import Kind, Metric
from repolint.facts.python.formats import ANY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from repolint.project import Project

_NAME = r"[\"'`]([a-zA-Z_:][a-zA-Z0-9_:]*)[\"'`]"
_GO_OPTIONS = re.compile(r"(?:Counter|Gauge|Histogram|Summary|Untyped)Opts\s*\{(.*?)\}", re.DOTALL)
_GO_FIELD = re.compile(r"\b(Namespace|Subsystem|Name)\s*:\s*(?:" + _NAME + r"|([^,\n}]+))")
_GO_DESCRIPTION = re.compile(r"NewDesc\(\s*(?:" + _NAME + r"|([^,\n]+))")
_GO_BUILT = re.compile(r"BuildFQName\(([^()]*)\)")
_JAVA = re.compile(
    rf"\b(?:Counter|Gauge|Histogram|Summary|Timer)\s*\.\s*(?:build|builder)\s*\(\s*\)?\s*(?:\.name\()?\s*{_NAME}"
)
_RUST = re.compile(rf"(?:register_\w+!|counter!|gauge!|histogram!|opts!|Opts::new)\s*\(\s*{_NAME}")
_EXPOSED = re.compile(r"#\s*TYPE\s+([a-zA-Z_:][a-zA-Z0-9_:]*)\s+(counter|gauge|histogram|summary|untyped)")
_METER = re.compile(
    r"\bcreate_?(?:observable_?)?(?:up_?down_?)?(?:counter|gauge|histogram)\(\s*(?:name\s*=\s*)?[\"']([\w.\-/]+)[\"']",
    re.IGNORECASE,
)
_STATSD = re.compile(r"\b(?:statsd|dogstatsd|StatsClient)\b")
_CODE = (
    ".go",
    ".js",
    ".mjs",
    ".cjs",
    ".ts",
    ".tsx",
    ".java",
    ".kt",
    ".rs",
    ".rb",
    ".cs",
    ".py",
    ".sh",
    ".yml",
    ".yaml",
)
_SKIP = re.compile(
    r"(^|/)(node_modules|vendor|dist|build|site-packages|\.?venv|tests?|testdata)/|\.min\.js$|_test\.go$|\.(test|spec)\.\w+$"
)


def elsewhere(project: Project) -> tuple[list[Metric], list[str]]:
    """Families by name, and the files whose exported names could not be read."""
    metrics: list[Metric] = []
    unread: list[str] = []
    for file in project.matching(*_CODE):
        if _SKIP.search(file):
            continue
        text = project.text(file)
        names = list(_names(file, text))
        metrics += [
            Metric(name, kind, None, file, text.count("\n", 0, at) + 1) for name, kind, at in names if name
        ]
        made, hidden = script_metrics(project, file) if file.endswith(ENDINGS) else ([], False)
        metrics += made
        if (
            hidden
            or any(not name for name, _, _ in names)
            or (file.endswith((".py", ".js", ".ts")) and _STATSD.search(text))
        ):
            unread.append(file)
    return metrics, unread


def _names(file: str, text: str) -> Iterator[tuple[str, Kind, int]]:  # noqa: C901  # one branch a language
    """Name ('' where it is computed), kind and offset."""
    if file.endswith(".go") and "prometheus" in text:
        yield from _go(text)
    elif file.endswith((".java", ".kt")) and ("prometheus" in text or "micrometer" in text):
        for match in _JAVA.finditer(text):
            yield match[1], "unknown", match.start()
        if "micrometer" in text:
            yield "", "unknown", 0  # its names are rewritten with unit and registry
    elif file.endswith((".rs", ".rb", ".cs")):
        for match in _RUST.finditer(text):
            yield match[1], "unknown", match.start()
        if file.endswith((".rb", ".cs")) and "rometheus" in text:
            yield "", "unknown", 0
    if "# TYPE" in text:
        for match in _EXPOSED.finditer(text):
            yield match[1], "unknown", match.start()
    if "create" in text and ("opentelemetry" in text or "getMeter" in text or "get_meter" in text):
        for match in _METER.finditer(text):
            yield re.sub(r"\W", "_", match[1]) + "*", "unknown", match.start()  # the exporter adds the unit


def _go_values(expression: str, text: str) -> list[str]:
    """The texts that the file gives to a name; anything, where it gives none."""
    word = re.fullmatch(r"\w+", expression.strip())
    values = re.findall(rf"\b{word[0]}\s*(?:string\s*)?:?=\s*\"(\w*)\"", text) if word else []
    return list(dict.fromkeys(values)) or [ANY]


def _go(text: str) -> Iterator[tuple[str, Kind, int]]:
    for options in _GO_OPTIONS.finditer(text):
        fields = {
            match[1]: [match[2]] if match[2] is not None else _go_values(match[3], text)
            for match in _GO_FIELD.finditer(options[1])
        }
        if "Name" not in fields:
            continue
        if ANY in fields["Name"]:
            yield "", "unknown", options.start()
            continue
        for parts in product(*(fields.get(key, [""]) for key in ("Namespace", "Subsystem", "Name"))):
            yield "_".join(filter(None, parts)), "unknown", options.start()
    for match in _GO_DESCRIPTION.finditer(text):
        yield match[1] or "", "unknown", match.start()
    for match in _GO_BUILT.finditer(text):
        pieces = re.findall(r"[\"`]([^\"`]*)[\"`]", match[1])
        yield ("_".join(filter(None, pieces)) if len(pieces) == 3 else ""), "unknown", match.start()
