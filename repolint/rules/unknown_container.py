"""A container behind `docker exec` and its like that is much like one of the Compose files, but is none."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from core.message import say
from repolint.facts.compose import services
from repolint.facts.manual.commands import COMPOSE_VERB_VALUES, after_options, commands_here
from repolint.facts.manual.words import nearest
from repolint.findings import at_command, meant, name
from repolint.registry import MANUAL, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from repolint.facts.manual.commands import Command
    from repolint.project import Project
    from runbooks.lint.finding import Finding

_TAKES_CONTAINER: Final = (("exec",), ("logs",), ("restart",), ("stop",), ("start",), ("inspect",))


def check(project: Project) -> Iterator[Finding]:
    """Only a slip of the finger, or the name that a service without `container_name` would have."""
    named = {service.container_name: service for service in services(project) if service.container_name}
    for command in commands_here(project):
        asked = _asked(command)
        if not asked or asked in named:
            continue
        numbered = re.search(r"[-_]\d+$", asked)
        other = _renamed(project, asked) if numbered else nearest(asked, named, 0.8)
        if other:
            yield at_command(
                command,
                "unknown-container",
                say("repolint.unknown_container", container=name(asked)),
                "likely",
                evidence=f"{named[other].file}: {other}",
                fix=meant(other, say("repolint.fix_unknown_service")),
            )


def _asked(command: Command) -> str:
    if command.name != "docker" or command.argv[1:2] not in _TAKES_CONTAINER:
        return ""
    rest = after_options(list(command.argv[2:]), COMPOSE_VERB_VALUES)
    first = next((word for word in rest if not word.startswith("-")), "")
    return first if re.fullmatch(r"[\w.-]+", first) else ""


def _renamed(project: Project, container: str) -> str:
    """The name that the Compose files give to the service whose container would be called so without one."""
    stem = re.sub(r"[-_]\d+$", "", container)
    given = [
        service.container_name
        for service in services(project)
        if stem.endswith((f"-{service.name}", f"_{service.name}"))
    ]
    return given[0] if given and all(given) else ""


_COMPOSE = "services:\n  worker:\n    image: mailroom\n    container_name: mailroom-worker\n"

RULE = Rule(
    id="unknown-container",
    check=check,
    confidence=("likely",),
    bad={MANUAL: "`docker exec mailroom-workers ls`\n", "compose.yaml": _COMPOSE},
    good={MANUAL: "`docker exec mailroom-worker ls`\n", "compose.yaml": _COMPOSE},
)
