"""A host that a client inside a service's container asks and that is the name of no service."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from core.message import say
from repolint.facts.compose import joins_foreign_network, reachable_names, services
from repolint.facts.manual.commands import ELSEWHERE, commands, fetched_hosts
from repolint.facts.manual.words import nearest
from repolint.findings import at_command, meant, name
from repolint.registry import MANUAL, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from repolint.facts.manual.commands import Command
    from repolint.project import Project
    from runbooks.lint.finding import Finding

_CLIENTS: Final = frozenset(
    {"psql", "pg_isready", "pg_dump", "pg_restore", "createdb", "redis-cli", "valkey-cli"}
    | {"mysql", "mysqldump", "mysqladmin"}
)
_OWN: Final = frozenset({"localhost", "host", "hostname"})


def check(project: Project) -> Iterator[Finding]:
    """Silent where the containers join a network that something else brings."""
    known = reachable_names(project)
    if not known or joins_foreign_network(project):
        return
    for command in commands(project):
        if not command.container or command.container == ELSEWHERE:
            continue
        for host in _hosts(command):
            if host in known or host in _OWN:
                continue
            other = nearest(host, known, 0.6)
            yield at_command(
                command,
                "unknown-host",
                say("repolint.unknown_host", host=name(host), service=name(command.container)),
                "likely",
                evidence=f"{services(project)[0].file}: {other or ', '.join(sorted(known))}",
                fix=meant(other, say("repolint.fix_unknown_service")),
            )


def _hosts(command: Command) -> list[str]:
    if command.name in _CLIENTS:
        hosts = command.values("-h", "--host")
    else:
        hosts = [host for host, _, word in fetched_hosts(command) if "://" in word]
    return [host for host in hosts if re.fullmatch(r"[a-z][\w-]*", host)]


_COMPOSE = "services:\n  api:\n    image: shop\n  cache:\n    image: valkey\n"

RULE = Rule(
    id="unknown-host",
    check=check,
    confidence=("likely",),
    bad={MANUAL: "`docker compose exec api redis-cli -h redis ping`\n", "compose.yaml": _COMPOSE},
    good={MANUAL: "`docker compose exec api redis-cli -h cache ping`\n", "compose.yaml": _COMPOSE},
)
