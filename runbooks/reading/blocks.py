"""What stands in a step: prose with its role, commands, and fenced `check` and `action` blocks (YAML)."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

from core.message import say
from core.text import clean
from runbooks.model import ActionCall, BlockDanger, Command, Paragraph, Problem
from runbooks.reading.check import read_check
from runbooks.reading.markdown import code_of, joined, line_of, pieces
from runbooks.reading.yaml_fields import read_fields

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from markdown_it.tree import SyntaxTreeNode

    from runbooks.model import Block, Check
    from runbooks.reading.fields import Field
    from runbooks.reading.markdown import Piece

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
_ASKED = re.compile(r"<([^<>]+)>")
"""A value that whoever runs the action fills in."""


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
            check, block_problems = read_check_block(node.content, file, line)
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


def read_check_block(text: str, file: str, line: int) -> tuple[Check | None, tuple[Problem, ...]]:
    """The check whose YAML begins at `line`; None when it can't be measured as it stands."""
    fields, yaml_problems = read_fields(text, file, line)
    if yaml_problems and not fields:
        return None, yaml_problems
    check, problems = read_check(fields, file, line)
    return check, (*yaml_problems, *problems)


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
