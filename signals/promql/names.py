"""Which metrics an expression asks for."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from signals.promql.evaluate import parse


@lru_cache(maxsize=512)
def metric_names(expr: str) -> frozenset[str]:
    """The metric names of all selectors; raises `BadQuery` for what can't be read."""
    return frozenset(_names(parse(expr)))


def _names(node: Any) -> set[str]:
    found: set[str] = set()
    if name := getattr(node, "name", None):
        found.add(name)
    for attribute in ("expr", "lhs", "rhs", "param", "vector_selector"):
        child = getattr(node, attribute, None)
        if child is not None and not isinstance(child, str | float):
            found |= _names(child)
    for argument in getattr(node, "args", None) or ():
        found |= _names(argument)
    return found
