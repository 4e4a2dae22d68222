"""The part of Go's templates that alert rules use: labels, the value, and how to write it.

What is not understood stays as it is written (Prometheus documentation, "Template reference"): an annotation with a
brace in it is better than none.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_ACTION = re.compile(r"(?:\s*\{\{-\s|\{\{)\s*(.*?)\s*(?:\s-\}\}\s*|\}\})", re.DOTALL)
_WORD = re.compile(r'"(?:[^"\\]|\\.)*"|`[^`]*`|\||[^\s|"`]+')
_VERB = re.compile(r"%[-+ 0#]*\d*(?:\.\d+)?[feEgGvs]|%%")
_LARGE, _SMALL = ("", "k", "M", "G", "T", "P", "E", "Z", "Y"), ("", "m", "u", "n", "p", "f", "a", "z", "y")
_BINARY = ("", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi")


def fill(template: str, labels: Mapping[str, str], value: float) -> str:
    """The text with every action that is understood replaced; an unknown label is empty."""

    def replace(action: re.Match[str]) -> str:
        try:
            return _text(_run_pipeline(_WORD.findall(action[1]), labels, value))
        except _NotUnderstood:
            return action[0]

    return _ACTION.sub(replace, template)


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


class _NotUnderstood(Exception):
    """An action of the template language that is not among ours."""


def _run_pipeline(tokens: list[str], labels: Mapping[str, str], value: float) -> str | float:
    """A pipeline: each part's result is the last argument of the next."""
    parts: list[list[str]] = [[]]
    for word in tokens:
        if word == "|":
            parts.append([])
        else:
            parts[-1].append(word)
    result: str | float | None = None
    for part in parts:
        if not part:
            raise _NotUnderstood
        head, *rest = part
        arguments = [_operand(word, labels, value) for word in rest]
        arguments += [] if result is None else [result]
        if head in _FUNCTIONS:
            result = _apply(head, arguments)
        elif arguments:
            raise _NotUnderstood
        else:
            result = _operand(head, labels, value)
    if result is None:
        raise _NotUnderstood
    return result


def _operand(word: str, labels: Mapping[str, str], value: float) -> str | float:
    if word in ("$value", ".Value"):
        return value
    for prefix in ("$labels.", ".Labels."):
        if word.startswith(prefix):
            return labels.get(word.removeprefix(prefix), "")
    if word[0] == word[-1] and word[0] in '"`' and len(word) > 1:
        return word[1:-1]
    try:
        return float(word)
    except ValueError:
        raise _NotUnderstood from None


def _apply(name: str, arguments: list[str | float]) -> str:
    if name == "printf":
        return _printf(arguments)
    if len(arguments) != 1:
        raise _NotUnderstood
    return _FUNCTIONS[name](arguments[0])


def _printf(arguments: list[str | float]) -> str:
    if not arguments or not isinstance(arguments[0], str):
        raise _NotUnderstood
    form, rest = arguments[0], arguments[1:]
    verbs = [verb for verb in _VERB.findall(form) if verb != "%%"]
    if len(verbs) != len(rest) or form.count("%") != len(verbs) + 2 * form.count("%%"):
        raise _NotUnderstood
    plain = [
        _text(item) if verb[-1] in "vs" else _number(item) for verb, item in zip(verbs, rest, strict=True)
    ]
    return re.sub(r"(%[-+ 0#]*\d*(?:\.\d+)?)v", r"\1s", form) % tuple(plain)


def _text(item: str | float) -> str:
    return item if isinstance(item, str) else go_number(item)


def _number(item: str | float) -> float:
    try:
        return float(item)
    except ValueError:
        raise _NotUnderstood from None


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
        raise _NotUnderstood from None
    return f"{at:%Y-%m-%d %H:%M:%S} +0000 UTC"


_FUNCTIONS: dict[str, Callable[[str | float], str]] = {
    "printf": _text,  # takes more than one argument: see _apply
    "humanize": lambda item: _scaled(_number(item), 1000, _LARGE, _SMALL),
    "humanize1024": lambda item: _scaled(_number(item), 1024, _BINARY, ()),
    "humanizePercentage": lambda item: _short(_number(item) * 100) + "%",
    "humanizeDuration": _duration,
    "humanizeTimestamp": _moment,
    "title": lambda item: _text(item).title(),
    "toUpper": lambda item: _text(item).upper(),
    "toLower": lambda item: _text(item).lower(),
}
