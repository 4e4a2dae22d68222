"""Migrations that can't start without variables which the manual does not name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.message import say
from repolint.facts.database.alembic import alembic_calls
from repolint.facts.database.migrations import migrations, required_settings
from repolint.findings import at_command, name
from repolint.registry import MANUAL, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from repolint.project import Project
    from runbooks.lint.finding import Finding


def check(project: Project) -> Iterator[Finding]:
    """Settings without a default that `env.py` loads; said once per manual, at its first command that needs them."""
    needed = project.fact(_needed)
    reported: set[str] = set()
    for command, call in project.fact(alembic_calls):
        document = command.document
        if call.subcommand not in ("upgrade", "downgrade", "current") or document.file in reported:
            continue
        reported.add(document.file)
        text = " ".join([*(prose.text for prose in document.prose), *(code.text for code in document.codes)])
        missing = sorted(variable for variable in needed if variable not in text)
        if missing:
            yield at_command(
                command,
                "hidden-settings",
                say("repolint.hidden_settings", variables=name(", ".join(missing))),
                "hint",
                evidence=needed[missing[0]],
                fix=say("repolint.fix_hidden_settings"),
            )


def _needed(project: Project) -> dict[str, str]:
    """Each variable with the place that asks for it."""
    return {
        variable: place
        for environment in migrations(project)
        for variable, place in required_settings(project, f"{environment.folder}/env.py").items()
    }


_SERVICE = {
    "clinic/__init__.py": "",
    "clinic/settings.py": (
        "from pydantic_settings import BaseSettings\n\n\nclass Settings(BaseSettings):\n    mail_token: str\n\n\n"
        "settings = Settings()\n"
    ),
    "migrations/env.py": "from alembic import context\n\nfrom clinic.settings import settings\n",
    "migrations/versions/a1.py": 'revision = "4c1d9e07aa21"\ndown_revision = None\n',
}

RULE = Rule(
    id="hidden-settings",
    check=check,
    confidence=("hint",),
    bad={MANUAL: "`alembic upgrade head`\n", **_SERVICE},
    good={MANUAL: "Set `MAIL_TOKEN`, then `alembic upgrade head`.\n", **_SERVICE},
)
