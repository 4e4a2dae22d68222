"""One thing that a lint found: where, which rule, how sure, on what evidence, and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    from collections.abc import Iterable

    from core.message import Message
    from runbooks.model import Problem

Confidence = Literal["hint", "likely", "certain"]
CONFIDENCES: tuple[Confidence, ...] = get_args(Confidence)
"""Ascending. A false alarm among `certain` is a bug."""


@dataclass(frozen=True, slots=True)
class Finding:
    """`file` as the person named it (or relative to the repository), `line` from 1; `evidence` and `fix` may be empty texts.

    `evidence` is plain text from the repository (a path with line, a nearest name), already cleaned.
    """

    file: str
    line: int
    rule: str
    message: Message
    confidence: Confidence
    evidence: str = ""
    fix: Message | None = None


def from_problem(problem: Problem) -> Finding:
    """What reading the file complained of."""
    confidence: Confidence = "certain" if problem.certain else "likely"
    return Finding(problem.file, problem.line, problem.rule, problem.message, confidence)


def sort_findings(findings: Iterable[Finding]) -> list[Finding]:
    """By file and line, each once."""
    unique = {
        (finding.file, finding.line, finding.rule, str(finding.message)): finding for finding in findings
    }
    return [unique[key] for key in sorted(unique)]
