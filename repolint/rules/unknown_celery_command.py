"""A subcommand or control method that Celery does not have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.message import say
from repolint.facts.celery.commands import asks_for_old_celery, celery_calls
from repolint.facts.celery.source import celery_source
from repolint.facts.manual.shell import WILD
from repolint.facts.manual.words import nearest
from repolint.findings import at_command, meant, name
from repolint.registry import MANUAL, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from repolint.facts.celery.commands import Call
    from repolint.facts.manual.commands import Command
    from repolint.project import Project
    from runbooks.lint.finding import Finding


def check(project: Project) -> Iterator[Finding]:
    """Read with the installed Celery; nothing is said where the repository asks for one before 5."""
    for command, call in () if project.fact(asks_for_old_celery) else project.fact(celery_calls):
        if not call.unknown:
            yield from _unknown_method(project, command, call)
        elif not call.unknown.startswith("-") and (command.fenced or call.near):
            # else "the `celery tasks`" speaks of something else
            yield at_command(
                command,
                "unknown-celery-command",
                say("repolint.unknown_subcommand", word=name(call.unknown), program=call.program),
                "certain",
                evidence=call.near,
                fix=meant(call.near, say("repolint.fix_see_help", program=call.program)),
            )


def _unknown_method(project: Project, command: Command, call: Call) -> Iterator[Finding]:
    """A method behind `inspect` or `control`; a repository that defines its own may have any."""
    if call.path not in (("inspect",), ("control",)) or not call.rest:
        return
    if celery_source(project).own_controls:
        return
    from celery.worker.control import Panel

    kind, method = call.path[0], call.rest[0]
    methods = {name for name, about in Panel.meta.items() if about.type == kind}
    if WILD in method or method in methods:
        return
    moved = "inspect" if kind == "control" else "control"
    other = f"{moved} {method}" if method in Panel.meta else nearest(method, methods, 0.7)
    yield at_command(
        command,
        "unknown-celery-command",
        say("repolint.unknown_subcommand", word=name(method), program=f"celery {kind}"),
        "certain",
        evidence=other,
        fix=meant(other, say("repolint.fix_see_help", program=f"celery {kind} --list")),
    )


RULE = Rule(
    id="unknown-celery-command",
    check=check,
    confidence=("certain", "likely"),
    bad={MANUAL: "`celery inspect actve`\n"},
    good={MANUAL: "`celery inspect active`\n"},
)
