"""A table that a manual names and that two places of the repository create in different shapes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from core.message import say
from repolint.facts.database.named_tables import named_tables
from repolint.facts.database.tables import schema
from repolint.findings import at_line, name
from repolint.registry import MANUAL, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from repolint.facts.database.tables import Schema, Table
    from repolint.project import Document, Project
    from runbooks.lint.finding import Finding

_BY_HAND: Final = re.compile(r"(?:^|/)(?:scripts|tools|bin|hack|archive|old|docs|examples|versions)\w*/")


def check(project: Project) -> Iterator[Finding]:
    """A migration and another place; said once per manual and table."""
    known = schema(project)
    reported: set[tuple[str, str]] = set()
    for document, line, table in _mentions(project):
        pair = None if (document.file, table) in reported else _pair(known, table)
        if pair is None:
            continue
        reported.add((document.file, table))
        first, second = pair
        certain = (
            second.file.endswith(".py") and table not in known.altered and not _BY_HAND.search(second.file)
        )
        difference = name(_difference(first, second))
        yield at_line(
            document,
            line,
            "table-made-twice",
            say("repolint.table_made_twice", table=name(table), difference=difference),
            "certain" if certain else "likely",
            evidence=f"{first.place}; {second.place}",
            fix=say("repolint.fix_table_made_twice", place=name(second.place)),
        )


def _mentions(project: Project) -> Iterator[tuple[Document, int, str]]:
    """Every place that names a table and nothing else: its bare name in code font, psql's describe command, SQL."""
    for document in project.documents:
        for code in document.codes:
            if code.fence is None and re.fullmatch(r"[a-z_][\w.]*", code.text):
                yield document, code.line, code.text
    for table in project.fact(named_tables):
        yield table.document, table.line, table.name.lower()


def _pair(known: Schema, table: str) -> tuple[Table, Table] | None:
    """The migration that makes the table, and another place that makes it otherwise."""
    places = [t for t in known.tables if t.name == table and t.columns and "archive" not in t.file]
    first = next((t for t in places if t.migration), None)
    if first is None:
        return None
    second = next((t for t in places if not t.migration and _difference(first, t)), None)
    return (first, second) if second else None


def _difference(first: Table, second: Table) -> str:
    parts = sorted(first.columns ^ second.columns)
    if first.indexes and second.indexes:
        parts += sorted(first.indexes ^ second.indexes)
    return ", ".join(parts)


_MIGRATION = (
    'revision = "4c1d9e07aa21"\ndown_revision = None\n\n\n'
    'def upgrade():\n    op.execute("CREATE TABLE visits (id bigint, day date)")\n'
)

RULE = Rule(
    id="table-made-twice",
    check=check,
    confidence=("certain", "likely"),
    bad={
        MANUAL: "Count the rows of `visits`.\n",
        "migrations/env.py": "from alembic import context\n",
        "migrations/versions/a1.py": _MIGRATION,
        "clinic/start.py": 'SQL = "CREATE TABLE IF NOT EXISTS visits (id bigint, day date, note text)"\n',
    },
    good={
        MANUAL: "Count the rows of `visits`.\n",
        "migrations/env.py": "from alembic import context\n",
        "migrations/versions/a1.py": _MIGRATION,
        "clinic/start.py": 'SQL = "CREATE TABLE IF NOT EXISTS visits (id bigint, day date)"\n',
    },
)
