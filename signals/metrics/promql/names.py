"""What an expression asks for: metric names, and the selectors that it can't do without."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import promql_parser as grammar

from signals.metrics.promql.evaluate import parse

_MEANT_TO_BE_EMPTY = ("absent", "absent_over_time", "vector", "scalar", "time")
"""Functions that answer also, or just, when their argument has no series."""


@dataclass(frozen=True, slots=True)
class Selector:
    """One selector: `matchers` as (label, operator, value); `ranged` when it stands in a window."""

    name: str
    matchers: tuple[tuple[str, str, str], ...]
    ranged: bool

    def text(self, *only: tuple[str, str, str]) -> str:
        """As PromQL, with all matchers or with `only` these."""
        chosen = ", ".join(
            f"{label}{operator}{_quoted(value)}" for label, operator, value in only or self.matchers
        )
        return f"{self.name}{{{chosen}}}" if chosen else self.name


@dataclass(frozen=True, slots=True)
class Needs:
    """What must have series for an expression to answer: `any` of the parts (an `or`), or `all` of them."""

    how: Literal["any", "all"]
    parts: tuple[Needs | Selector, ...]

    def selectors(self) -> tuple[Selector, ...]:
        """Every selector below, each once."""
        found = dict.fromkeys(
            one for part in self.parts for one in (part.selectors() if isinstance(part, Needs) else (part,))
        )
        return tuple(found)


@lru_cache(maxsize=512)
def metric_names(expr: str) -> frozenset[str]:
    """The metric names of all selectors; raises `BadQuery` for what can't be read."""
    return frozenset(_names(parse(expr)))


@lru_cache(maxsize=512)
def needs(expr: str) -> Needs:
    """What `expr` can't do without; raises `BadQuery` for what can't be read."""
    return Needs("all", tuple(_needs(parse(expr), ranged=False)))


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


def _needs(node: Any, *, ranged: bool) -> list[Needs | Selector]:
    found: list[Needs | Selector] = []
    match node:
        case grammar.VectorSelector() if node.name:
            matchers = tuple((one.name, _operator(one.op), one.value) for one in node.matchers.matchers)
            found = [Selector(node.name, matchers, ranged)]
        case grammar.MatrixSelector():
            found = _needs(node.vector_selector, ranged=True)
        case grammar.Call() if node.func.name not in _MEANT_TO_BE_EMPTY:
            found = [part for argument in node.args for part in _needs(argument, ranged=ranged)]
        case grammar.BinaryExpr():
            left, right = _needs(node.lhs, ranged=ranged), _needs(node.rhs, ranged=ranged)
            operator = str(node.op)
            if operator == "or":
                found = [Needs("any", (Needs("all", tuple(left)), Needs("all", tuple(right))))]
            else:
                found = left if operator == "unless" else [*left, *right]
        case grammar.AggregateExpr() | grammar.ParenExpr() | grammar.SubqueryExpr() | grammar.UnaryExpr():
            found = _needs(node.expr, ranged=ranged)
    return found


def _operator(op: Any) -> str:
    return {"MatchOp.Equal": "=", "MatchOp.NotEqual": "!=", "MatchOp.Re": "=~", "MatchOp.NotRe": "!~"}[
        str(op)
    ]


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
