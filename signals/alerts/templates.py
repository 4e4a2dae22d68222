"""The part of Go's templates that alert rules use: labels, the value, how to write it, and `if`.

In an annotation, what is not understood stays as it is written (Prometheus documentation, "Template reference"): a
text with a brace in it is better than none. A label decides where an alert goes: one that can't be filled is an error.
"""

from __future__ import annotations

import datetime as dt
import math
import operator
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

_ACTION = re.compile(r"(?:\s*\{\{-\s|\{\{)\s*(.*?)\s*(?:\s-\}\}\s*|\}\})", re.DOTALL)
_WORD = re.compile(r'"(?:[^"\\]|\\.)*"|`[^`]*`|[|()]|[^\s|()"`]+')
_INTEGER = re.compile(r"[-+]?\d+")
_VERB = re.compile(r"%[-+ 0#]*\d*(?:\.\d+)?[feEgGvs]|%%")
_LARGE, _SMALL = ("", "k", "M", "G", "T", "P", "E", "Z", "Y"), ("", "m", "u", "n", "p", "f", "a", "z", "y")
_BINARY = ("", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi")


Value: TypeAlias = "str | float | bool | Mapping[str, str]"


class NotUnderstood(Exception):
    """Something of the template language that is not among ours, or that Go refuses."""


@dataclass(slots=True)
class _Condition:
    """An `if` that is open: whether what stands around it is written, and whether one of its branches was."""

    outside: bool
    taken: bool


def fill(template: str, labels: Mapping[str, str], value: float) -> str:
    """The text with every action that is understood replaced; an unknown label is empty."""
    try:
        return _filled(template, labels, value, strict=False)
    except NotUnderstood:
        return template


def fill_label(template: str, labels: Mapping[str, str], value: float) -> str:
    """The text with every action replaced; raises `NotUnderstood` where one can't be."""
    return _filled(template, labels, value, strict=True)


def _filled(template: str, labels: Mapping[str, str], value: float, *, strict: bool) -> str:
    written: list[str] = []
    conditions: list[_Condition] = []
    live, end = True, 0
    for action in _ACTION.finditer(template):
        if live:
            written.append(template[end : action.start()])
        end, body = action.end(), action[1]
        if body.partition(" ")[0] in ("if", "else", "end"):
            live = _branch(conditions, body, lambda test: bool(_value(test, labels, value)), live=live)
        elif live and not body.startswith("/*"):
            try:
                written.append(_text(_value(body, labels, value)))
            except NotUnderstood:
                if strict:
                    raise
                written.append(action[0])
    if conditions:
        raise NotUnderstood
    return "".join(written) + template[end:]


def _branch(conditions: list[_Condition], body: str, is_true: Callable[[str], bool], *, live: bool) -> bool:
    """Whether what follows `if`, `else if`, `else` or `end` is written. `is_true`, as Go has it: zero and emptiness are not."""
    keyword, _, rest = body.partition(" ")
    if keyword == "if":
        conditions.append(_Condition(outside=live, taken=live and is_true(rest)))
        return conditions[-1].taken
    if not conditions or (keyword == "else" and rest and not rest.startswith("if ")):
        raise NotUnderstood
    if keyword == "end":
        return conditions.pop().outside
    inner = conditions[-1]
    live = inner.outside and not inner.taken and (not rest or is_true(rest.removeprefix("if ")))
    inner.taken = inner.taken or live
    return live


def go_number(value: float) -> str:
    """A float64 as Go's `%v` prints it: shortest digits, an exponent below 1e-4 and from 1e+06 on (strconv, `'g'`)."""
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else ("+Inf" if value > 0 else "-Inf")
    sign, digits, _ = Decimal(repr(value)).normalize().as_tuple()
    exponent = Decimal(repr(value)).adjusted() if value else 0
    if -4 <= exponent < 6:
        return format(Decimal(repr(value)).normalize(), "f")
    mantissa = str(digits[0]) + ("." + "".join(map(str, digits[1:])) if len(digits) > 1 else "")
    return f"{'-' if sign else ''}{mantissa}e{'-' if exponent < 0 else '+'}{abs(exponent):02d}"


def _value(body: str, labels: Mapping[str, str], value: float) -> Value:
    """What an action comes to."""
    words = _WORD.findall(body)
    result = _pipeline(words, labels, value)
    if words:
        raise NotUnderstood
    return result


def _pipeline(words: list[str], labels: Mapping[str, str], value: float) -> Value:
    """Takes a pipeline from the front of `words`: each part's result is the last argument of the next."""
    result: list[Value] = []
    while True:
        head = words[0] if words else ""
        function = head if head in _FUNCTIONS or head in _OF_SEVERAL else ""
        if function:
            words.pop(0)
        arguments: list[Value] = []
        while words and words[0] not in "|)":
            arguments.append(_operand(words, labels, value))
        arguments += result
        if function:
            result = [_apply(function, arguments)]
        elif len(arguments) == 1:
            result = arguments
        else:
            raise NotUnderstood
        if not words or words[0] == ")":
            return result[0]
        words.pop(0)


def _operand(words: list[str], labels: Mapping[str, str], value: float) -> Value:
    word = words.pop(0)
    if word == "(":
        inner = _pipeline(words, labels, value)
        if not words or words.pop(0) != ")":
            raise NotUnderstood
        return inner
    known: dict[str, Value] = {
        **dict.fromkeys(("$value", ".Value"), value),
        **dict.fromkeys(("$labels", ".Labels"), labels),
        "true": True,
        "false": False,
    }
    if word in known:
        return known[word]
    for prefix in ("$labels.", ".Labels."):
        if word.startswith(prefix):
            return labels.get(word.removeprefix(prefix), "")
    if word[0] == word[-1] and word[0] in '"`' and len(word) > 1:
        return word[1:-1]
    try:
        return int(word) if _INTEGER.fullmatch(word) else float(word)
    except ValueError:
        raise NotUnderstood from None


def _apply(name: str, arguments: list[Value]) -> Value:
    if name in _OF_SEVERAL:
        return _OF_SEVERAL[name](arguments)
    if len(arguments) != 1 or isinstance(arguments[0], Mapping):
        raise NotUnderstood
    return _FUNCTIONS[name](arguments[0])


def _compare(name: str) -> Callable[[list[Value]], bool]:
    def compare(arguments: list[Value]) -> bool:
        """Go compares a number written without a point with a float by refusing to."""
        if len(arguments) < 2 or len({type(argument) for argument in arguments}) != 1:
            raise NotUnderstood
        first, *others = arguments
        if isinstance(first, Mapping) or (len(others) > 1 and name != "eq"):
            raise NotUnderstood
        if name == "eq":
            return first in others
        return bool(getattr(operator, name)(first, others[0]))

    return compare


def _all(arguments: list[Value]) -> Value:
    """Go's `and`: the first that is false, else the last."""
    if not arguments:
        raise NotUnderstood
    return next((argument for argument in arguments if not argument), arguments[-1])


def _any(arguments: list[Value]) -> Value:
    """Go's `or`: the first that is true, else the last."""
    if not arguments:
        raise NotUnderstood
    return next((argument for argument in arguments if argument), arguments[-1])


def _not(arguments: list[Value]) -> bool:
    if len(arguments) != 1:
        raise NotUnderstood
    return not arguments[0]


def _index(arguments: list[Value]) -> str:
    match arguments:
        case [Mapping() as labels, str() as name]:
            return str(labels.get(name, ""))
        case _:
            raise NotUnderstood


def _printf(arguments: list[Value]) -> str:
    if not arguments or not isinstance(arguments[0], str):
        raise NotUnderstood
    form, rest = arguments[0], arguments[1:]
    verbs = [verb for verb in _VERB.findall(form) if verb != "%%"]
    if len(verbs) != len(rest) or form.count("%") != len(verbs) + 2 * form.count("%%"):
        raise NotUnderstood
    plain = [
        _text(item) if verb[-1] in "vs" else _number(item) for verb, item in zip(verbs, rest, strict=True)
    ]
    return re.sub(r"(%[-+ 0#]*\d*(?:\.\d+)?)v", r"\1s", form) % tuple(plain)


def _text(item: Value) -> str:
    if isinstance(item, bool):
        return "true" if item else "false"
    if isinstance(item, Mapping):
        raise NotUnderstood
    return item if isinstance(item, str) else str(item) if isinstance(item, int) else go_number(item)


def _number(item: Value) -> float:
    if isinstance(item, Mapping):
        raise NotUnderstood
    try:
        return float(item)
    except ValueError:
        raise NotUnderstood from None


def _scaled(value: float, base: float, large: tuple[str, ...], small: tuple[str, ...]) -> str:
    """`%.4g` with the prefix that brings the number between 1 and the base (template/template.go, `humanize`)."""
    if value == 0 or not math.isfinite(value):
        return _short(value)
    index = 0
    while abs(value) >= base and index < len(large) - 1:
        value, index = value / base, index + 1
    if index or not small:
        return _short(value) + large[index]
    while abs(value) < 1 and index < len(small) - 1:
        value, index = value * base, index + 1
    return _short(value) + small[index]


def _short(value: float) -> str:
    return f"{value:.4g}" if math.isfinite(value) else go_number(value)


def _duration(item: str | float) -> str:
    """Days, hours, minutes and seconds; below a second with a prefix (template/template.go, `humanizeDuration`)."""
    value = _number(item)
    if value == 0 or not math.isfinite(value):
        return _short(value) + ("s" if value == 0 else "")
    if abs(value) < 1:
        return _scaled(value, 1000, ("",), _SMALL) + "s"
    if abs(value) < 60:
        return f"{value:.4g}s"
    sign, seconds_total = ("-" if value < 0 else ""), int(abs(value))
    days, hours, minutes, seconds = (
        seconds_total // 86_400,
        seconds_total // 3600 % 24,
        seconds_total // 60 % 60,
        seconds_total % 60,
    )
    parts = [(days, "d"), (hours, "h"), (minutes, "m"), (seconds, "s")]
    first = next(index for index, (count, _) in enumerate(parts) if count)
    return sign + " ".join(f"{count}{unit}" for count, unit in parts[first:])


def _moment(item: str | float) -> str:
    try:
        at = dt.datetime.fromtimestamp(_number(item), dt.UTC)
    except (OverflowError, ValueError, OSError):
        raise NotUnderstood from None
    return f"{at:%Y-%m-%d %H:%M:%S} +0000 UTC"


_OF_SEVERAL: dict[str, Callable[[list[Value]], Value]] = {
    "printf": _printf,
    **{name: _compare(name) for name in ("eq", "ne", "lt", "le", "gt", "ge")},
    "and": _all,
    "or": _any,
    "not": _not,
    "index": _index,
}
_FUNCTIONS: dict[str, Callable[[str | float], str]] = {
    "humanize": lambda item: _scaled(_number(item), 1000, _LARGE, _SMALL),
    "humanize1024": lambda item: _scaled(_number(item), 1024, _BINARY, ()),
    "humanizePercentage": lambda item: _short(_number(item) * 100) + "%",
    "humanizeDuration": _duration,
    "humanizeTimestamp": _moment,
    "title": lambda item: _text(item).title(),
    "toUpper": lambda item: _text(item).upper(),
    "toLower": lambda item: _text(item).lower(),
}
