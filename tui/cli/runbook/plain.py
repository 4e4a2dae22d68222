"""A runbook on paper: boxes to tick, numbers, commands exactly as they are typed. Needs no screen and no source."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from rich.cells import cell_len

from core.units import quantity
from panels.draw.text import wrap
from runbooks.checks.observation import expectation_text
from runbooks.model import ActionCall, Check, Command, Paragraph

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from runbooks.model import Block, Phase, Runbook
    from tui.i18n import Language

MIN_WIDTH = 40
Kind = Literal["title", "rule", "phase", "step", "killer", "text", "command", "check", "pause"]


class Line(NamedTuple):
    """One line, and what it is, for who wants to give it a colour."""

    text: str
    kind: Kind = "text"


def checklist(runbook: Runbook, words: Language, width: int) -> Iterator[Line]:
    """The lines; code alone may be wider than `width`, so that nothing is broken in it."""
    width = max(MIN_WIDTH, width)
    yield from (Line(line, "title") for line in wrap(runbook.title, width))
    facts = [runbook.id, runbook.severity, ", ".join(runbook.alerts)]
    yield from map(Line, wrap(" · ".join(filter(None, facts)), width))
    yield Line("=" * width, "rule")
    yield from _blocks(runbook.intro, words, width, 0)
    for phase in runbook.phases:
        yield from _phase(phase, words, width, repeat=not runbook.plain)


def _phase(phase: Phase, words: Language, width: int, *, repeat: bool) -> Iterator[Line]:
    yield Line("")
    yield from _beside(f"{phase.number}  ", phase.title, width, "phase")
    yield Line("-" * width, "rule")
    if phase.prevention:
        yield from map(Line, wrap(words.text("runbook.prevention"), width))
    yield from _blocks(phase.intro, words, width, 0)
    for step in phase.steps:
        if step.level == 0:
            yield Line("")
        head = f"{'  ' * step.level}[ ] {step.number} {'! ' if step.killer else ''}"
        yield from _beside(head, step.text, width, "killer" if step.killer else "step")
        yield from _blocks(step.blocks, words, width, 4 + 2 * step.level, "" if repeat else step.text)
    if phase.pause:
        yield Line("")
        text = f"{words.text('runbook.pause')}{phase.pause} =="
        yield from _beside("[ ] == ", text, width, "pause")


def _blocks(
    blocks: Iterable[Block], words: Language, width: int, indent: int, step_text: str = ""
) -> Iterator[Line]:
    """`step_text` is the step's own text: code that stands in it already is not printed again."""
    for block in blocks:
        match block:
            case Paragraph():
                head = words.text(f"runbook.role_{block.role}") if block.role else ""
                yield from _indented(head + block.text, width, indent, "text")
            case Command() if "\n" in block.text or block.text not in step_text:
                pad = " " * (indent + 4)
                yield from (Line(f"{pad}{line}".rstrip(), "command") for line in block.text.split("\n"))
            case Check():
                text = words.text("runbook.role_check") + _check_query(block)
                yield from _indented(text, width, indent, "check")
                yield from _indented(_check_expectation(block, words), width, indent + 4, "check")
            case ActionCall():
                parameters = " ".join(f"{name}={value}" for name, value in block.parameters.items())
                text = f"{words.text('runbook.role_action')}{block.id} {parameters}"
                yield from _indented(text, width, indent, "command")
            case _:
                pass


def _beside(head: str, text: str, width: int, kind: Kind) -> Iterator[Line]:
    """`head` before the first line, as much room before the others."""
    room = cell_len(head)
    for index, line in enumerate(wrap(text, width - room)):
        yield Line((" " * room if index else head) + line, kind)


def _indented(text: str, width: int, indent: int, kind: Kind) -> Iterator[Line]:
    return (Line(" " * indent + line, kind) for line in wrap(text, width - indent))


def _check_query(check: Check) -> str:
    """The query or the probe, as written; headers, which may hold a secret, are left out."""
    if check.promql:
        return " ".join(check.promql.split())
    values = (check.parameters or {}).items()
    shown = [
        value if isinstance(value, str) else ", ".join(value) for name, value in values if name != "headers"
    ]
    return " ".join([str(check.probe), *shown])


def _check_expectation(check: Check, words: Language) -> str:
    """Such as 'expected falling, within 2 min'."""
    text = words.say(expectation_text(check))
    if check.for_s:
        text = words.text("runbook.lasting", text=text, lasting=words.say(quantity(check.for_s, "s")))
    if check.within_s:
        within = words.say(quantity(check.within_s, "s"))
        text = words.text("runbook.within", text=text, within=within)
    return text
