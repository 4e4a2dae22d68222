"""An index that a manual names and that nothing creates."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from core.message import say
from repolint.facts.database.tables import schema
from repolint.facts.manual.words import is_example, nearest
from repolint.findings import at_line, meant, name
from repolint.registry import MANUAL, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from repolint.facts.database.tables import Schema
    from repolint.project import Document, Project
    from runbooks.lint.finding import Finding

_INDEX: Final = re.compile(r"\b(?:idx|ix|uq|ux)_\w{3,}\b|\b\w{3,}_(?:idx|uniq)\b")
_MAKES: Final = re.compile(r"(?i)create\s+(?:unique\s+)?index|create_index|=True")
_PATTERN: Final = re.compile(r"(?i)(?:^|_)(?:table|field|column|col|name)(?:_|$)")
"""A pattern for names."""


def check(project: Project) -> Iterator[Finding]:
    """Names in code font and in fences that look like an index's, but for those that the manual makes."""
    known = schema(project)
    for document in project.documents if known.indexes else ():
        samples = _sample_lines(document)
        for code in document.codes:
            if code.fence not in (None, "sql", "sh", "heredoc") or _MAKES.search(code.text):
                continue
            for index in _INDEX.findall(code.text):
                if code.line in samples or _is_known(project, known, index):
                    continue
                other = nearest(index, known.indexes)
                yield at_line(
                    document,
                    code.line,
                    "unknown-index",
                    say("repolint.unknown_index", index=name(index)),
                    "certain" if code.fence != "sql" else "likely",
                    evidence=f"{known.indexes[other]} {other}" if other else "",
                    fix=meant(other, say("repolint.fix_unknown_index")),
                )


def _is_known(project: Project, known: Schema, index: str) -> bool:
    return (
        index in known.indexes
        or index.split("_", 1)[0] in known.automatic_indexes
        or index.endswith("_idx")
        or index in project.fact(_words)
    )


def _sample_lines(document: Document) -> set[int]:
    """Lines that speak of how names are made, not of one: with a pattern for names on them, or called an example."""
    codes = [code for code in document.codes if code.fence is None]
    return {c.line for c in codes if _PATTERN.search(c.text) or is_example(document, c.line)}


def _words(project: Project) -> set[str]:
    """Everything in code that looks like the name of an index."""
    files = project.matching(".py", ".sql", ".ts", ".js", ".go", ".prisma", ".rb", ".java")
    return {word for file in files for word in _INDEX.findall(project.text(file))}


_SQL = "CREATE TABLE visits (id bigint, day date);\nCREATE INDEX ix_visits_day ON visits (day);\n"

RULE = Rule(
    id="unknown-index",
    check=check,
    confidence=("certain", "likely"),
    bad={MANUAL: "Rebuild `ix_visits_date`.\n", "sql/schema.sql": _SQL},
    good={MANUAL: "Rebuild `ix_visits_day`.\n", "sql/schema.sql": _SQL},
)
