"""What stands in a step: prose with its role, commands, and fenced `check` and `action` blocks (YAML)."""

from __future__ import annotations

import re
from dataclasses import replace
from difflib import get_close_matches
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

from core.message import say
from core.text import clean
from core.times import parse_duration
from runbooks.model import (
    ActionCall,
    Block,
    BlockDanger,
    Check,
    Command,
    Expectation,
    Paragraph,
    ProbeKind,
    Problem,
)
from runbooks.reading.fields import Field, read_fields
from runbooks.reading.markdown import code_of, joined, line_of, pieces
from signals.metrics.trend import Direction

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from markdown_it.tree import SyntaxTreeNode

    from core.message import Message
    from runbooks.reading.markdown import Piece

    Complain = Callable[[int, str, Message], None]

Role: TypeAlias = 'Literal["", "expect", "undo"]'
ROLES: dict[str, Role] = {
    "expect": "expect",
    "expected": "expect",
    "预期": "expect",
    "undo": "undo",
    "撤销": "undo",
}
_ROLE = re.compile(r"\s*(\w+)\s*[:：]?\s*")
_COLON = re.compile(r"\s*[:：]\s*")
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
_ASKED = re.compile(r"<([^<>]+)>")
"""A value that whoever runs the action fills in."""
METHODS = ("GET", "HEAD", "OPTIONS")
"""A check only looks; what changes the world is an action."""
UNITS = ("none", "count", "s", "ratio", "1/min", "usd", "bytes")


def read_block(node: SyntaxTreeNode, file: str, problems: list[Problem]) -> Iterator[Block]:
    """The blocks that `node` stands for; what is wrong is added to `problems`."""
    match node.type:
        case "paragraph" | "heading":
            yield from _paragraphs(pieces(node))
        case "fence":
            yield from _fence(node, file, problems)
        case "code_block":
            yield Command(code_of(node), line_of(node))
        case _:
            for child in node.children:
                yield from read_block(child, file, problems)


def _fence(node: SyntaxTreeNode, file: str, problems: list[Problem]) -> Iterator[Block]:
    line = line_of(node) + 1
    language, *words = node.info.split() or [""]
    match language.lower():
        case "check":
            check, block_problems = read_check(node.content, file, line)
            problems += block_problems
            if check is not None:
                yield check
        case "action":
            action, block_problems = read_action(node.content, file, line)
            problems += block_problems
            if action is not None:
                yield action
        case _:
            danger = _danger(words, file, line - 1, problems)
            yield Command(code_of(node), line, language.lower(), danger)


def _danger(words: Sequence[str], file: str, line: int, problems: list[Problem]) -> BlockDanger:
    """What `sh danger=mitigate` says; a danger that nobody knows may destroy."""
    known: tuple[BlockDanger, ...] = get_args(BlockDanger)
    written = next((word.partition("=")[2] for word in words if word.startswith("danger=")), None)
    danger = next((name for name in known if name == written), None)
    if written is not None and danger is None:
        message = say("runbook.block_danger", danger=clean(written, 80), known=", ".join(known))
        problems.append(Problem(file, line, "block-danger", message))
    return danger or "destructive"


def _paragraphs(prose: Sequence[Piece]) -> Iterator[Paragraph]:
    """One for each role; a role begins a line."""
    current: list[Piece] = []
    role: Role = ""
    begins = True
    colon = False
    for piece in prose:
        next_role = _role(piece) if begins else None
        if next_role is not None:
            if text := joined(current):
                yield Paragraph(text, role)
            current, role, colon = [], next_role, True
        elif piece.kind != "comment":
            text = _COLON.sub("", piece.text, count=1) if colon and _COLON.match(piece.text) else piece.text
            colon = False
            current.append(replace(piece, text=text))
        begins = piece.kind == "break"
    if text := joined(current):
        yield Paragraph(text, role)


def _role(piece: Piece) -> Role | None:
    if piece.kind != "strong":
        return None
    match = _ROLE.fullmatch(piece.text)
    return ROLES.get(match[1].lower()) if match else None


def read_check(text: str, file: str, line: int) -> tuple[Check | None, tuple[Problem, ...]]:
    """The check whose YAML begins at `line`; None when it can't be measured as it stands."""
    fields, yaml_problems = read_fields(text, file, line)
    problems = list(yaml_problems)

    def complain(at: int, rule: str, message: Message) -> None:
        problems.append(Problem(file, at, rule, message))

    if yaml_problems and not fields:
        return None, yaml_problems
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


def read_action(text: str, file: str, line: int) -> tuple[ActionCall | None, tuple[Problem, ...]]:
    """The call of an action whose YAML begins at `line`."""
    fields, problems = read_fields(text, file, line)
    if "id" not in fields:
        if not problems:
            problems = (Problem(file, line, "action-no-id", say("runbook.action_no_id")),)
        return None, problems
    written = {name: field for name, field in fields.items() if name != "id"}
    asks = {name: match[1] for name, field in written.items() if (match := _ASKED.fullmatch(field.text))}
    parameters = {name: _text(field) for name, field in written.items() if name not in asks}
    lines = {name: field.line for name, field in fields.items()}
    return ActionCall(fields["id"].text, parameters, lines["id"], asks, lines), problems


def _text(field: Field) -> str:
    """As an action reads it: several are separated by commas alone."""
    return field.value if isinstance(field.value, str) else ",".join(field.value)


def unknown_key(file: str, line: int, name: str, known: Iterable[str]) -> Problem:
    """Says which key was probably meant."""
    names = sorted(known)
    near = get_close_matches(name, names, n=1)
    if near:
        message = say("runbook.unknown_key_near", key=name, near=near[0])
        return Problem(file, line, "unknown-key-near", message)
    return Problem(file, line, "unknown-key", say("runbook.unknown_key", key=name, known=", ".join(names)))


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
    try:
        seconds = parse_duration(field.text)
    except ValueError:
        complain(field.line, "check-duration", say("runbook.check_duration", text=field.text))
        return None
    if seconds <= 0:
        complain(field.line, "check-duration", say("runbook.check_duration", text=field.text))
        return None
    return seconds
