"""A manual that is too costly to read whole: what is left out is said, and never taken for right."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.message import say
from repolint.findings import at_line
from repolint.registry import MANUAL, Rule
from runbooks.reading.markdown import MAX_BRACKETS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from repolint.project import Project
    from runbooks.lint.finding import Finding


def check(project: Project) -> Iterator[Finding]:
    """At the line from which on it is cut."""
    for document in project.documents:
        if document.cut_from:
            message = say("repolint.manual_cut", limit=MAX_BRACKETS, line=document.cut_from)
            fix = say("repolint.fix_manual_cut")
            yield at_line(document, document.cut_from, "manual-cut", message, "certain", fix=fix)


RULE = Rule(
    id="manual-cut",
    check=check,
    confidence=("certain",),
    bad={MANUAL: "# Manual\n\n" + "[" * (MAX_BRACKETS + 1) + "\n"},
    good={MANUAL: "# Manual\n\n" + "[" * 10 + "\n"},
)
