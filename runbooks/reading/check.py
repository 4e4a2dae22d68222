"""A check from its fields, wherever they were written: a runbook's `check` block, or a table of the configuration."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING, Literal, get_args

from core.message import say
from core.times import parse_duration
from runbooks.model import Check, Expectation, ProbeKind, Problem
from runbooks.reading.fields import unknown_key
from signals.metrics.trend import Direction

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from core.message import Message
    from runbooks.reading.fields import Field

    Complain = Callable[[int, str, Message], None]

_NUMBER = re.compile(
    r"(<=|>=|==|!=|<|>)\s*([-+]?(?:\d[\d_]*\.?\d*|\.\d+)(?:e[-+]?\d+)?)\s*(%?)", re.IGNORECASE
)
_TREND = re.compile(r"(not\s+)?(falling|rising|steady)")
_STATUS = re.compile(r"status\s+(\d{3}(?:\s*(?:,|or|/)\s*\d{3})*)")
_SOME: tuple[Literal["some", "none"], ...] = ("some", "none")
_CHECK_KEYS = ("promql", "probe", "expect", "unit", "within", "window", "for")
_PROBE_KEYS: dict[ProbeKind, tuple[str, ...]] = {
    "http": ("url", "method", "headers"),
    "queue": ("queue",),
    "workers": (),
    "schema": ("table", "indexes", "revision"),
}
_REQUIRED_KEYS: dict[ProbeKind, tuple[str, ...]] = {
    "http": ("url",),
    "queue": ("queue",),
    "workers": (),
    "schema": (),
}
_EXPECTATIONS: dict[ProbeKind | None, tuple[str, ...]] = {
    None: ("compare", "trend", "some", "none"),
    "http": ("compare", "status"),
    "queue": ("compare", "trend"),
    "workers": ("compare",),
    "schema": ("compare",),
}
DEFAULT_WINDOW_S = 600.0
"""How far a trend looks back unless the check says otherwise."""
METHODS = ("GET", "HEAD", "OPTIONS")
"""A check only looks; what changes the world is an action."""
UNITS = ("none", "count", "s", "ratio", "1/min", "usd", "bytes")


def read_check(fields: Mapping[str, Field], file: str, line: int) -> tuple[Check | None, tuple[Problem, ...]]:
    """The check that begins at `line`, and what is wrong with it; None when it can't be measured as it stands."""
    problems: list[Problem] = []

    def complain(at: int, rule: str, message: Message) -> None:
        problems.append(Problem(file, at, rule, message))

    probe = _probe(fields, complain)
    if ("promql" in fields) == ("probe" in fields):
        complain(line, "check-what", say("runbook.check_what"))
        return None, tuple(problems)
    if "probe" in fields and probe is None:
        return None, tuple(problems)
    own = _PROBE_KEYS[probe] if probe else ()
    for name, field in fields.items():
        if name not in (*_CHECK_KEYS, *own):
            problems.append(unknown_key(file, field.line, name, (*_CHECK_KEYS, *own)))
    missing = [
        name
        for name in (_REQUIRED_KEYS[probe] if probe else ())
        if not (name in fields and fields[name].text)
    ]
    for name in missing:
        complain(line, "check-missing", say("runbook.check_missing", key=name, probe=str(probe)))
    expect = _expect(fields.get("expect"), probe, line, complain)
    unit = (
        fields["unit"].text
        if "unit" in fields
        else "count"
        if probe in ("queue", "workers", "schema")
        else "none"
    )
    if unit not in UNITS:
        complain(
            fields["unit"].line, "check-unit", say("runbook.check_unit", unit=unit, known=", ".join(UNITS))
        )
    within, window = (_seconds(fields.get(name), complain) for name in ("within", "window"))
    for_s = _for_s(fields.get("for"), probe, expect, complain)
    if expect is None or missing:
        return None, tuple(problems)
    check = Check(
        expect,
        line,
        promql=fields["promql"].text if "promql" in fields else "",
        probe=probe,
        parameters={name: fields[name].value for name in own if name in fields} if probe else None,
        unit=unit if unit in UNITS else "none",
        within_s=within or 0.0,
        window_s=window or DEFAULT_WINDOW_S,
        for_s=for_s,
    )
    return check, tuple(problems)


def _probe(fields: Mapping[str, Field], complain: Complain) -> ProbeKind | None:
    if "probe" not in fields:
        return None
    if "method" in fields and fields["method"].text not in METHODS:
        complain(fields["method"].line, "check-method", say("runbook.check_method", known=", ".join(METHODS)))
        return None
    known: tuple[ProbeKind, ...] = get_args(ProbeKind)
    probe = next((kind for kind in known if kind == fields["probe"].text), None)
    if probe is None:
        complain(
            fields["probe"].line,
            "check-probe",
            say("runbook.check_probe", probe=fields["probe"].text, known=", ".join(known)),
        )
    return probe


def _expect(
    field: Field | None, probe: ProbeKind | None, line: int, complain: Complain
) -> Expectation | None:
    if field is None or not field.text:
        if probe == "schema":
            return parse_expectation("== 0")
        complain(line, "check-missing-expect", say("runbook.check_missing_expect"))
        return None
    try:
        expect = parse_expectation(field.text)
    except ValueError:
        complain(field.line, "check-expect", say("runbook.check_expect", text=field.text))
        return None
    if expect.kind not in _EXPECTATIONS[probe]:
        complain(field.line, "check-kind", say("runbook.check_kind", text=field.text, what=probe or "promql"))
        return None
    return expect


def _for_s(
    field: Field | None,
    probe: ProbeKind | None,
    expect: Expectation | None,
    complain: Complain,
) -> float:
    """How long what is expected has to last (s); only numbers with a past can tell."""
    if field is not None and (probe is not None or (expect is not None and expect.kind != "compare")):
        complain(field.line, "check-for", say("runbook.check_for"))
        return 0.0
    return _seconds(field, complain) or 0.0


def parse_expectation(text: str) -> Expectation:
    """Raises `ValueError` for what is none of the known forms."""
    words = " ".join(text.split()).lower()
    if match := _NUMBER.fullmatch(words):
        value = float(match[2].replace("_", "")) / (100 if match[3] else 1)
        return Expectation(text, "compare", operator=_operator(match[1]), value=value)
    if match := _TREND.fullmatch(words):
        return Expectation(text, "trend", direction=Direction(match[2]), negated=bool(match[1]))
    if match := _STATUS.fullmatch(words):
        return Expectation(
            text, "status", statuses=tuple(int(code) for code in re.findall(r"\d{3}", match[1]))
        )
    for kind in _SOME:
        if words == kind:
            return Expectation(text, kind)
    raise ValueError(text)


def _operator(text: str) -> Literal["<", "<=", ">", ">=", "==", "!=", ""]:
    known: tuple[Literal["<", "<=", ">", ">=", "==", "!="], ...] = ("<", "<=", ">", ">=", "==", "!=")
    return next((operator for operator in known if operator == text), "")


def _seconds(field: Field | None, complain: Complain) -> float | None:
    if field is None:
        return None
    with suppress(ValueError):
        if (seconds := parse_duration(field.text)) > 0:
            return seconds
    complain(field.line, "check-duration", say("runbook.check_duration", text=field.text))
    return None
