"""A service behind `docker compose` that no Compose file has."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from core.message import say
from repolint.facts.compose import compose_files, services, unreadable
from repolint.facts.files.paths import exists
from repolint.facts.manual.commands import COMPOSE_VERB_VALUES, commands_here, compose_words
from repolint.facts.manual.shell import WILD
from repolint.facts.manual.words import nearest
from repolint.findings import at_command, meant, name
from repolint.registry import MANUAL, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from repolint.project import Project
    from runbooks.lint.finding import Finding

_TAKES_MANY: Final = frozenset(
    {"up", "start", "stop", "restart", "logs", "build", "pull", "kill", "pause", "unpause", "rm", "create"}
    | {"top"}
)
_TAKES_ONE: Final = frozenset({"exec", "run", "port"})
_SAMPLE: Final = re.compile(r"(?i)(?:your|my|the|some)?[-_]?(?:service|container)(?:[-_]?name)?")


def check(project: Project) -> Iterator[Finding]:
    """Silent where a Compose file can't be read, or where the command names one that is not here."""
    names = {service.name for service in services(project)}
    if not compose_files(project) or unreadable(project):
        return
    for command in commands_here(project):
        words = compose_words(command)
        files = command.values("-f", "--file")
        if not words or not all(exists(project, command.document, file, command.folder) for file in files):
            continue
        for asked in _asked(words):
            if asked in names or not re.fullmatch(r"[a-zA-Z][\w.-]*", asked) or _SAMPLE.fullmatch(asked):
                continue
            other = nearest(asked, names, 0.6)
            container = next((s.name for s in services(project) if s.container_name == asked), "")
            yield at_command(
                command,
                "unknown-service",
                say("repolint.unknown_service", service=name(asked)),
                "certain",
                evidence=f"{compose_files(project)[0]}: {container or other or ', '.join(sorted(names))}",
                fix=meant(container or other, say("repolint.fix_unknown_service")),
            )


def _asked(words: list[str]) -> list[str]:
    verb, rest = words[0], words[1:]
    plain = []
    scaled = []
    while rest:
        word = rest.pop(0)
        if word in COMPOSE_VERB_VALUES:
            value = rest.pop(0) if rest else ""
            if word == "--scale":
                scaled.append(value.split("=")[0])
        elif word.startswith("--scale="):
            scaled.append(word.split("=")[1])
        elif not word.startswith("-"):
            plain.append(word)
    if verb in _TAKES_MANY:
        return [word for word in plain + scaled if WILD not in word]
    return [word for word in plain[:1] if WILD not in word] if verb in _TAKES_ONE else []


_COMPOSE = "services:\n  worker:\n    image: mailroom\n"

RULE = Rule(
    id="unknown-service",
    check=check,
    confidence=("certain", "likely"),
    bad={MANUAL: "`docker compose restart workers`\n", "compose.yaml": _COMPOSE},
    good={MANUAL: "`docker compose restart worker`\n", "compose.yaml": _COMPOSE},
)
