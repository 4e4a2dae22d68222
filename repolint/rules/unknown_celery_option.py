"""An option that Celery's command line does not have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.message import say
from repolint.facts.celery.commands import asks_for_old_celery, celery_calls
from repolint.findings import at_command, meant, name
from repolint.registry import MANUAL, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from repolint.project import Project
    from runbooks.lint.finding import Finding


def check(project: Project) -> Iterator[Finding]:
    """Read with the installed Celery; nothing is said where the repository asks for one before 5."""
    for command, call in () if project.fact(asks_for_old_celery) else project.fact(celery_calls):
        if call.unknown.startswith("-"):
            yield at_command(
                command,
                "unknown-celery-option",
                say("repolint.unknown_option", word=name(call.unknown), program=call.program),
                "certain",
                evidence=call.near,
                fix=meant(call.near, say("repolint.fix_see_help", program=call.program)),
            )


RULE = Rule(
    id="unknown-celery-option",
    check=check,
    confidence=("certain", "likely"),
    bad={MANUAL: "`celery inspect --destinations w1 active`\n"},
    good={MANUAL: "`celery inspect --destination w1 active`\n"},
)
