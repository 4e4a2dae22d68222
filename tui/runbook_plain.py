"""A runbook on paper: boxes to tick, numbers, commands exactly as they are typed. Needs no screen and no source."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len

from runbooks.model import ActionCall, Check, Command, Paragraph
from tui.runbook_words import asked, expected
from tui.wrap import wrap

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from runbooks.model import Block, Phase, Runbook
    from tui.language import Language

NARROWEST = 40


def plain_lines(runbook: Runbook, words: Language, width: int) -> Iterator[str]:
    """The lines; commands alone may be wider than `width`, so that nothing is broken in them."""
    width = max(NARROWEST, width)
    yield from wrap(runbook.title, width)
    facts = [runbook.id, runbook.severity, ", ".join(runbook.alerts)]
    yield from wrap(" · ".join(filter(None, facts)), width)
    yield "=" * width
    yield from _blocks(runbook.intro, words, width, 0)
    for phase in runbook.phases:
        yield from _phase(phase, words, width, repeat=not runbook.plain)


def _phase(phase: Phase, words: Language, width: int, *, repeat: bool) -> Iterator[str]:
    yield ""
    yield from _beside(f"{phase.number}  ", phase.title, width)
    yield "-" * width
    if phase.prevention:
        yield from wrap(words.text("runbook.prevention"), width)
    yield from _blocks(phase.intro, words, width, 0)
    for step in phase.steps:
        if step.level == 0:
            yield ""
        head = f"{'  ' * step.level}[ ] {step.number} {'! ' if step.killer else ''}"
        yield from _beside(head, step.text, width)
        yield from _blocks(step.blocks, words, width, 4 + 2 * step.level, "" if repeat else step.text)
    if phase.pause:
        yield ""
        yield from _beside("[ ] == ", f"{words.text('runbook.pause')}{phase.pause} ==", width)


def _blocks(
    blocks: Iterable[Block], words: Language, width: int, indent: int, said: str = ""
) -> Iterator[str]:
    """`said` is the step's own text: code that stands in it already is not printed again."""
    for block in blocks:
        match block:
            case Paragraph():
                head = words.text(f"runbook.role_{block.role}") if block.role else ""
                yield from _indented(head + block.text, width, indent)
            case Command() if "\n" in block.text or block.text not in said:
                yield from (f"{' ' * (indent + 4)}{line}".rstrip() for line in block.text.split("\n"))
            case Check():
                yield from _indented(f"{words.text('runbook.role_check')}{asked(block)}", width, indent)
                yield from _indented(expected(block, words), width, indent + 4)
            case ActionCall():
                parameters = " ".join(f"{name}={value}" for name, value in block.parameters.items())
                text = f"{words.text('runbook.role_action')}{block.id} {parameters}"
                yield from _indented(text, width, indent)
            case _:
                pass


def _beside(head: str, text: str, width: int) -> Iterator[str]:
    """`head` before the first line, as much room before the others."""
    room = cell_len(head)
    for index, line in enumerate(wrap(text, width - room)):
        yield (" " * room if index else head) + line


def _indented(text: str, width: int, indent: int) -> Iterator[str]:
    return (" " * indent + line for line in wrap(text, width - indent))
