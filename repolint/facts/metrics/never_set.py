"""Metrics with labels that Python defines and that no code ever touches again: without a value they have no series at all.

A metric without labels has one, which stays at zero, and an enumeration shows all its states. Only a metric that a module
gives a name is judged, and anything that may lead to it counts as a touch: a load of that name there or where it is imported,
an attribute of that name anywhere.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from repolint.facts.metrics.exports import python_definitions, sources_of
from repolint.facts.python.source import is_test

if TYPE_CHECKING:
    from repolint.facts.metrics.exports_python import Definition
    from repolint.facts.python.scope import Sources
    from repolint.project import Project

_REACHED = re.compile(r"_names_to_collectors|_collector_to_names|\bglobals\(\)|\bvars\(\)|\b__dict__\b")
"""Ways to every metric at once."""


def never_set(project: Project) -> frozenset[str]:
    """Where these metrics are defined."""
    sources = project.fact(sources_of)
    if any(
        _REACHED.search(project.text(file)) and "prometheus" in project.text(file) for file in sources.files
    ):
        return frozenset()
    found = project.fact(python_definitions)
    waiting = [one for one in found if one.metric.labels and one.metric.kind not in ("info", "enum")]
    return frozenset(one.metric.where() for one in waiting if _is_untouched(one, sources))


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
