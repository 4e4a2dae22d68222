"""Hosts and ports that a manual asks and on which no Compose service answers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from core.message import say
from repolint.facts.compose import joins_foreign_network, reachable_names, services
from repolint.facts.manual.commands import ELSEWHERE, commands
from repolint.facts.manual.words import nearest
from repolint.findings import at_command, meant, name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from repolint.facts.manual.commands import Command
    from repolint.project import Document, Project
    from runbooks.lint.finding import Finding

_CLIENTS: Final = frozenset(
    [
        "psql",
        "pg_isready",
        "pg_dump",
        "pg_restore",
        "createdb",
        "redis-cli",
        "valkey-cli",
        "mysql",
        "mysqldump",
        "mysqladmin",
    ]
)
_FETCHERS: Final = frozenset(["curl", "wget", "http", "https", "open", "xdg-open"])
_URL: Final = re.compile(r"^(?:https?://)?([a-zA-Z][\w-]*)(?::(\d+))?(?:/|$)")
_OWN: Final = frozenset(["localhost", "host", "hostname"])


def unknown_hosts(project: Project) -> Iterator[Finding]:
    """A client inside a service's container that asks a host which is the name of no service."""
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
        found = command.values("-h", "--host")
    elif command.name in _FETCHERS:
        urls = [_URL.match(word) for word in command.argv[1:] if "://" in word]
        found = [url[1] for url in urls if url]
    else:
        found = []
    return [host for host in found if re.fullmatch(r"[a-z][\w-]*", host)]


def unpublished_ports(project: Project) -> Iterator[Finding]:
    """`localhost:9090` where Compose publishes that port of an image's container under another number; once per manual."""
    said: set[tuple[str, int]] = set()
    for command in commands(project):
        if command.container or command.name not in _FETCHERS or _forwards(command.document):
            continue
        for word in command.argv[1:]:
            url = _URL.match(word)
            port = int(url[2]) if url and url[1] == "localhost" and url[2] else 0
            if not port or (command.document.file, port) in said:
                continue
            moved = _moved(project, port)
            if moved:
                said.add((command.document.file, port))
                service, outside, file = moved
                yield at_command(
                    command,
                    "unpublished-port",
                    say(
                        "repolint.unpublished_port",
                        port=str(port),
                        service=name(service),
                        outside=str(outside),
                    ),
                    "likely",
                    evidence=f"{file}: {outside}:{port}",
                    fix=meant(f"localhost:{outside}", say("repolint.fix_unknown_service")),
                )


def _forwards(document: Document) -> bool:
    """Whether the manual opens the port by itself, or runs the server without a container."""
    return any(
        re.search(r"port-forward|\bssh\b.*\s-L\b|docker run\b.*-p\b|--web\.listen-address", code.text)
        for code in document.codes
    )


def _moved(project: Project, port: int) -> tuple[str, int, str] | None:
    """The one service that listens on the port and is reached under another; None where any may be reached under it."""
    pairs = [(one, outside, inside) for one in services(project) for outside, inside in one.published]
    if any(outside in (port, 0) for _, outside, inside in pairs if port in (outside, inside)):
        return None
    mine = [(one, outside) for one, outside, inside in pairs if inside == port]
    if len({(one.name, outside) for one, outside in mine}) != 1 or mine[0][0].context is not None:
        return None
    if any(
        one.host_network or (one.name == mine[0][0].name and not one.published) for one in services(project)
    ):
        return None
    return mine[0][0].name, mine[0][1], mine[0][0].file
