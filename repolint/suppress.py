"""Silences findings inside a manual: `<!-- warroom-lint: ignore RULE reason -->`, in a fence `# warroom-lint: ignore RULE reason`.

It holds on its own line and the next, right above a fenced block for the whole block. One without a reason silences
nothing and is reported itself, and so is one that has nothing to silence.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from core.message import say
from repolint.facts.manual.words import nearest
from repolint.findings import at_line, meant, name
from repolint.registry import rules

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from repolint.project import Document
    from runbooks.lint.finding import Finding

_MARK: Final = re.compile(r"\bwarroom-lint:\s*(.*)", re.DOTALL)
_IGNORE: Final = re.compile(r"ignore\s+(\S+)\s+(\S.*)", re.DOTALL)
_SHELL_COMMENT: Final = re.compile(r"(?:^|\s)(?:#|//|--)\s*(warroom-lint:.*)")


@dataclass(frozen=True, slots=True)
class Suppression:
    """`rule` is '' where no rule or no reason is given; `lines` are those on which it holds."""

    document: Document
    line: int
    rule: str
    lines: frozenset[int]

    def places(self) -> set[tuple[str, str, int]]:
        """File, rule and line of whatever it silences."""
        return {(self.document.file, self.rule, line) for line in self.lines}


def suppress(findings: Sequence[Finding], documents: Sequence[Document]) -> list[Finding]:
    """The findings that nothing silences, and those about the suppressions themselves."""
    places = {(finding.file, finding.rule, finding.line) for finding in findings}
    silenced: set[tuple[str, str, int]] = set()
    own: list[Finding] = []
    for suppression in (suppression for document in documents for suppression in suppressions(document)):
        silences = suppression.places() & places
        silenced |= silences
        if not suppression.rule:
            own.append(_without_reason(suppression))
        elif not silences:
            own.append(_unused(suppression))
    return [f for f in findings if (f.file, f.rule, f.line) not in silenced] + own


def suppressions(document: Document) -> Iterator[Suppression]:
    """Every suppression of a manual, also the incomplete ones."""
    fenced = {code.line for code in document.codes if code.fence is not None}
    marked = [(comment.text, comment.line) for comment in document.comments]
    marked += [
        (comment[1], code.line)
        for code in document.codes
        if code.fence is not None and (comment := _SHELL_COMMENT.search(code.text))
    ]
    for text, line in marked:
        mark = _MARK.search(text)
        if mark:
            ignore = _IGNORE.fullmatch(mark[1].strip())
            yield Suppression(document, line, ignore[1] if ignore else "", _lines(line, fenced))


def _lines(line: int, fenced: set[int]) -> frozenset[int]:
    held = {line, line + 1}
    inside = line + 2  # the next line but one, where the next one opens a fence
    while line + 1 not in fenced and line not in fenced and inside in fenced:
        held.add(inside)
        inside += 1
    return frozenset(held)


def _without_reason(suppression: Suppression) -> Finding:
    return at_line(
        suppression.document,
        suppression.line,
        "suppression-without-reason",
        say("repolint.suppression_without_reason"),
        "certain",
        fix=say("repolint.fix_suppression", example="warroom-lint: ignore RULE reason"),
    )


def _unused(suppression: Suppression) -> Finding:
    known = [rule.id for rule in rules()]
    if suppression.rule in known:
        message, other = say("repolint.suppression_unused", rule=name(suppression.rule)), ""
    else:
        message = say("repolint.suppression_unknown", rule=name(suppression.rule))
        other = nearest(suppression.rule, known)
    return at_line(
        suppression.document,
        suppression.line,
        "suppression-unused",
        message,
        "certain",
        fix=meant(other, say("repolint.fix_suppression_unused")),
    )
