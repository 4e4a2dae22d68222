"""The lines of text that rules about numbers and names read: of the manuals, and of the repository's objectives."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from repolint.facts.manual.document import read_document

if TYPE_CHECKING:
    from repolint.project import Document, Project, Prose

_OBJECTIVES = re.compile(r"(^|/)[^/]*(slo|sli|service[-_]level)[^/]*\.(md|markdown)$", re.IGNORECASE)


def documents(project: Project) -> tuple[Document, ...]:
    """The manuals, and the repository's documents of objectives (SLO, SLI)."""
    others = [
        read_document(file, project.text(file))
        for file in sorted(project.files)
        if _OBJECTIVES.search(file) and not any(_same(file, one.file) for one in project.documents)
    ]
    return (*project.documents, *others)


def lines(document: Document) -> list[Prose]:
    """The text line by line: the cells of a table's row are one line."""
    found: dict[int, Prose] = {}
    for one in document.prose:
        before = found.get(one.line)
        found[one.line] = one if before is None else replace(before, text=f"{before.text} | {one.text}")
    return list(found.values())


def _same(file: str, given: str) -> bool:
    return given == file or given.endswith("/" + file)
