"""What pydantic finds wrong with a value, as a message of ours: its own sentences are English alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.message import Message, say
from core.text import clean

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

KINDS = frozenset(
    {
        "blank",
        "bool_parsing",
        "bool_type",
        "choices",
        "dict_type",
        "duration",
        "enum",
        "expr",
        "extra_forbidden",
        "finite_number",
        "float_parsing",
        "float_type",
        "greater_than",
        "greater_than_equal",
        "int_from_float",
        "int_parsing",
        "int_type",
        "less_than",
        "less_than_equal",
        "list_type",
        "literal_error",
        "looks_like_option",
        "matchers",
        "matches_all",
        "missing",
        "model_attributes_type",
        "model_type",
        "no_folder",
        "no_secret",
        "no_utc",
        "none_required",
        "not_harmless",
        "objective",
        "pairs",
        "path_type",
        "pattern",
        "relabel_modulus",
        "relabel_regex",
        "relabel_target",
        "sends_none",
        "single",
        "sizes",
        "stages",
        "string_pattern_mismatch",
        "string_too_long",
        "string_too_short",
        "string_type",
        "time_zone",
        "too_deep",
        "too_long",
        "too_short",
        "tuple_type",
        "url_parsing",
        "url_scheme",
        "url_type",
    }
)
"""Kinds of errors, pydantic's and our own, that have a text `invalid.<kind>`."""
_PLACES = frozenset(
    {
        "min_length",
        "max_length",
        "pattern",
        "gt",
        "ge",
        "lt",
        "le",
        "expected",
        "expected_schemes",
        "choices",
        "detail",
    }
)
"""What texts may say of an error's context; everything else in it may be the value itself."""


def invalid(detail: ErrorDetails) -> Message:
    """Its sentence in every language; of a kind that has none, pydantic's words."""
    kind = detail["type"]
    if kind not in KINDS:
        return say("invalid.other", detail=clean(detail["msg"], 200))
    context = detail.get("ctx") or {}
    return Message(f"invalid.{kind}", {name: _value(context[name]) for name in context if name in _PLACES})


def _value(value: object) -> int | float | str:
    match value:
        case float() if value.is_integer():
            return int(value)
        case int() | float():
            return value
    return clean(str(value).replace(" or ", ", "), 200)
