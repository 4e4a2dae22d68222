"""PromQL into a syntax tree, by `promql-parser`; what would break the parser is refused or put right before it.

The parser is Rust: it overflows the stack on deep nesting, and panics on a time before 1970 and on a length of time
without bounds. A panic is no `Exception`, and writes to the terminal past us.
"""

from __future__ import annotations

import math
import re
from datetime import timedelta
from functools import lru_cache
from typing import Any, Literal

import promql_parser as grammar

from core.errors import BadQuery, NotSupported
from core.message import say
from core.text import clean
from signals.regex import compile_regex

MAX_DEPTH = 200
"""Nesting beyond this is refused: the parser is recursive, and overflows the stack of a small thread at 300."""
MAX_TIME_S = 253_402_300_799.0
"""The end of the year 9999, behind which Python knows no time. No sample stands there, nor before 1970."""
MAX_DURATION_S = 2.0**63 / 1e9
"""The longest that Prometheus takes: what fits into Go's `time.Duration`, 292 years."""

_MATRIX, _SCALAR = grammar.ValueType.Matrix, grammar.ValueType.Scalar
# The name of double_exponential_smoothing in Prometheus 2.
grammar.register_extra_functions(
    [grammar.Function("holt_winters", [_MATRIX, _SCALAR, _SCALAR], grammar.ValueType.Vector)]
)

_QUOTED = r'"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\'|`[^`]*`'
_IN_BRACES = re.compile(r"\{[^{}]*\}")
_BRACKET = re.compile(r"[()]")
_OPERATOR = re.compile(r"[-+*/%^]|[=!<>]=|[<>]|\b(?:and|or|unless|atan2)\b", re.IGNORECASE)
_NUMBER = r"[-+]?\s*(?:inf|nan|0x[0-9a-f]+|(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?)(?![\w.:])"
_SHIFT = re.compile(
    rf"{_QUOTED}|\#[^\n]*|@\s*(?P<at>{_NUMBER})|\boffset\s*(?P<offset>{_NUMBER})", re.IGNORECASE
)


@lru_cache(maxsize=512)
def parse(expr: str) -> Any:
    """The syntax tree of `expr` (its classes have no common type); raises `BadQuery` with the parser's words."""
    if _depth(expr) > MAX_DEPTH:
        raise BadQuery(say("promql.too_deep", limit=MAX_DEPTH))
    try:
        return grammar.parse(_SHIFT.sub(_bounded, expr))
    except (ValueError, OverflowError) as error:
        text = clean(str(error))
        if "unknown function" in text or _is_regex_of_go(text):
            raise NotSupported(say("promql.not_supported", what=text)) from error
        raise BadQuery(say("promql.syntax", detail=text)) from error
    except BaseException as error:
        raise panic_as_bad_query(error) from error


def milliseconds(node: Any, length: Literal["range", "step", "offset"]) -> int:
    """A length of time of a node in whole milliseconds, 0 where it has none; raises `BadQuery` for one too long."""
    try:
        span: timedelta | None = getattr(node, length)
    except (ValueError, OverflowError) as error:
        raise BadQuery(say("promql.syntax", detail="duration out of range")) from error
    return span // timedelta(milliseconds=1) if span else 0


def panic_as_bad_query(error: BaseException) -> BaseException:
    """A panic of the parser as a `BadQuery`; everything else as it is."""
    if type(error).__name__ == "PanicException":  # made by pyo3 at run time: it can't be imported
        return BadQuery(say("promql.syntax", detail=clean(str(error))))
    return error


def _bounded(shift: re.Match[str]) -> str:
    """A time at which there are no samples as another such time that the parser takes; raises `BadQuery`."""
    if offset := shift["offset"]:
        if not abs(_number(offset)) < MAX_DURATION_S:
            raise BadQuery(say("promql.syntax", detail="duration out of range"))
    elif at := shift["at"]:
        seconds = _number(at)
        if math.isfinite(seconds) and abs(seconds) < MAX_DURATION_S * 1e6:
            return shift[0] if 0 <= seconds <= MAX_TIME_S else f"@ {min(max(seconds, 0.0), MAX_TIME_S):.0f}"
        raise BadQuery(say("promql.syntax", detail=f"timestamp out of bounds for @ modifier: {at}"))
    return shift[0]


def _is_regex_of_go(text: str) -> bool:
    """Whether what the parser calls an illegal regular expression is illegal in Rust only."""
    pattern = text.removeprefix("illegal regex for ")
    if pattern == text:
        return False
    try:
        compile_regex(pattern)
    except BadQuery:
        return False
    return True


def _number(text: str) -> float:
    text = text.replace(" ", "")
    return float(int(text, 16)) if "x" in text.lower() else float(text)


def _depth(expr: str) -> int:
    """At most how deep the syntax tree is: parentheses, and operators that lean on one another."""
    bare = _IN_BRACES.sub("", re.sub(_QUOTED, "", expr))
    depth = deepest = 0
    for bracket in _BRACKET.findall(bare):
        depth += 1 if bracket == "(" else -1
        deepest = max(deepest, depth)
    return deepest + len(_OPERATOR.findall(bare))
