"""One Alembic revision, read from its script's text. Nothing is imported: a script may need what this interpreter has not.

Also one in a newer Python than this is read: its first lines are plain assignments in any.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass

_NAMES = ("revision", "down_revision", "branch_labels", "depends_on")
_ASSIGNMENT = re.compile(r"(?m)^(revision|down_revision|branch_labels|depends_on)\b[^=\n]*=\s*")
_BUILDS_NOTHING = (SyntaxError, ValueError, RecursionError, MemoryError)
"""What `ast` raises at a text that is no Python, or too deep a one."""


class UnreadableRevision(ValueError):
    """A script that is a revision, but whose ids are computed. Its words say which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """`down` are the revisions that it builds on, `depends_on` what else must be there (ids or labels)."""

    id: str
    down: tuple[str, ...] = ()
    depends_on: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    message: str = ""
    file: str = ""


def read_revision(source: bytes, file: str = "") -> Revision | None:
    """The revision of a script, None where it is none; raises `UnreadableRevision`."""
    values, message = _assigned(source)
    if "revision" not in values and "down_revision" not in values:
        return None
    texts = {}
    for name in _NAMES:
        try:
            texts[name] = _texts(values.get(name), values)
        except UnreadableRevision:
            if name == "branch_labels":  # they name the branch, and change nothing in its order
                continue
            raise UnreadableRevision(f"{file}: {name} is computed") from None
    if len(texts["revision"]) != 1:
        raise UnreadableRevision(f"{file}: no revision")
    return Revision(
        id=texts["revision"][0],
        down=texts["down_revision"],
        depends_on=texts["depends_on"],
        labels=texts.get("branch_labels", ()),
        message=message,
        file=file,
    )


def _assigned(source: bytes) -> tuple[dict[str, ast.expr], str]:
    """What the module assigns to plain names, and the first line of its docstring."""
    try:
        tree = ast.parse(source)
    except _BUILDS_NOTHING:
        return _assigned_lines(source.decode(errors="replace"))
    message = (ast.get_docstring(tree) or "").strip().splitlines()
    return assignments(tree), message[0].strip() if message else ""


def assignments(tree: ast.Module) -> dict[str, ast.expr]:
    """The last value of each plain name at the top of a module."""
    values: dict[str, ast.expr] = {}
    for node in tree.body:
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    values[target.id] = node.value
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is not None:
            values[node.target.id] = node.value
    return values


def _assigned_lines(text: str) -> tuple[dict[str, ast.expr], str]:
    """The same of a text that this Python can't read: each value is as many lines as make an expression."""
    values: dict[str, ast.expr] = {}
    for match in _ASSIGNMENT.finditer(text):
        lines = text[match.end() :].splitlines()[:50]
        for count in range(1, len(lines) + 1):
            try:
                values[match.group(1)] = ast.parse("\n".join(lines[:count]).strip(), mode="eval").body
                break
            except _BUILDS_NOTHING:
                continue
    docstring = re.match(r'\s*(?:"""|\'\'\')\s*(.*)', text)
    return values, docstring.group(1).strip().removesuffix('"""').strip() if docstring else ""


def _texts(node: ast.expr | None, values: dict[str, ast.expr], depth: int = 0) -> tuple[str, ...]:
    """A text, several of them, or none; names stand for what the module assigns to them."""
    match node:
        case None | ast.Constant(value=None):
            return ()
        case ast.Constant(value=str(text)):
            return (text,)
        case ast.Tuple(elts=items) | ast.List(elts=items) | ast.Set(elts=items) if depth < 4:
            return tuple(text for item in items for text in _texts(item, values, depth + 1))
        case ast.Name(id=name) if name in values and depth < 4:
            return _texts(values[name], values, depth + 1)
        case _:
            raise UnreadableRevision
