"""How a rule makes its findings: at a command or a line of a manual, with cleaned names and what is meant instead."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.message import say
from core.text import clean
from repolint.facts.manual.commands import ELSEWHERE
from runbooks.lint.finding import Finding

if TYPE_CHECKING:
    from core.message import Message
    from repolint.facts.files.missing import MissingFile
    from repolint.facts.manual.commands import Command
    from repolint.project import Document
    from runbooks.lint.finding import Confidence


def at_command(
    command: Command,
    rule: str,
    message: Message,
    confidence: Confidence = "certain",
    *,
    evidence: str = "",
    fix: Message | None = None,
) -> Finding:
    """Never `certain` where the command runs outside this repository."""
    if confidence == "certain" and (not command.sure or command.container == ELSEWHERE):
        confidence = "likely"
    return at_line(command.document, command.line, rule, message, confidence, evidence=evidence, fix=fix)


def at_line(
    document: Document,
    line: int,
    rule: str,
    message: Message,
    confidence: Confidence,
    *,
    evidence: str = "",
    fix: Message | None = None,
) -> Finding:
    """The evidence is cleaned here; the values of the messages are names and go through `name`."""
    return Finding(document.file, line, rule, message, confidence, clean(evidence), fix)


def name(text: str) -> str:
    """A name from outside, harmless and short, for a message."""
    return clean(text, 120)


def meant(other: str, otherwise: Message) -> Message:
    """What to write instead, where something alike is there."""
    return say("repolint.fix_meant", name=name(other)) if other else otherwise


def line_of(text: str, piece: str) -> int:
    """On which line `piece` first stands in a file's text, 1 where it does not."""
    at = text.find(piece)
    return text.count("\n", 0, max(at, 0)) + 1


def at_missing_file(missing: MissingFile, rule: str, message: Message) -> Finding:
    """A path of a manual that the repository does not have."""
    fix = meant(missing.nearest, say("repolint.fix_missing_file", path=name(missing.path)))
    if missing.command is not None:
        return at_command(
            missing.command, rule, message, missing.confidence, evidence=missing.nearest, fix=fix
        )
    return at_line(
        missing.document, missing.line, rule, message, missing.confidence, evidence=missing.nearest, fix=fix
    )
