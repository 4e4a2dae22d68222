"""`alembic upgrade head` where the migrations have several heads: Alembic refuses it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.message import say
from repolint.facts.database.alembic import alembic_calls
from repolint.facts.database.migrations import migrations
from repolint.findings import at_command, name
from repolint.registry import MANUAL, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from repolint.project import Project
    from runbooks.lint.finding import Finding


def check(project: Project) -> Iterator[Finding]:
    """Said once per manual."""
    scripts = migrations(project)
    if not scripts or any(
        environment.open_ended or environment.broken or len(environment.heads) < 2 for environment in scripts
    ):
        return
    heads = scripts[0].heads
    reported: set[str] = set()
    for command, call in project.fact(alembic_calls):
        if call.unknown or call.subcommand != "upgrade" or call.rest[:1] != ("head",):
            continue
        if command.document.file not in reported:
            reported.add(command.document.file)
            yield at_command(
                command,
                "several-heads",
                say("repolint.several_heads", heads=name(", ".join(head.id for head in heads))),
                "certain",
                evidence="; ".join(head.file for head in heads[:4]),
                fix=say("repolint.fix_several_heads"),
            )


_SCRIPTS = {
    "migrations/env.py": "from alembic import context\n",
    "migrations/versions/a1.py": 'revision = "4c1d9e07aa21"\ndown_revision = None\n',
    "migrations/versions/b2.py": 'revision = "b7e2c1a4d905"\ndown_revision = "4c1d9e07aa21"\n',
    "migrations/versions/c3.py": 'revision = "c0ffee0decaf"\ndown_revision = "4c1d9e07aa21"\n',
}

RULE = Rule(
    id="several-heads",
    check=check,
    confidence=("certain", "likely"),
    bad={MANUAL: "`alembic upgrade head`\n", **_SCRIPTS},
    good={MANUAL: "`alembic upgrade heads`\n", **_SCRIPTS},
)
