"""Alembic commands without Alembic scripts, or with scripts that hold no revision."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.message import say
from repolint.facts.database.alembic import NEEDS_SCRIPTS, alembic_calls
from repolint.facts.database.migrations import migrations
from repolint.facts.manual.commands import ELSEWHERE
from repolint.findings import at_command, name
from repolint.registry import MANUAL, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from repolint.project import Project
    from runbooks.lint.finding import Finding


def check(project: Project) -> Iterator[Finding]:
    """Said once per manual; `alembic revision` may be the one that makes the first revision."""
    scripts = migrations(project)
    reported: set[str] = set()
    for command, call in project.fact(alembic_calls):
        file = command.document.file
        if call.subcommand not in NEEDS_SCRIPTS or command.container == ELSEWHERE or file in reported:
            continue
        if scripts and call.subcommand == "revision":
            continue
        reported.add(file)
        if not scripts:
            yield at_command(
                command,
                "no-migrations",
                say("repolint.no_migrations"),
                "certain",
                fix=say("repolint.fix_no_migrations"),
            )
        elif not any(environment.revisions for environment in scripts):
            folder = name(f"{scripts[0].folder}/versions")
            yield at_command(
                command,
                "no-migrations",
                say("repolint.no_revisions", folder=folder),
                "certain",
                evidence=scripts[0].ini or scripts[0].folder,
                fix=say("repolint.fix_no_revisions", folder=folder),
            )


RULE = Rule(
    id="no-migrations",
    check=check,
    confidence=("certain", "likely"),
    bad={MANUAL: "`alembic upgrade head`\n", "app.py": ""},
    good={
        MANUAL: "`alembic upgrade head`\n",
        "migrations/env.py": "from alembic import context\n",
        "migrations/versions/a1.py": 'revision = "4c1d9e07aa21"\ndown_revision = None\n',
    },
)
