"""A table that a manual names and that nothing creates."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from core.message import say
from repolint.facts.database.named_tables import named_tables
from repolint.facts.database.tables import schema, table_names
from repolint.facts.manual.words import nearest
from repolint.findings import at_line, meant, name
from repolint.registry import MANUAL, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from repolint.project import Project
    from runbooks.lint.finding import Confidence, Finding

_SYSTEM: Final = re.compile(
    r"(?i)(?:pg_|information_schema|sqlite_|alembic_version|_prisma_migrations$|schema_migrations$|flyway_schema_history$|databasechangelog|"
    r"django_migrations$|typeorm_metadata$|knex_migrations|sequelizemeta$|goose_db_version$|__efmigrationshistory$|sys\.|mysql\.|performance_schema|unnest|generate_series|lateral|dual|cron\.|timescaledb)"
)


def check(project: Project) -> Iterator[Finding]:
    """In SQL, in psql's describe command, behind the word "table"."""
    known = schema(project)
    names = table_names(project)
    for table in project.fact(named_tables) if names else ():
        short = table.name.lower().removeprefix("public.")
        if short in names or _SYSTEM.match(short) or (not table.surely and known.named_by_code):
            continue
        other = nearest(short, names)
        confidence: Confidence = "certain" if table.surely and not known.named_by_code else "likely"
        place = next((t.place for t in known.tables if t.name == other), "")
        yield at_line(
            table.document,
            table.line,
            "unknown-table",
            say("repolint.unknown_table", table=name(table.name)),
            confidence,
            evidence=f"{place} {other}".strip(),
            fix=meant(other, say("repolint.fix_unknown_table")),
        )


_SQL = "CREATE TABLE visits (id bigint, note text);\n"

RULE = Rule(
    id="unknown-table",
    check=check,
    confidence=("certain", "likely"),
    bad={MANUAL: "```sql\nSELECT count(*) FROM vists;\n```\n", "sql/schema.sql": _SQL},
    good={MANUAL: "```sql\nSELECT count(*) FROM visits;\n```\n", "sql/schema.sql": _SQL},
)
