"""A subcommand that Alembic's command line does not have."""

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
    """Read with the installed Alembic; outside a fence only what is much like a subcommand."""
    for command, call in project.fact(alembic_calls):
        is_word = call.unknown and not call.unknown.startswith("-")
        if is_word and (command.fenced or call.near):
            yield at_command(
                command,
                "unknown-alembic-command",
                say("repolint.unknown_subcommand", word=name(call.unknown), program=call.program),
                "certain",
                evidence=call.near,
                fix=meant(call.near, say("repolint.fix_see_help", program=f"{call.program} --help")),
            )


_REVISION = 'revision = "4c1d9e07aa21"\ndown_revision = None\n'

RULE = Rule(
    id="unknown-alembic-command",
    check=check,
    confidence=("certain", "likely"),
    bad={
        MANUAL: "`alembic upgrad head`\n",
        "migrations/env.py": "from alembic import context\n",
        "migrations/versions/a1.py": _REVISION,
    },
    good={
        MANUAL: "`alembic upgrade head`\n",
        "migrations/env.py": "from alembic import context\n",
        "migrations/versions/a1.py": _REVISION,
    },
)
