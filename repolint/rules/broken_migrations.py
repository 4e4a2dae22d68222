"""A migration that builds on a revision which no script has: Alembic refuses every command."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.message import say
from repolint.facts.database.alembic import NEEDS_SCRIPTS, alembic_calls
from repolint.facts.database.migrations import migrations
from repolint.findings import at_command, name
from repolint.registry import MANUAL, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from repolint.project import Project
    from runbooks.lint.finding import Finding


def check(project: Project) -> Iterator[Finding]:
    """Said once per manual, at its first command that reads the scripts."""
    scripts = migrations(project)
    broken = [revision for environment in scripts for revision in environment.broken]
    if not broken or any(environment.open_ended for environment in scripts):
        return
    reported: set[str] = set()
    for command, call in project.fact(alembic_calls):
        if call.unknown or call.subcommand not in NEEDS_SCRIPTS or command.document.file in reported:
            continue
        reported.add(command.document.file)
        yield at_command(
            command,
            "broken-migrations",
            say(
                "repolint.broken_migrations",
                revision=name(broken[0].id),
                down=name(", ".join(broken[0].down)),
            ),
            "certain",
            evidence=broken[0].file,
            fix=say("repolint.fix_broken_migrations", file=name(broken[0].file)),
        )


_ENV = "from alembic import context\n"
_FIRST = 'revision = "4c1d9e07aa21"\ndown_revision = None\n'

RULE = Rule(
    id="broken-migrations",
    check=check,
    confidence=("certain", "likely"),
    bad={
        MANUAL: "`alembic upgrade head`\n",
        "migrations/env.py": _ENV,
        "migrations/versions/a1.py": _FIRST,
        "migrations/versions/b2.py": 'revision = "b7e2c1a4d905"\ndown_revision = "99d9e07aa219"\n',
    },
    good={
        MANUAL: "`alembic upgrade head`\n",
        "migrations/env.py": _ENV,
        "migrations/versions/a1.py": _FIRST,
        "migrations/versions/b2.py": 'revision = "b7e2c1a4d905"\ndown_revision = "4c1d9e07aa21"\n',
    },
)
