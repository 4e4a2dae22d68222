"""What an expression asks for: metric names, and the selectors that it can't do without."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import Any, Literal

import promql_parser as grammar

from signals.metrics.promql.parse import parse

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
        selectors = dict.fromkeys(
            item for part in self.parts for item in (part.selectors() if isinstance(part, Needs) else (part,))
        )
        return tuple(selectors)


@lru_cache(maxsize=512)
def metric_names(expr: str) -> frozenset[str]:
    """The metric names of all selectors; raises `BadQuery` for what can't be read."""
    return frozenset(_names(parse(expr)))


@lru_cache(maxsize=512)
def needs(expr: str) -> Needs:
    """What `expr` can't do without; raises `BadQuery` for what can't be read."""
    return Needs("all", tuple(_needs(parse(expr), ranged=False)))


@lru_cache(maxsize=512)
def is_constant(expr: str) -> bool:
    """Whether neither samples nor the time decide what it says; raises `BadQuery` for what can't be read."""
    return _is_constant(parse(expr))


def _is_constant(node: Any) -> bool:
    match node:
        case grammar.VectorSelector() | grammar.MatrixSelector():
            return False
        case grammar.Call() if not node.args:  # `time()`, `hour()`
            return bool(node.func.name == "pi")
    return all(map(_is_constant, _children(node)))


@lru_cache(maxsize=512)
def looks_back_s(expr: str) -> float:
    """How long `expr` still sees what has ended: its longest window, with offsets; raises `BadQuery` for what can't be read."""
    return _looks_back_s(parse(expr))


def _looks_back_s(node: Any) -> float:
    lengths = [getattr(node, "range", None), getattr(node, "offset", None)]
    own = sum(length.total_seconds() for length in lengths if isinstance(length, timedelta))
    return own + max((_looks_back_s(child) for child in _children(node)), default=0.0)


def _children(node: Any) -> list[Any]:
    """The expressions right below."""
    below = [
        getattr(node, attribute, None) for attribute in ("expr", "lhs", "rhs", "param", "vector_selector")
    ]
    children = [child for child in below if child is not None and not isinstance(child, str | float)]
    return [*children, *(getattr(node, "args", None) or ())]


def _names(node: Any) -> set[str]:
    names: set[str] = set()
    if name := getattr(node, "name", None):
        names.add(name)
    for child in _children(node):
        names |= _names(child)
    return names


def _needs(node: Any, *, ranged: bool) -> list[Needs | Selector]:
    parts: list[Needs | Selector] = []
    match node:
        case grammar.VectorSelector() if node.name:
            matchers = tuple(
                (matcher.name, _operator(matcher.op), matcher.value) for matcher in node.matchers.matchers
            )
            parts = [Selector(node.name, matchers, ranged)]
        case grammar.MatrixSelector():
            parts = _needs(node.vector_selector, ranged=True)
        case grammar.Call() if node.func.name not in _MEANT_TO_BE_EMPTY:
            parts = [part for argument in node.args for part in _needs(argument, ranged=ranged)]
        case grammar.BinaryExpr():
            left, right = _needs(node.lhs, ranged=ranged), _needs(node.rhs, ranged=ranged)
            operator = str(node.op)
            if operator == "or":
                parts = [Needs("any", (Needs("all", tuple(left)), Needs("all", tuple(right))))]
            else:
                parts = left if operator == "unless" else [*left, *right]
        case grammar.AggregateExpr() | grammar.ParenExpr() | grammar.SubqueryExpr() | grammar.UnaryExpr():
            parts = _needs(node.expr, ranged=ranged)
    return parts


def _operator(op: Any) -> str:
    return {"MatchOp.Equal": "=", "MatchOp.NotEqual": "!=", "MatchOp.Re": "=~", "MatchOp.NotRe": "!~"}[
        str(op)
    ]


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
