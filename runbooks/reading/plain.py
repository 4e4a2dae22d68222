"""A Markdown manual that knows nothing of our format, as a checklist: nothing is left out, nothing is changed.

Headings become phases, bullets become steps at their level, code becomes commands to copy. Ids are made of the texts,
so that a tick stays with its step when another line is added.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from core.text import clean
from runbooks.model import Block, Command, Paragraph, Phase, Runbook, Step
from runbooks.reading.ids import TakenIds, slug
from runbooks.reading.markdown import code_of, comments, joined, line_of, pieces, rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from markdown_it.tree import SyntaxTreeNode

    from runbooks.reading.markdown import Piece

_BOXES = ("[ ] ", "[x] ", "[X] ")


@dataclass(slots=True)
class _Draft:
    title: str
    line: int
    intro: list[Block] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)


def read_plain(tree: SyntaxTreeNode, title: str, stem: str, file: str, language: str) -> Runbook:
    """The checklist. `title` is what the front matter says, if anything; `stem` names the file."""
    intro: list[Block] = []
    drafts: list[_Draft] = []
    taken = TakenIds()
    for node in tree.children:
        if node.type == "heading":
            text = joined(pieces(node))
            if not title and not drafts and node.tag == "h1":
                title = text
            else:
                drafts.append(_Draft(text, line_of(node)))
        elif node.type in ("bullet_list", "ordered_list"):
            if not drafts:
                drafts.append(_Draft(title or stem, line_of(node)))
            number = sum(step.level == 0 for step in drafts[-1].steps)
            drafts[-1].steps += _steps(node, file, f"{len(drafts)}.", number, 0, taken)
        else:
            blocks = list(_blocks(node))
            if drafts and drafts[-1].steps:
                last = drafts[-1].steps[-1]
                drafts[-1].steps[-1] = replace(last, blocks=(*last.blocks, *blocks))
            else:
                (drafts[-1].intro if drafts else intro).extend(blocks)
    phase_ids = TakenIds()
    phases = tuple(
        Phase(
            id=phase_ids.take(slug(draft.title) or "phase", draft.line),
            number=str(number),
            title=draft.title,
            line=draft.line,
            steps=tuple(draft.steps),
            intro=tuple(draft.intro),
        )
        for number, draft in enumerate(drafts, 1)
    )
    return Runbook(
        id=stem,
        title=clean(title or stem, 200),
        language=language,
        file=file,
        severity="",
        alerts=(),
        panels=(),
        intro=tuple(intro),
        phases=phases,
        plain=True,
    )


def _steps(  # noqa: PLR0917  # recursion carries its place
    node: SyntaxTreeNode, file: str, prefix: str, number: int, level: int, taken: TakenIds
) -> Iterator[Step]:
    """The list's items, each followed by those nested in it."""
    for item in node.children:
        number += 1
        text, blocks = "", list[Block]()
        nested = [child for child in item.children if child.type in ("bullet_list", "ordered_list")]
        for child in item.children:
            if child in nested:
                continue
            if child.type == "paragraph" and not text:
                paragraph = _without_box(pieces(child))
                text = joined(paragraph)
                blocks += _commands(paragraph)
            else:
                blocks += _blocks(child)
        if not text:
            text = next(
                (block.text.split("\n")[0] for block in blocks if isinstance(block, Command | Paragraph)), "…"
            )
        step_id = taken.take(slug(text) or "step", line_of(item))
        place = f"{prefix}{number}"
        yield Step(step_id, place, text, line_of(item), blocks=tuple(blocks), level=level, file=file)
        before = 0
        for child in nested:
            yield from _steps(child, file, f"{place}.", before, level + 1, taken)
            before += len(child.children)


def _blocks(node: SyntaxTreeNode) -> Iterator[Block]:
    """Anything but headings and lists outside."""
    match node.type:
        case "paragraph" | "heading":
            paragraph = pieces(node)
            yield Paragraph(joined(paragraph))
            yield from _commands(paragraph)
        case "fence" | "code_block":
            yield Command(code_of(node), line_of(node) + (node.type == "fence"))
        case "table":
            for row in rows(node):
                yield Paragraph(row)
            for cell in node.walk():
                if cell.type in ("td", "th"):
                    yield from _commands(pieces(cell))
        case "html_block":
            if text := _without_comments(node.content):
                yield Paragraph(text)
        case _:
            for child in node.children:
                yield from _blocks(child)


def _commands(paragraph: Sequence[Piece]) -> Iterator[Command]:
    """Each piece of code once."""
    seen = set()
    for piece in paragraph:
        if piece.kind == "code" and piece.text and piece.text not in seen:
            seen.add(piece.text)
            yield Command(piece.text, piece.line)


def _without_box(paragraph: tuple[Piece, ...]) -> tuple[Piece, ...]:
    """Without the box of a task list."""
    if paragraph and paragraph[0].kind == "text" and paragraph[0].text.startswith(_BOXES):
        return (replace(paragraph[0], text=paragraph[0].text[4:]), *paragraph[1:])
    return paragraph


def _without_comments(html: str) -> str:
    for text, _ in comments(html):
        html = html.replace(text, "")
    return clean(html.replace("<!--", "").replace("-->", ""), 4000)
