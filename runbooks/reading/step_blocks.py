"""What stands in a step: prose with its role, commands, checks and the calls of actions."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal, TypeAlias

from runbooks.model import Block, Command, Paragraph
from runbooks.reading.blocks import read_action, read_check
from runbooks.reading.markdown import code_of, joined, line_of, pieces

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from markdown_it.tree import SyntaxTreeNode

    from runbooks.reading.markdown import Piece
    from runbooks.reading.problem import Problem

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
    match node.info.strip().split(" ")[0].lower():
        case "check":
            check, wrong = read_check(node.content, file, line)
            problems += wrong
            if check is not None:
                yield check
        case "action":
            action, wrong = read_action(node.content, file, line)
            problems += wrong
            if action is not None:
                yield action
        case _:
            yield Command(code_of(node), line)


def _paragraphs(found: Sequence[Piece]) -> Iterator[Paragraph]:
    """One for each role; a role begins a line."""
    current: list[Piece] = []
    role: Role = ""
    begins = True
    colon = False
    for one in found:
        said = _role(one) if begins else None
        if said is not None:
            if text := joined(current):
                yield Paragraph(text, role)
            current, role, colon = [], said, True
        elif one.kind != "comment":
            text = _COLON.sub("", one.text, count=1) if colon and _COLON.match(one.text) else one.text
            colon = False
            current.append(type(one)(one.kind, text, one.line))
        begins = one.kind == "break"
    if text := joined(current):
        yield Paragraph(text, role)


def _role(piece: Piece) -> Role | None:
    if piece.kind != "strong":
        return None
    found = _ROLE.fullmatch(piece.text)
    return ROLES.get(found[1].lower()) if found else None
