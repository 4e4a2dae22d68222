"""A link of a manual to a heading that the document does not have."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from core.message import say
from repolint.facts.files.links import anchors, links
from repolint.facts.manual.words import nearest
from repolint.findings import at_line, meant, name
from repolint.registry import MANUAL, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from repolint.project import Project
    from runbooks.lint.finding import Finding


def check(project: Project) -> Iterator[Finding]:
    """Only into Markdown: what other formats make of a heading is not known here."""
    slugs_of: dict[str, set[str]] = {}
    for link in project.fact(links):
        if not link.is_there or not link.anchor or not link.file.endswith((".md", ".markdown")):
            continue
        if link.file not in slugs_of:
            slugs_of[link.file] = anchors(project.text(link.file))
        slugs = slugs_of[link.file]
        anchor = link.anchor.lower()
        if not slugs or anchor in slugs or re.fullmatch(r"L\d+.*|:~:.*", link.anchor):
            continue
        other = nearest(anchor, slugs)
        yield at_line(
            link.document,
            link.line,
            "missing-anchor",
            say("repolint.missing_anchor", anchor=name(link.anchor), path=name(link.file)),
            "certain" if anchor.isascii() else "likely",
            evidence=f"{link.file}#{other}" if other else link.file,
            fix=meant(f"#{other}" if other else "", say("repolint.fix_missing_anchor", path=name(link.file))),
        )


RULE = Rule(
    id="missing-anchor",
    check=check,
    confidence=("certain", "likely"),
    bad={MANUAL: "# Manual\n\nSee [below](#roll-back).\n\n## Rolling back\n"},
    good={MANUAL: "# Manual\n\nSee [below](#rolling-back).\n\n## Rolling back\n"},
)
