"""Markdown as a tree, and its running text as pieces that know their line. Knows nothing of runbooks."""

from __future__ import annotations

import unicodedata
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import accumulate
from typing import TYPE_CHECKING, Literal

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markdown_it.tree import SyntaxTreeNode

from core.text import clean, clean_block

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MAX_TEXT = 4000
MAX_BRACKETS = 10_000
"""Of `[` in a file: a link may stand in every one, and the parser tries each up to the deepest nesting."""
MAX_NESTING = 100
"""Fifty bullets deep; what is deeper the parser leaves out."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A bit of running text. A `break` is a line end in the source; a `comment` is what stands in `<!-- -->`."""

    kind: Literal["text", "strong", "code", "comment", "break"]
    text: str
    line: int


@lru_cache(maxsize=1)
def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": True, "maxNesting": MAX_NESTING}).enable("table")


def within_budget(text: str) -> tuple[str, int]:
    """The text as far as it can be parsed in seconds, and the line from which on it is cut (0 where it is whole)."""
    if text.count("[") <= MAX_BRACKETS:
        return text, 0
    at = -1
    for _ in range(MAX_BRACKETS + 1):
        at = text.index("[", at + 1)
    start = text.rfind("\n", 0, at) + 1
    return text[:start], text.count("\n", 0, start) + 1


@contextmanager
def parsed(text: str) -> Iterator[SyntaxTreeNode]:
    """The tree of blocks, to be read in here. A paragraph with emphasis in emphasis without end stays as it is written."""
    tokens = _parser().parse(text)
    for token in tokens:
        if token.children and _depth(token.children) > MAX_NESTING:
            token.children = [Token("text", "", 0, content=token.content)]
    tree = SyntaxTreeNode(tokens)
    try:
        yield tree
    finally:  # without cycles each tree's memory is the next one's: Python's collector came late, and 2 of 121 MB stayed
        for node in [*tree.walk()]:
            node.parent = None


def _depth(tokens: Iterable[Token]) -> int:
    return max(accumulate((token.nesting for token in tokens), initial=0))


def line_of(node: SyntaxTreeNode) -> int:
    """Where a block begins, from 1; a table's cell is where its row is."""
    at: SyntaxTreeNode | None = node
    while at is not None and not (at.type != "root" and at.map):
        at = at.parent
    return at.map[0] + 1 if at is not None and at.map else 1


def pieces(block: SyntaxTreeNode) -> tuple[Piece, ...]:
    """The running text of a paragraph, heading or table cell."""
    placed: list[Piece] = []
    line = line_of(block)
    for inline in block.children:
        if inline.type == "inline":
            for piece in _pieces(inline):
                if piece.kind in ("text", "strong") and not piece.text:
                    continue
                placed.append(replace(piece, line=line))
                line += piece.kind == "break"
    return tuple(placed)


def joined(pieces: Iterable[Piece]) -> str:
    """As plain text, in which code keeps its backticks. A line end between two wide characters is none: Chinese has no blanks between words."""
    text = ""
    broken = False
    for piece in pieces:
        if piece.kind == "break":
            broken = True
        elif piece.kind != "comment" and piece.text:
            if broken and not (text and _wide(text[-1]) and _wide(piece.text.lstrip()[:1])):
                text += " "
            broken = False
            text += piece.text if piece.kind != "code" else _quoted(piece.text)
    return clean(text, MAX_TEXT)


def code_of(node: SyntaxTreeNode) -> str:
    """The content of a fenced or indented block, exactly but for what a terminal would obey."""
    return clean_block(node.content.rstrip("\n"), len(node.content) + 1)


def comments(html: str) -> Iterator[tuple[str, int]]:
    """What stands in each `<!-- -->` of a piece of HTML, with its line counted from 0."""
    start = 0
    while (begin := html.find("<!--", start)) >= 0:
        end = html.find("-->", begin + 4)
        if end < 0:
            return
        yield html[begin + 4 : end].strip(), html.count("\n", 0, begin)
        start = end + 3


def rows(table: SyntaxTreeNode) -> Iterator[str]:
    """A table's rows as text."""
    for node in table.walk():
        if node.type == "tr":
            yield " | ".join(joined(pieces(cell)) for cell in node.children)


def _pieces(node: SyntaxTreeNode) -> Iterator[Piece]:  # noqa: C901  # one case a kind of node
    for child in node.children:
        match child.type:
            case "text":
                yield Piece("text", child.content, 0)
            case "code_inline":
                yield Piece("code", clean(child.content, MAX_TEXT), 0)
            case "softbreak" | "hardbreak":
                yield Piece("break", "", 0)
            case "html_inline":
                inside = [text for text, _ in comments(child.content)]
                yield Piece("comment", inside[0], 0) if inside else Piece("text", child.content, 0)
            case "strong":
                inner = list(_pieces(child))
                if any(piece.kind not in ("text", "strong") for piece in inner):
                    yield from inner
                else:
                    yield Piece("strong", "".join(piece.text for piece in inner), 0)
            case "link":
                inner = list(_pieces(child))
                yield from inner
                address = str(child.attrs.get("href", ""))
                if address and address not in "".join(piece.text for piece in inner):
                    yield Piece("text", f" ({address})", 0)
            case "image":
                yield Piece("text", child.content, 0)
            case _:
                yield from _pieces(child)


def _quoted(code: str) -> str:
    return f"`` {code} ``" if "`" in code else f"`{code}`"


def _wide(character: str) -> bool:
    return bool(character) and unicodedata.east_asian_width(character) in "WF"
