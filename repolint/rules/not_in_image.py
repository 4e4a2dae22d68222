"""A script that a manual runs inside a Compose service whose image can't hold it."""

from __future__ import annotations

import posixpath
import re
import shlex
from typing import TYPE_CHECKING

from core.message import say
from repolint.facts.files.paths import left_out
from repolint.facts.files.used import files_in_images
from repolint.findings import at_command, name
from repolint.registry import MANUAL, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from repolint.facts.compose import Service
    from repolint.project import Project
    from runbooks.lint.finding import Finding


def check(project: Project) -> Iterator[Finding]:
    """Ignored by `.dockerignore`, or never copied."""
    for used in project.fact(files_in_images):
        reason = _why_not(project, used.service, used.inner) if used.in_context else ""
        if reason:
            yield at_command(
                used.command,
                "not-in-image",
                say("repolint.not_in_image", path=name(used.path), service=name(used.service.name)),
                "certain" if reason.endswith("ignore") else "likely",
                evidence=reason,
                fix=say("repolint.fix_not_in_image", path=name(used.path), file=name(reason)),
            )


def _why_not(project: Project, service: Service, inner: str) -> str:
    """The file that keeps it out of the image, empty where it gets in."""
    context = service.context or ""
    for ignore in (f"{service.dockerfile}.dockerignore", posixpath.join(context, ".dockerignore")):
        if ignore in project.files:
            if left_out(project.text(ignore), inner, "docker"):
                return ignore
            break
    text = re.sub(r"\\\n", " ", project.text(service.dockerfile))
    copies = re.findall(r"(?im)^\s*(?:COPY|ADD)\s+(.+)$", text)
    if not copies or any(_brings(copy, inner) for copy in copies):
        return ""
    return service.dockerfile


def _brings(copy: str, inner: str) -> bool:
    """Whether a `COPY` brings the file, or may: from another stage, or in a form that is not read here."""
    if "--from=" in copy or copy.startswith("["):
        return True
    try:
        sources = [word for word in shlex.split(copy) if not word.startswith("--")][:-1]
    except ValueError:
        return True
    for source in sources:
        plain = posixpath.normpath(source.lstrip("/") or ".")
        if plain == "." or "*" in source or "$" in source or inner == plain or inner.startswith(plain + "/"):
            return True
    return False


_COMPOSE = "services:\n  api:\n    build: .\n"
_MANUAL = "```sh\ndocker compose exec api python scripts/audit.py\n```\n"

RULE = Rule(
    id="not-in-image",
    check=check,
    confidence=("certain", "likely"),
    bad={
        MANUAL: _MANUAL,
        "compose.yaml": _COMPOSE,
        "Dockerfile": "FROM python\nWORKDIR /app\nCOPY app app\n",
        "scripts/audit.py": "",
    },
    good={
        MANUAL: _MANUAL,
        "compose.yaml": _COMPOSE,
        "Dockerfile": "FROM python\nWORKDIR /app\nCOPY . .\n",
        "scripts/audit.py": "",
    },
)
