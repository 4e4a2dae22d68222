"""A fenced `check` or `action` block, from its YAML to a check or the call of an action."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, get_args

from core.message import say
from core.times import parse_duration
from runbooks.checks.judge import parse_expectation
from runbooks.model import ActionCall, Check, Expectation, ProbeKind
from runbooks.reading.fields import Field, read_fields
from runbooks.reading.problem import Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from core.message import Message

_ALWAYS = ("promql", "probe", "expect", "unit", "within", "window", "for")
_OF_PROBE: dict[ProbeKind, tuple[str, ...]] = {
    "http": ("url", "method", "headers"),
    "queue": ("queue",),
    "workers": (),
    "schema": ("table", "indexes", "revision"),
}
_NEEDED: dict[ProbeKind, tuple[str, ...]] = {
    "http": ("url",),
    "queue": ("queue",),
    "workers": (),
    "schema": (),
}
_EXPECTS: dict[ProbeKind | None, tuple[str, ...]] = {
    None: ("compare", "trend", "some", "none"),
    "http": ("compare", "status"),
    "queue": ("compare", "trend"),
    "workers": ("compare",),
    "schema": ("compare",),
}
WINDOW_S = 600.0
"""How far a trend looks back unless the check says otherwise."""
METHODS = ("GET", "HEAD", "OPTIONS")
"""A check only looks; what changes the world is an action."""
UNITS = ("none", "count", "s", "ratio", "1/min", "usd", "bytes")


def read_check(text: str, file: str, line: int) -> tuple[Check | None, tuple[Problem, ...]]:
    """The check whose YAML begins at `line`; None when it can't be measured as it stands."""
    fields, problems = read_fields(text, file, line)
    found = list(problems)

    def complain(at: int, message: Message) -> None:
        found.append(Problem(file, at, message))

    if problems and not fields:
        return None, problems
    probe = _probe(fields, complain)
    if ("promql" in fields) == ("probe" in fields):
        complain(line, say("runbook.check_what"))
        return None, tuple(found)
    if "probe" in fields and probe is None:
        return None, tuple(found)
    own = _OF_PROBE[probe] if probe else ()
    for name, field in fields.items():
        if name not in (*_ALWAYS, *own):
            complain(field.line, unknown_key(name, (*_ALWAYS, *own)))
    missing = [
        name for name in (_NEEDED[probe] if probe else ()) if not (name in fields and fields[name].text)
    ]
    for name in missing:
        complain(line, say("runbook.check_missing", key=name, probe=str(probe)))
    expect = _expect(fields.get("expect"), probe, line, complain)
    unit = (
        fields["unit"].text
        if "unit" in fields
        else "count"
        if probe in ("queue", "workers", "schema")
        else "none"
    )
    if unit not in UNITS:
        complain(fields["unit"].line, say("runbook.check_unit", unit=unit, known=", ".join(UNITS)))
    within, window = (_seconds(fields.get(name), complain) for name in ("within", "window"))
    lasting = _lasting(fields.get("for"), probe, expect, complain)
    if expect is None or missing:
        return None, tuple(found)
    check = Check(
        expect,
        line,
        promql=fields["promql"].text if "promql" in fields else "",
        probe=probe,
        parameters={name: fields[name].value for name in own if name in fields} if probe else None,
        unit=unit if unit in UNITS else "none",
        within_s=within or 0.0,
        window_s=window or WINDOW_S,
        for_s=lasting,
    )
    return check, tuple(found)


def read_action(text: str, file: str, line: int) -> tuple[ActionCall | None, tuple[Problem, ...]]:
    """The call of an action whose YAML begins at `line`."""
    fields, problems = read_fields(text, file, line)
    if "id" not in fields:
        if not problems:
            problems = (Problem(file, line, say("runbook.action_no_id")),)
        return None, problems
    parameters = {name: field.text for name, field in fields.items() if name != "id"}
    return ActionCall(fields["id"].text, parameters, line), problems


def unknown_key(name: str, known: Iterable[str]) -> Message:
    """Says which one was probably meant."""
    names = sorted(known)
    near = get_close_matches(name, names, n=1)
    if near:
        return say("runbook.unknown_key_near", key=name, near=near[0])
    return say("runbook.unknown_key", key=name, known=", ".join(names))


def _probe(fields: Mapping[str, Field], complain: Callable[[int, Message], None]) -> ProbeKind | None:
    if "probe" not in fields:
        return None
    if "method" in fields and fields["method"].text not in METHODS:
        complain(fields["method"].line, say("runbook.check_method", known=", ".join(METHODS)))
        return None
    known: tuple[ProbeKind, ...] = get_args(ProbeKind)
    found = next((one for one in known if one == fields["probe"].text), None)
    if found is None:
        complain(
            fields["probe"].line,
            say("runbook.check_probe", probe=fields["probe"].text, known=", ".join(known)),
        )
    return found


def _expect(
    field: Field | None, probe: ProbeKind | None, line: int, complain: Callable[[int, Message], None]
) -> Expectation | None:
    if field is None or not field.text:
        if probe == "schema":
            return parse_expectation("== 0")
        complain(line, say("runbook.check_missing_expect"))
        return None
    try:
        found = parse_expectation(field.text)
    except ValueError:
        complain(field.line, say("runbook.check_expect", text=field.text))
        return None
    if found.kind not in _EXPECTS[probe]:
        complain(field.line, say("runbook.check_kind", text=field.text, what=probe or "promql"))
        return None
    return found


def _lasting(
    field: Field | None,
    probe: ProbeKind | None,
    expect: Expectation | None,
    complain: Callable[[int, Message], None],
) -> float:
    """How long what is expected has to last (s); only numbers with a past can tell."""
    if field is not None and (probe is not None or (expect is not None and expect.kind != "compare")):
        complain(field.line, say("runbook.check_for"))
        return 0.0
    return _seconds(field, complain) or 0.0


def _seconds(field: Field | None, complain: Callable[[int, Message], None]) -> float | None:
    if field is None:
        return None
    try:
        seconds = parse_duration(field.text)
    except ValueError:
        complain(field.line, say("runbook.check_duration", text=field.text))
        return None
    if seconds <= 0:
        complain(field.line, say("runbook.check_duration", text=field.text))
        return None
    return seconds
