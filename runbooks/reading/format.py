"""The body of a runbook in our own format (`FORMAT.md`): phases, steps with ids, what stands in them, pauses, includes."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from core.message import say
from runbooks.model import Block, Paragraph, Phase, Problem, Step
from runbooks.reading.blocks import read_block
from runbooks.reading.ids import TakenIds, is_id, numbered, slug
from runbooks.reading.markdown import comments, joined, line_of, pieces, rows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from markdown_it.tree import SyntaxTreeNode

    from core.message import Message
    from runbooks.reading.markdown import Piece

_BOX = re.compile(r"^\[[ xX]\](?:\s+|$)")
_ID = re.compile(r"id:\s*(\S+)(?:\s+(.*))?", re.DOTALL)
_INCLUDE = re.compile(r"include:\s*([^\s#]+)(?:#(\S+))?")
_KILLER = "!"


@dataclass(frozen=True, slots=True)
class Include:
    """Phases of another runbook stand before the phase with index `before`; all of them, or the one that is named."""

    runbook: str
    phase: str
    line: int
    before: int


@dataclass(frozen=True, slots=True)
class Body:
    """What stands behind the front matter. `title` is that of the first `#` heading."""

    title: str
    intro: tuple[Block, ...]
    phases: tuple[Phase, ...]
    includes: tuple[Include, ...]


@dataclass(slots=True)
class _Draft:
    title: str
    line: int
    id: str
    prevention: bool
    intro: list[Block] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    pause: str = ""


def read_body(tree: SyntaxTreeNode, file: str, problems: list[Problem]) -> Body:
    """Read the body; adds what is wrong to `problems`."""
    reader = _Reader(file, problems)
    for node in tree.children:
        reader.take(node)
    phases = numbered(
        Phase(
            id=draft.id,
            number="",
            title=draft.title,
            line=draft.line,
            steps=tuple(draft.steps),
            intro=tuple(draft.intro),
            pause=draft.pause,
            prevention=draft.prevention,
        )
        for draft in reader.drafts
    )
    return Body(reader.title, tuple(reader.intro), phases, tuple(reader.includes))


class _Reader:
    """Where we are in the file: the phase under way, and the ids that are taken."""

    def __init__(self, file: str, problems: list[Problem]) -> None:
        self.title = ""
        self.intro: list[Block] = []
        self.drafts: list[_Draft] = []
        self.includes: list[Include] = []
        self._file = file
        self._problems = problems
        self._phase_ids = TakenIds()
        self._step_ids = TakenIds()

    def take(self, node: SyntaxTreeNode) -> None:
        """The next block of the file."""
        if node.type == "heading" and node.tag in ("h1", "h2"):
            self._heading(node)
        elif node.type == "blockquote" and self._pauses(node):
            self._pause(node)
        elif node.type in ("bullet_list", "ordered_list"):
            self._list(node)
        elif node.type == "html_block":
            self._html(node)
        else:
            self._prose(node)

    def _heading(self, node: SyntaxTreeNode) -> None:
        line_pieces = pieces(node)
        text, line = joined(line_pieces), line_of(node)
        if node.tag == "h1" and not self.title and not self.drafts:
            self.title = text
            return
        identity, words, has_id = self._identity(line_pieces, line, self._phase_ids, text)
        if not has_id:
            self._complain(line, "no-phase-id", say("runbook.no_phase_id", suggested=identity))
        self.drafts.append(_Draft(text, line, identity, "prevention" in words))

    def _list(self, node: SyntaxTreeNode) -> None:
        for item in node.children:
            first = next(iter(item.children), None)
            paragraph = pieces(first) if first is not None and first.type == "paragraph" else ()
            if not (paragraph and paragraph[0].kind == "text" and _BOX.match(paragraph[0].text)):
                self._add(Paragraph(f"- {joined(paragraph)}"))
                for child in item.children[1:]:
                    self._prose(child)
                continue
            if not self.drafts:
                self._complain(line_of(item), "step-outside", say("runbook.step_outside"))
                self.drafts.append(_Draft(self.title or "…", line_of(item), "start", prevention=False))
            self.drafts[-1].steps.append(self._step(item, paragraph))
            if self.drafts[-1].pause:
                self._complain(line_of(item), "step-after-pause", say("runbook.step_after_pause"))

    def _step(self, item: SyntaxTreeNode, paragraph: tuple[Piece, ...]) -> Step:
        line = line_of(item)
        identity, _, has_id = self._identity(paragraph, line, self._step_ids, _without_box(joined(paragraph)))
        if not has_id:
            self._complain(line, "no-step-id", say("runbook.no_step_id", suggested=identity))
        killer = len(paragraph) > 1 and paragraph[1].kind == "strong" and paragraph[1].text.strip() == _KILLER
        text = _without_box(joined(paragraph[:1] + paragraph[2:] if killer else paragraph))
        blocks = [block for child in item.children[1:] for block in self._blocks(child, in_step=True)]
        if not text:
            self._complain(line, "empty-step", say("runbook.empty_step"))
        return Step(
            id=identity,
            number="",
            text=text or identity,
            line=line,
            killer=killer,
            blocks=tuple(blocks),
            file=self._file,
        )

    def _identity(
        self, line_pieces: tuple[Piece, ...], line: int, taken: TakenIds, text: str
    ) -> tuple[str, list[str], bool]:
        """The id, the words behind it in its comment, and whether there is one: else it is made from `text`."""
        comments = (piece.text for piece in line_pieces if piece.kind == "comment")
        match = next((match for comment in comments if (match := _ID.fullmatch(comment))), None)
        if match is None:
            identity = slug(text) or "step"
        else:
            identity = match[1]
            if not is_id(identity):
                self._complain(line, "bad-id", say("runbook.bad_id", id=identity))
            first = taken.line_of(identity)
            if first is not None:
                message = say("runbook.duplicate_id", id=identity, first=first)
                self._complain(line, "duplicate-id", message)
        identity = taken.take(identity, line)
        return identity, (match[2] or "").split() if match else [], match is not None

    def _pauses(self, node: SyntaxTreeNode) -> bool:
        return any(
            text == "pause"
            for inner in node.walk()
            if inner.type in ("html_inline", "html_block")
            for text, _ in comments(inner.content)
        )

    def _pause(self, node: SyntaxTreeNode) -> None:
        line = line_of(node)
        text = " ".join(joined(pieces(inner)) for inner in node.walk() if inner.type == "paragraph").strip()
        if not self.drafts:
            self._complain(line, "pause-outside", say("runbook.pause_outside"))
        elif self.drafts[-1].pause:
            self._complain(line, "second-pause", say("runbook.second_pause"))
        elif not text:
            self._complain(line, "empty-pause", say("runbook.empty_pause"))
            self.drafts[-1].pause = "…"
        else:
            self.drafts[-1].pause = text

    def _html(self, node: SyntaxTreeNode) -> None:
        for text, offset in comments(node.content):
            if match := _INCLUDE.fullmatch(text):
                self.includes.append(
                    Include(match[1], match[2] or "", line_of(node) + offset, len(self.drafts))
                )

    def _prose(self, node: SyntaxTreeNode) -> None:
        for block in self._blocks(node, in_step=False):
            self._add(block)

    def _add(self, block: Block) -> None:
        """What stands in a phase but in no step: before its steps it introduces them, behind one it belongs to that."""
        if not self.drafts:
            self.intro.append(block)
        elif not self.drafts[-1].steps:
            self.drafts[-1].intro.append(block)
        else:
            last = self.drafts[-1].steps[-1]
            self.drafts[-1].steps[-1] = replace(last, blocks=(*last.blocks, block))

    def _blocks(self, node: SyntaxTreeNode, *, in_step: bool) -> Iterator[Block]:
        match node.type:
            case "bullet_list" | "ordered_list":
                for item in node.children:
                    yield from self._item(item, in_step=in_step)
            case "table":
                for row in rows(node):
                    yield Paragraph(row)
            case "hr":
                return
            case "html_block":
                for text, offset in comments(node.content):
                    if _INCLUDE.fullmatch(text):
                        self._complain(
                            line_of(node) + offset, "include-inside", say("runbook.include_inside")
                        )
            case _:
                yield from read_block(node, self._file, self._problems)

    def _item(self, item: SyntaxTreeNode, *, in_step: bool) -> Iterator[Block]:
        """A bullet that is no step. One with a box looks as if it could be ticked, so that is said."""
        for index, child in enumerate(item.children):
            if index == 0 and child.type == "paragraph":
                paragraph = pieces(child)
                if in_step and paragraph and paragraph[0].kind == "text" and _BOX.match(paragraph[0].text):
                    self._complain(line_of(item), "nested-step", say("runbook.nested_step"), certain=False)
                yield Paragraph(f"- {_without_box(joined(paragraph))}")
            else:
                yield from self._blocks(child, in_step=in_step)

    def _complain(self, line: int, rule: str, message: Message, *, certain: bool = True) -> None:
        self._problems.append(Problem(self._file, line, rule, message, certain))


def _without_box(text: str) -> str:
    return _BOX.sub("", text, count=1).strip()
