"""Which values each label of a metric is ever given: read from every `.labels(…)` call in the repository.

A label is closed when all calls that may be meant for its metric pass texts that can be read; what else touches the metric
opens it, because a finding about a value has to be a proof.
"""

from __future__ import annotations

import ast
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from repolint.facts.metrics.exports_python import callers
from repolint.facts.python.formats import ANY
from repolint.facts.python.scope import Place, bind, default, last_name, parameters
from repolint.facts.python.source import is_test
from repolint.facts.python.texts import PARAMETER, texts

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from repolint.facts.metrics.exports_python import Definition
    from repolint.facts.metrics.metric import Metric
    from repolint.facts.python.scope import Sources

_Seen = dict[str, set[str] | None]
"""Values by label; None once the label is open."""
MAX_CALLS = 200


def with_values(definitions: Sequence[Definition], sources: Sources) -> tuple[Metric, ...]:
    """The metrics, each with the labels whose every value is known."""
    owned = _owners(definitions, sources)
    seen: list[_Seen] = [{} for _ in definitions]
    order = {
        number: _label_order(definition, sources)
        for number, definition in enumerate(definitions)
        if definition.metric.labels
    }
    for file in (name for name in sources.mentioning(".labels(") if not is_test(name)):
        for call, place in sources.calls(file).get("labels", ()):
            meant = _meant(call, place, owned, sources)
            for number in order if meant is None else meant & order.keys():
                _take(call, place, order[number], seen[number], sources, sure=meant is not None)
    opened = _opened(definitions)
    return tuple(
        replace(
            definition.metric,
            values={label: frozenset(values) for label, values in seen[number].items() if values}
            if number in order and definition.metric.name not in opened
            else {},
        )
        for number, definition in enumerate(definitions)
    )


def _opened(definitions: Sequence[Definition]) -> set[str]:
    """Metrics that are defined twice, or by an own collector: their values come from elsewhere too."""
    counts = Counter(definition.metric.name for definition in definitions)
    families = {
        definition.metric.name
        for definition in definitions
        if last_name(definition.made.func).endswith("Family")
    }
    return families.union(name for name, count in counts.items() if count > 1)


def _owners(definitions: Sequence[Definition], sources: Sources) -> dict[tuple[str, str], set[int]]:
    """The variables, members and dictionary keys that hold metrics: which ones by file and name, and by name in any file."""
    by_call: dict[int, list[int]] = {}
    for number, definition in enumerate(definitions):
        by_call.setdefault(id(definition.made), []).append(number)
    owned: dict[tuple[str, str], set[int]] = {}
    for file in {definition.at.file for definition in definitions}:
        for node in sources.holders(file):
            for name, value in _named(node):
                for number in by_call.get(id(value), ()):
                    owned.setdefault((file, name), set()).add(number)
                    owned.setdefault(("", name), set()).add(number)
    return owned


def _named(node: ast.AST) -> Iterable[tuple[str, ast.expr]]:
    if isinstance(node, ast.Assign):
        return [(_handle(target), node.value) for target in node.targets]
    if isinstance(node, ast.AnnAssign) and node.value is not None:
        return [(_handle(node.target), node.value)]
    if isinstance(node, ast.Dict):
        pairs = zip(node.keys, node.values, strict=True)
        return [(str(key.value), value) for key, value in pairs if isinstance(key, ast.Constant)]
    if isinstance(node, ast.keyword) and node.arg:
        return [(node.arg, node.value)]
    return []


def _handle(node: ast.expr) -> str:
    if isinstance(node, ast.Subscript):
        return str(node.slice.value) if isinstance(node.slice, ast.Constant) else ""
    return last_name(node)


def _meant(
    call: ast.Call, place: Place, owned: dict[tuple[str, str], set[int]], sources: Sources
) -> set[int] | None:
    """The metrics whose `.labels` this is; None when it may be anybody's."""
    receiver = call.func.value if isinstance(call.func, ast.Attribute) else None
    if receiver is None:
        return None
    name = _handle(receiver)
    around = place.enclosing()
    anywhere = owned.get(("", name))
    if not isinstance(receiver, ast.Name):
        return anywhere
    local = sources.assigned(around).get(name) if around else None
    if around and (name in parameters(around) or (local and anywhere is None)):
        return None
    module = sources.tree(place.file)
    its_own = not local and module is not None and name in sources.assigned(module)
    return owned.get((place.file, name), anywhere) if its_own else anywhere


def _label_order(definition: Definition, sources: Sources) -> tuple[str, ...]:
    """The labels in the order of the definition, as far as the call shows it; else sorted, and by keyword only."""
    from repolint.facts.python.texts import items

    labels = definition.metric.labels or frozenset()
    for argument in (*definition.made.args[1:], *(keyword.value for keyword in definition.made.keywords)):
        parts = items(argument, definition.at, sources)
        names = tuple(texts(node, at, sources)[0] for node, at in parts or ())
        if frozenset(names) == labels:
            return names
    return tuple(sorted(labels)) if len(labels) == 1 else ("", *sorted(labels))


def _take(
    call: ast.Call, place: Place, names: tuple[str, ...], seen: _Seen, sources: Sources, *, sure: bool
) -> None:
    keywords = {keyword.arg for keyword in call.keywords}
    labels = [name for name in names if name]
    fits = (not call.args and keywords == set(labels)) or (not keywords and len(call.args) == len(labels))
    loose = None in keywords or any(isinstance(argument, ast.Starred) for argument in call.args)
    if not sure:
        if fits or loose:
            seen.update(dict.fromkeys(labels))
        return
    if not fits or loose or (call.args and names[0] == ""):
        seen.update(dict.fromkeys(labels))
        return
    given = [(keyword.arg or "", keyword.value) for keyword in call.keywords] or list(
        zip(names, call.args, strict=True)
    )
    for label, value in given:
        values = _values(value, place, sources, 0)
        known = seen.setdefault(label, set())
        if values is None:
            seen[label] = None
        elif known is not None:
            known |= values


def _values(node: ast.expr, place: Place, sources: Sources, level: int) -> set[str] | None:
    """All values of an argument, through the callers of the function around it; None when it is open."""
    values = set(texts(node, place, sources))
    if ANY in values:
        return None
    if not any(PARAMETER in text for text in values):
        return values
    function = place.enclosing()
    if function is None or level >= 3 or function.decorator_list or not isinstance(node, ast.Name):
        return None
    if node.id not in parameters(function) or len(values) != 1 or _passed_around(function.name, sources):
        return None
    result: set[str] = set()
    calls = 0
    for site, at in callers(function.name, place.file, place.owner(), sources):
        calls += 1
        argument = bind(function, site, at).get(node.id)
        value = argument[0] if argument else default(function, node.id)
        loose = any(isinstance(argument, ast.Starred) for argument in site.args) or any(
            not argument.arg for argument in site.keywords
        )
        inner = (
            None if value is None or loose or calls > MAX_CALLS else _values(value, at, sources, level + 1)
        )
        if inner is None:
            return None
        result |= inner
    return result if calls else None


def _passed_around(name: str, sources: Sources) -> bool:
    """Whether a function is used other than by calling it: then nobody knows with what."""
    for file in sources.mentioning(name):
        tree = sources.tree(file)
        if tree is None:
            return True
        uses = sum(
            1
            for node in ast.walk(tree)
            if isinstance(node, ast.Name | ast.Attribute) and last_name(node) == name
        )
        if uses != len(sources.calls(file).get(name, ())):
            return True
    return False
