"""An option that Alembic's command line does not have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.message import say
from repolint.facts.database.alembic import alembic_calls
from repolint.findings import at_command, meant, name
from repolint.registry import MANUAL, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from repolint.project import Project
    from runbooks.lint.finding import Finding


def check(project: Project) -> Iterator[Finding]:
    """Read with the installed Alembic."""
    for command, call in project.fact(alembic_calls):
        if call.unknown.startswith("-"):
            yield at_command(
                command,
                "unknown-alembic-option",
                say("repolint.unknown_option", word=name(call.unknown), program=call.program),
                "certain",
                evidence=call.near,
                fix=meant(call.near, say("repolint.fix_see_help", program=f"{call.program} --help")),
            )


_REVISION = 'revision = "4c1d9e07aa21"\ndown_revision = None\n'

RULE = Rule(
    id="unknown-alembic-option",
    check=check,
    confidence=("certain", "likely"),
    bad={
        MANUAL: "`alembic upgrade head --dry-run`\n",
        "migrations/env.py": "from alembic import context\n",
        "migrations/versions/a1.py": _REVISION,
    },
    good={
        MANUAL: "`alembic upgrade head --sql`\n",
        "migrations/env.py": "from alembic import context\n",
        "migrations/versions/a1.py": _REVISION,
    },
)
