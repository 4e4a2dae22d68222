"""Everything that the repository exports to Prometheus, whatever its language, and which of it never gets a value."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from repolint.facts.metrics.exports_elsewhere import elsewhere
from repolint.facts.metrics.exports_python import definitions
from repolint.facts.metrics.label_values import with_values
from repolint.facts.metrics.metric import Exports, Metric
from repolint.facts.python.formats import ANY
from repolint.facts.python.scope import Sources
from repolint.facts.python.source import is_test
from repolint.facts.rule_files import rules

if TYPE_CHECKING:
    from collections.abc import Mapping

    from repolint.facts.metrics.exports_python import Definition
    from repolint.project import Project

_TEXTS = (".md", ".rst", ".adoc", ".txt", ".lock", ".svg", ".csv", ".html", ".css", ".ipynb")
_CODE = (".py", ".js", ".mjs", ".cjs", ".ts", ".tsx", ".go", ".java", ".kt", ".rs", ".rb", ".cs")


_INSTRUMENTS = re.compile(
    r"\b(prometheus_fastapi_instrumentator|starlette_exporter|starlette_prometheus|prometheus_flask_exporter|django_prometheus"
    r"|aiohttp_prometheus\w*|sanic_prometheus|prometheus_sanic|opentelemetry)\b"
)
_BEGINS = re.compile(
    r"\b(?:metric_namespace|metric_subsystem|defaults_prefix)\s*=\s*[\"'](\w+)[\"']"
    r"|\bPrometheusMiddleware\b[^()]{0,300}?\(?[^()]{0,300}?\bprefix\s*=\s*[\"'](\w+)[\"']"
)
_PACKAGES = re.compile(
    r"\"(?:express-prom-bundle|express-prometheus-middleware|prometheus-api-metrics|fastify-metrics|@promster/\w+|koa-prom\w*"
    r"|@opentelemetry/exporter-(?:prometheus|metrics-[\w-]+))\""
)
"""Libraries that count a service's requests under names of their own."""


def exports(project: Project) -> Exports:
    """Read once per project (`project.fact(exports)`)."""
    sources = project.fact(sources_of)
    definitions = with_values(project.fact(python_definitions), sources)
    others, unread = elsewhere(project)
    metrics = [metric for metric in (*definitions, *others) if metric.name.strip(ANY + "_")]
    unread += [metric.file for metric in definitions if not metric.name.strip(ANY + "_")]
    recorded = frozenset(rule.name for rule in project.fact(rules) if rule.kind == "record")
    counting = [file for file in sources.files if _INSTRUMENTS.search(project.text(file))]
    metrics += [metric for file in counting for metric in _given_names(project, file)]
    read = Exports(tuple(metrics), recorded, {}, tuple(dict.fromkeys(unread)))
    counted = bool(counting) or any(
        _PACKAGES.search(project.text(file)) for file in project.files if file.endswith("package.json")
    )
    return Exports(read.metrics, recorded, _mentioned(project, read), read.unread, counted)


def _given_names(project: Project, file: str) -> list[Metric]:
    """Whatever a library that counts requests may call its metrics, where the code says how they begin."""
    text = project.text(file)
    return [
        Metric(f"{match[1] or match[2]}_{ANY}", "unknown", None, file, text.count("\n", 0, match.start()) + 1)
        for match in _BEGINS.finditer(text)
    ]


def python_definitions(project: Project) -> list[Definition]:
    """Every metric of the project's Python, with the call that makes it."""
    return definitions(project.fact(sources_of))


def sources_of(project: Project) -> Sources:
    """The project's Python, indexed once."""
    return Sources(project)


def _mentioned(project: Project, read: Exports) -> Mapping[str, str]:
    """Names with the repository's own first words in its code and configuration: file and line of the first.

    In code only what is a text's beginning counts, as it does where somebody prints `name{label="x"} 1`.
    """
    if not read.prefixes:
        return {}
    words = "|".join(map(re.escape, sorted(read.prefixes)))
    quoted = re.compile(rf"""["'`]((?:{words})_\w+)(?=["'`{{ ])""")
    anywhere = re.compile(rf"(?<![\w$])((?:{words})_\w+)")
    defined = {metric.where(): metric for metric in read.metrics}
    rule_files = {rule.file for rule in project.fact(rules)}
    places: dict[str, str] = {}
    for file in sorted(project.files - rule_files):
        if file.endswith(_TEXTS) or _not_a_source(file):
            continue
        text = project.text(file)
        if '"panels"' in text or not any(word in text for word in read.prefixes):
            continue
        for match in (quoted if file.endswith(_CODE) else anywhere).finditer(text):
            if match[1] not in places:
                where = f"{file}:{text.count(chr(10), 0, match.start()) + 1}"
                if not _is_definition(where, match[1], defined):
                    places[match[1]] = where
    return places


def _is_definition(where: str, name: str, defined: Mapping[str, Metric]) -> bool:
    """Whether this line, or the one above, is where a metric of that name is constructed."""
    file, _, line = where.rpartition(":")
    near = (defined.get(f"{file}:{int(line) - back}") for back in range(3))
    return any(metric is not None and metric.name == name for metric in near)


def _not_a_source(file: str) -> bool:
    return bool(re.search(r"(^|/)(tests?|node_modules|\.?venv|site-packages|docs?)/|(^|/)test_", file))


_REACHED = re.compile(r"_names_to_collectors|_collector_to_names|\bglobals\(\)|\bvars\(\)|\b__dict__\b")
"""Ways to every metric at once."""


def never_set(project: Project) -> frozenset[str]:
    """Where metrics with labels are defined that no code ever touches again: without a value they have no series at all.

    A metric without labels has one, which stays at zero, and an enumeration shows all its states. Only a metric that a
    module gives a name is judged, and anything that may lead to it counts as a touch: a load of that name there or where it
    is imported, an attribute of that name anywhere.
    """
    sources = project.fact(sources_of)
    if any(
        _REACHED.search(project.text(file)) and "prometheus" in project.text(file) for file in sources.files
    ):
        return frozenset()
    definitions = project.fact(python_definitions)
    waiting = [
        definition
        for definition in definitions
        if definition.metric.labels and definition.metric.kind not in ("info", "enum")
    ]
    return frozenset(
        definition.metric.where() for definition in waiting if _is_untouched(definition, sources)
    )


def _is_untouched(definition: Definition, sources: Sources) -> bool:
    file, made = definition.at.file, definition.made
    module = sources.tree(file)
    if definition.at.chain or definition.at.function is not None or module is None:
        return False
    names = [
        name for name, values in sources.assigned(module).items() if any(value is made for value in values)
    ]
    if len(names) != 1 or "." in names[0] or len(sources.assigned(module)[names[0]]) > 1:
        return False
    return not any(_touches(other, names[0], file, sources) for other in sources.mentioning(names[0]))


def _touches(file: str, name: str, defined: str, sources: Sources) -> bool:
    if is_test(file):
        return False
    text = sources.project.text(file)
    if re.search(rf"\.{name}\b(?!\s*import\b)|getattr\([^()]*[\"']{name}[\"']", text):
        return True
    if re.search(r"(?m)^\s*from\s+\S+\s+import\s+\*", text) and file != defined:
        return True
    local = (
        {name}
        if file == defined
        else {here for here, (_, there) in sources.imports(file).items() if there == name}
    )
    tree = sources.tree(file)
    if tree is None:
        return True
    return bool(local) and any(
        isinstance(node, ast.Name) and node.id in local and isinstance(node.ctx, ast.Load)
        for node in ast.walk(tree)
    )


def collects_processes(project: Project) -> bool:
    """Whether the code collects the metrics of several processes."""
    texts = (project.text(file) for file in project.matching(".py"))
    return any(
        "MultiProcessCollector" in text or ("multiprocess" in text and "values" in text) for text in texts
    )


def multiprocess_folder(project: Project) -> tuple[str, int] | None:
    """File and line where the folder for metrics of several processes is set first."""
    for file in sorted(project.files):
        if file.endswith((".yml", ".yaml", ".sh", ".env", ".service", ".toml")) or "Dockerfile" in file:
            text = project.text(file)
            at = re.search(r"prometheus_multiproc_dir", text, re.IGNORECASE)
            if at:
                return file, text.count("\n", 0, at.start()) + 1
    return None
