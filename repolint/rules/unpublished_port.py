"""`localhost:PORT` where Compose publishes that port of a container under another number."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from core.message import say
from repolint.facts.compose import services
from repolint.facts.manual.commands import commands, fetched_hosts
from repolint.findings import at_command, meant, name
from repolint.registry import MANUAL, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from repolint.project import Document, Project
    from runbooks.lint.finding import Finding


def check(project: Project) -> Iterator[Finding]:
    """Only ports of images, and only those that one service alone has; said once per manual and port."""
    reported: set[tuple[str, int]] = set()
    forwarding = {document.file for document in project.documents if _forwards(document)}
    for command in commands(project):
        if command.container or command.document.file in forwarding:
            continue
        for host, port, _ in fetched_hosts(command):
            if host != "localhost" or not port or (command.document.file, port) in reported:
                continue
            moved = _moved(project, port)
            if moved:
                reported.add((command.document.file, port))
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
    pairs = [
        (service, outside, inside) for service in services(project) for outside, inside in service.published
    ]
    if any(outside in (port, 0) for _, outside, inside in pairs if port in (outside, inside)):
        return None
    mine = [(service, outside) for service, outside, inside in pairs if inside == port]
    if len({(service.name, outside) for service, outside in mine}) != 1:
        return None
    service, outside = mine[0]
    if service.context is not None or any(
        other.host_network or (other.name == service.name and not other.published)
        for other in services(project)
    ):
        return None
    return service.name, outside, service.file


RULE = Rule(
    id="unpublished-port",
    check=check,
    confidence=("likely",),
    bad={
        MANUAL: "`curl localhost:9090/-/ready`\n",
        "compose.yaml": "services:\n  prometheus:\n    image: prom/prometheus\n    ports: ['9095:9090']\n",
    },
    good={
        MANUAL: "`curl localhost:9095/-/ready`\n",
        "compose.yaml": "services:\n  prometheus:\n    image: prom/prometheus\n    ports: ['9095:9090']\n",
    },
)
