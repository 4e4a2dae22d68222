"""Which metrics the repository's Python code defines, read from its syntax trees.

Follows constructors of prometheus_client through aliases, sub-classes, `partial`, `getattr` and factories: a function
that passes its argument on as the name of a metric defines one wherever it is called.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from repolint.facts.metrics.metric import DEFAULT_BUCKETS, Kind, Metric
from repolint.facts.python.formats import ANY
from repolint.facts.python.scope import Place, bind, last_name, parameters
from repolint.facts.python.texts import PARAMETER, items, literal, origins, texts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from repolint.facts.python.scope import Sources

CLASSES: Mapping[str, Kind] = {
    "Counter": "counter",
    "Gauge": "gauge",
    "Histogram": "histogram",
    "Summary": "summary",
    "Info": "info",
    "Enum": "enum",
    "CounterMetricFamily": "counter",
    "GaugeMetricFamily": "gauge",
    "HistogramMetricFamily": "histogram",
    "SummaryMetricFamily": "summary",
    "InfoMetricFamily": "info",
    "StateSetMetricFamily": "enum",
    "UntypedMetricFamily": "gauge",
    "UnknownMetricFamily": "gauge",
    "Metric": "unknown",
}
_LIBRARIES = ("prometheus_client", "aioprometheus")
_CLASS = re.compile(rf"\b(?:{'|'.join(CLASSES)})\b")
_TEST = re.compile(r"(^|/)(tests?|testing|conftest\.py$|test_[^/]*\.py$)|_test\.py$")
_ORDER = {  # what stands where, when no keyword says it
    "": ("name", "documentation", "labelnames", "namespace", "subsystem", "unit", "registry", "", "buckets"),
    "Family": ("name", "documentation", "value", "labels"),
    "HistogramFamily": ("name", "documentation", "buckets", "sum_value", "labels"),
    "SummaryFamily": ("name", "documentation", "count_value", "sum_value", "labels"),
}
MAX_LEVELS = 4
"""Factories of factories are followed so far."""


class Definition(NamedTuple):
    """A metric, and the call that the code around keeps the result of."""

    metric: Metric
    made: ast.Call
    at: Place


@dataclass(frozen=True)
class Constructor:
    """A class of a client library, with the arguments that a `partial` has set already."""

    cls: str
    plain: bool
    preset: Mapping[str, tuple[ast.expr, Place]]


def definitions(sources: Sources) -> list[Definition]:
    """Every metric in the code outside tests, in order of files. Each name once per place."""
    metrics: list[Definition] = []
    for file in _candidates(sources):
        known: dict[tuple[str, str], list[Constructor]] = {}
        for calls in sources.calls(file).values():
            for call, place in calls:
                metrics += _defined(call, place, sources, known)
    once = {(definition.metric, id(definition.made)): definition for definition in metrics}
    return sorted(once.values(), key=lambda definition: (definition.metric.file, definition.metric.line))


def _candidates(sources: Sources) -> list[str]:
    """The files that speak of a client library, or of a module that does and of one of the library's classes."""
    files = [file for file in sources.files if not _TEST.search(file)]
    direct = {file for file in files if "prometheus" in sources.project.text(file)}
    modules = {part for file in direct for part in file.removesuffix(".py").split("/")[-2:]} - {
        "__init__",
        "",
    }
    return [
        file
        for file in files
        if file in direct
        or (
            any(module in sources.project.text(file) for module in modules)
            and _CLASS.search(sources.project.text(file))
        )
    ]


def _defined(
    call: ast.Call, place: Place, sources: Sources, known: dict[tuple[str, str], list[Constructor]]
) -> Iterator[Definition]:
    func = call.func
    if isinstance(func, ast.Name | ast.Attribute):
        around = place.enclosing()
        key = (ast.unparse(func), around.name if around else "")
        if key not in known:
            known[key] = constructors(func, place, sources)
        ways = known[key]
        passed = around is not None and isinstance(func, ast.Name) and func.id in parameters(around)
    else:
        ways, passed = constructors(func, place, sources), False
    if passed and call.args and not isinstance(call.args[0], ast.Starred):
        yield from _through(call, place, sources, 0)
    for way in ways:
        yield from _build(call, way, place, sources, (call, place), 0)


def constructors(node: ast.expr, place: Place, sources: Sources, depth: int = 0) -> list[Constructor]:  # noqa: C901, PLR0911  # one case a kind of node
    """The client library's classes that `node` can be."""
    if depth > 6:
        return []
    match node:
        case ast.Name():
            return _by_name(node, place, sources, depth)
        case ast.Attribute():
            if isinstance(node.value, ast.Name):
                module, name = sources.imports(place.file).get(node.value.id, ("", ""))
                dotted = ".".join(filter(None, (module, name)))
                if dotted.startswith(_LIBRARIES):
                    return _library(dotted, node.attr)
                if file := sources.module(dotted) if dotted else None:
                    return constructors(ast.Name(node.attr, ast.Load()), Place(file), sources, depth + 1)
                if node.value.id in ("self", "cls"):
                    return _from_origins(node, place, sources, depth)
            return []
        case ast.Call(func=ast.Name(id="getattr"), args=[owner, named, *_]):
            return [
                constructor
                for name in texts(named, place, sources)
                for constructor in constructors(
                    ast.Attribute(owner, name, ast.Load()), place, sources, depth + 1
                )
            ]
        case ast.Call(args=[inner, *_]) if last_name(node.func) == "partial":
            preset = {keyword.arg: (keyword.value, place) for keyword in node.keywords if keyword.arg}
            return [
                replace(constructor, preset={**constructor.preset, **preset})
                for constructor in constructors(inner, place, sources, depth + 1)
            ]
        case ast.Subscript():
            table, at = literal(node.value, place, sources, depth)
            values = table.values if isinstance(table, ast.Dict) else []
            return [way for value in values for way in constructors(value, at, sources, depth + 1)]
        case ast.IfExp():
            return [
                way
                for branch in (node.body, node.orelse)
                for way in constructors(branch, place, sources, depth + 1)
            ]
    return []


def _by_name(node: ast.Name, place: Place, sources: Sources, depth: int) -> list[Constructor]:
    imports = sources.imports(place.file)
    module, name = imports.get(node.id, ("", ""))
    if module.startswith(_LIBRARIES) and name:
        return _library(module, name)
    if imports.get("*", ("", ""))[0].startswith(_LIBRARIES) and node.id in CLASSES:
        return _library(imports["*"][0], node.id)
    if module and name and (file := sources.module(module)) and file != place.file:
        return constructors(ast.Name(name, ast.Load()), Place(file), sources, depth + 1)
    tree = sources.tree(place.file)
    for statement in tree.body if tree is not None else ():
        if isinstance(statement, ast.ClassDef) and statement.name == node.id:
            return [
                way
                for base in statement.bases
                for way in constructors(base, Place(place.file), sources, depth + 1)
            ]
    return _from_origins(node, place, sources, depth)


def _from_origins(
    node: ast.Name | ast.Attribute, place: Place, sources: Sources, depth: int
) -> list[Constructor]:
    return [
        way
        for value, at, _ in origins(node, place, sources)
        if value is not None
        and isinstance(value, ast.Name | ast.Attribute | ast.Call | ast.Subscript | ast.IfExp)
        and value is not node
        for way in constructors(value, at, sources, depth + 1)
    ]


def _library(module: str, name: str) -> list[Constructor]:
    return [Constructor(name, module.startswith("aioprometheus"), {})] if name in CLASSES else []


def _build(  # noqa: PLR0917  # the state of one construction
    call: ast.Call,
    way: Constructor,
    place: Place,
    sources: Sources,
    made: tuple[ast.Call, Place],
    level: int,
) -> Iterator[Definition]:
    given = _arguments(call, way, place)
    if "name" not in given:
        return
    names = _full_names(given, sources)
    if any(PARAMETER in name for name in names) and level < MAX_LEVELS:
        through = list(_through(call, place, sources, level))
        if through:
            yield from through
            return
    labels = _labels(way, given, sources)
    where, at = made
    for name in names:
        name = name.replace(PARAMETER, ANY)  # noqa: PLW2901  # nobody calls the factory
        kind = CLASSES[way.cls]
        own = labels | {name} if kind == "enum" and labels is not None else labels
        buckets = _buckets(given, sources) if kind == "histogram" else None
        metric = Metric(name, kind, own, at.file, where.lineno, buckets, plain=way.plain)
        yield Definition(metric, where, at)


def _through(call: ast.Call, place: Place, sources: Sources, level: int) -> Iterator[Definition]:
    """The metrics that a factory defines, one for each of its calls."""
    factory = _factory(call, place)
    if factory is None:
        return
    owner = next((outer for outer in place.chain if isinstance(outer, ast.ClassDef)), None)
    name = owner.name if owner is not None and factory.name == "__init__" else factory.name
    for site, at in callers(name, place.file, owner, sources):
        if at.enclosing() is factory or _TEST.search(at.file):
            continue
        inner = Place(place.file, place.chain, bind(factory, site, at), factory)
        for way in constructors(call.func, inner, sources):
            yield from _again(call, way, inner, sources, (site, at), level + 1)


def _again(  # noqa: PLR0917  # the state of one construction
    call: ast.Call, way: Constructor, place: Place, sources: Sources, made: tuple[ast.Call, Place], level: int
) -> Iterator[Definition]:
    """As `_build`, where the caller of the factory may itself be a factory."""
    given = _arguments(call, way, place)
    names = _full_names(given, sources) if "name" in given else ()
    _, at = made
    outer = at.enclosing()
    if any(PARAMETER in name for name in names) and level < MAX_LEVELS and outer is not None:
        owner = next((outer for outer in at.chain if isinstance(outer, ast.ClassDef)), None)
        name = owner.name if owner is not None and outer.name == "__init__" else outer.name
        for next_site, next_at in callers(name, at.file, owner, sources):
            if _TEST.search(next_at.file) or next_at.enclosing() is outer:
                continue
            bound_at = Place(at.file, at.chain, bind(outer, next_site, next_at), outer)
            bound = {
                key: (value, bound_at if where is at else where)
                for key, (value, where) in place.bound.items()
            }
            inner = Place(place.file, place.chain, bound, place.function)
            yield from _again(call, way, inner, sources, (next_site, next_at), level + 1)
        return
    yield from _build(call, way, place, sources, made, MAX_LEVELS)


def _factory(call: ast.Call, place: Place) -> ast.FunctionDef | ast.AsyncFunctionDef | None:
    used = {node.id for node in ast.walk(call) if isinstance(node, ast.Name)}
    functions = [outer for outer in place.chain if isinstance(outer, ast.FunctionDef | ast.AsyncFunctionDef)]
    for function in reversed(functions):
        if used & set(parameters(function)):
            return function
    return functions[-1] if functions else None


def callers(
    name: str, file: str, owner: ast.ClassDef | None, sources: Sources
) -> Iterator[tuple[ast.Call, Place]]:
    """The calls of a function in its own file, and in files that speak of its module or its class."""
    parts = file.removesuffix(".py").split("/")
    words = [word for word in (*parts[-2:], owner.name if owner else "") if word and word != "__init__"]
    for other in sources.mentioning(name):
        text = sources.project.text(other)
        if other == file or any(word in text for word in words):
            yield from sources.calls(other).get(name, ())


def _arguments(call: ast.Call, way: Constructor, place: Place) -> dict[str, tuple[ast.expr, Place]]:
    shape = (
        way.cls.replace("Metric", "") if way.cls in ("HistogramMetricFamily", "SummaryMetricFamily") else ""
    )
    order = _ORDER[shape or ("Family" if way.cls.endswith("Family") else "")]
    given = dict(way.preset)
    for key, argument in zip(order, call.args, strict=False):
        if isinstance(argument, ast.Starred):
            given["*"] = (argument, place)
            break
        given[key] = (argument, place)
    given |= {keyword.arg or "*": (keyword.value, place) for keyword in call.keywords}
    return given


def _full_names(given: Mapping[str, tuple[ast.expr, Place]], sources: Sources) -> tuple[str, ...]:
    """Namespace, subsystem, name and unit in the client's way (prometheus_client, `_build_full_name`)."""

    def of(key: str) -> tuple[str, ...]:
        if key not in given or (
            isinstance(given[key][0], ast.Constant) and not getattr(given[key][0], "value", "")
        ):
            return ("",)
        return texts(*given[key], sources)

    names: list[str] = []
    for space in of("namespace"):
        for system in of("subsystem"):
            for name in of("name"):
                for unit in of("unit"):
                    full = "".join((space and space + "_", system and system + "_", name))
                    full = full.removesuffix("_total") if unit else full
                    full += f"_{unit}" if unit and not full.endswith(f"_{unit}") else ""
                    names.append(re.sub(r"\*+", ANY, full))
    return tuple(dict.fromkeys(names))


def _labels(
    way: Constructor, given: Mapping[str, tuple[ast.expr, Place]], sources: Sources
) -> frozenset[str] | None:
    if way.plain or way.cls in ("Metric", "Info", "InfoMetricFamily") or "*" in given:
        return None
    node = given.get("labelnames") or given.get("labels")
    if node is None:
        family = way.cls.endswith("Family")
        return None if family and "add_sample" in sources.project.text(given["name"][1].file) else frozenset()
    labels = items(*node, sources)
    if labels is None:
        return None
    names = [texts(node, at, sources) for node, at in labels]
    if any(len(choices) != 1 or ANY in choices[0] or PARAMETER in choices[0] for choices in names):
        return None
    return frozenset(choices[0] for choices in names)


def _buckets(given: Mapping[str, tuple[ast.expr, Place]], sources: Sources) -> tuple[float, ...] | None:
    if "*" in given:
        return None
    if "buckets" not in given:
        return DEFAULT_BUCKETS
    buckets = items(*given["buckets"], sources)
    if buckets is None:
        return None
    bounds: list[float] = []
    for node, at in buckets:
        if last_name(node) in ("inf", "INF", "infinity"):
            continue
        if isinstance(node, ast.Call) and last_name(node.func) == "float" and node.args:
            node = node.args[0]  # noqa: PLW2901  # float("inf")
        text = texts(node, at, sources)
        try:
            bounds.append(float(text[0]))
        except ValueError:
            return None
    return tuple(sorted(bound for bound in bounds if bound != float("inf")))
