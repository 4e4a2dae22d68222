"""Docker: the services a manual names, and scripts that it runs in an image which does not hold them."""

from __future__ import annotations

import posixpath
import re
import shlex
from typing import TYPE_CHECKING, Final

from core.message import say
from repolint.facts.compose import compose_files, services, unreadable
from repolint.facts.files.paths import exists, judgeable, left_out, near
from repolint.facts.manual.commands import after_options, commands_here, compose_words
from repolint.facts.manual.shell import WILD
from repolint.facts.manual.words import nearest
from repolint.findings import at_command, meant, name
from repolint.rules.file_rules import files_used

if TYPE_CHECKING:
    from collections.abc import Iterator

    from repolint.facts.compose import Service
    from repolint.project import Project
    from runbooks.lint.finding import Finding

_MANY: Final = frozenset(
    [
        "up",
        "start",
        "stop",
        "restart",
        "logs",
        "build",
        "pull",
        "kill",
        "pause",
        "unpause",
        "rm",
        "create",
        "top",
    ]
)
_ON_CONTAINERS: Final = (("exec",), ("logs",), ("restart",), ("stop",), ("start",), ("inspect",))
_ONE: Final = frozenset(["exec", "run", "port"])
_VALUES: Final = {
    "--tail", "-n", "--since", "--until", "-t", "--timeout", "--scale", "-e", "--env", "-u", "--user", "-w", "--workdir", "--name",
    "--entrypoint", "-p", "--publish", "-v", "--volume", "--index", "-s", "--signal", "--build-arg", "--pull", "--wait-timeout", "--exit-code-from",
}  # fmt: skip


_SAMPLE: Final = re.compile(r"(?i)(?:your|my|the|some)?[-_]?(?:service|container)(?:[-_]?name)?")


def unknown_services(project: Project) -> Iterator[Finding]:
    """`docker compose … SERVICE` of a service that no compose file has."""
    names = {service.name for service in services(project)}
    if not compose_files(project) or unreadable(project):
        return
    for command in commands_here(project):
        words = compose_words(command)
        files = command.values("-f", "--file")
        if not words or not all(exists(project, command.document, file, command.folder) for file in files):
            continue
        for service in _asked(words):
            if (
                service in names
                or not re.fullmatch(r"[a-zA-Z][\w.-]*", service)
                or _SAMPLE.fullmatch(service)
            ):
                continue
            other = nearest(service, names, 0.6)
            container = next((s.name for s in services(project) if s.container_name == service), "")
            yield at_command(
                command,
                "unknown-service",
                say("repolint.unknown_service", service=name(service)),
                "certain",
                evidence=f"{compose_files(project)[0]}: {container or other or ', '.join(sorted(names))}",
                fix=meant(container or other, say("repolint.fix_unknown_service")),
            )


def _asked(words: list[str]) -> list[str]:
    verb, rest = words[0], words[1:]
    found = []
    scaled = []
    while rest:
        word = rest.pop(0)
        if word in _VALUES:
            value = rest.pop(0) if rest else ""
            if word == "--scale":
                scaled.append(value.split("=")[0])
        elif word.startswith("--scale="):
            scaled.append(word.split("=")[1])
        elif not word.startswith("-"):
            found.append(word)
    if verb in _MANY:
        return [word for word in found + scaled if WILD not in word]
    return [word for word in found[:1] if WILD not in word] if verb in _ONE else []


def unknown_containers(project: Project) -> Iterator[Finding]:
    """`docker exec NAME` of a container that is much like one that a compose file names, but is none."""
    named = {service.container_name: service for service in services(project) if service.container_name}
    for command in commands_here(project):
        if command.name != "docker" or command.argv[1:2] not in _ON_CONTAINERS:
            continue
        words = [word for word in after_options(list(command.argv[2:]), _VALUES) if not word.startswith("-")][
            :1
        ]
        if not words or words[0] in named or not re.fullmatch(r"[\w.-]+", words[0]):
            continue
        numbered = re.search(r"[-_]\d+$", words[0])
        other = _renamed(project, words[0]) if numbered else nearest(words[0], named, 0.8)
        if other:
            yield at_command(
                command,
                "unknown-container",
                say("repolint.unknown_container", container=name(words[0])),
                "likely",
                evidence=f"{named[other].file}: {other}",
                fix=meant(other, say("repolint.fix_unknown_service")),
            )


def _renamed(project: Project, container: str) -> str:
    """The name that the Compose files give to the service whose container would be called so without one."""
    stem = re.sub(r"[-_]\d+$", "", container)
    given = [
        one.container_name for one in services(project) if stem.endswith((f"-{one.name}", f"_{one.name}"))
    ]
    return given[0] if given and all(given) else ""


def scripts_not_in_the_image(project: Project) -> Iterator[Finding]:
    """A script run inside a service whose image can't hold it: ignored by `.dockerignore`, or never copied."""
    for command in commands_here(project):
        if not command.container:
            continue
        service = next(
            (s for s in services(project) if s.name == command.container and s.context is not None), None
        )
        if service is None or service.context is None:
            continue
        for path in files_used(command):
            inner = _in_context(project, service, path)
            if inner is None:
                continue
            if not exists(project, command.document, posixpath.join(service.context, inner)):
                other = near(project, path)
                fix = meant(other, say("repolint.fix_missing_file", path=name(path)))
                yield at_command(
                    command,
                    "missing-script",
                    say("repolint.missing_script", path=name(path)),
                    "likely",
                    evidence=other,
                    fix=fix,
                )
                continue
            reason = _why_not(project, service, inner)
            if reason:
                yield at_command(
                    command,
                    "not-in-image",
                    say("repolint.not_in_image", path=name(path), service=name(service.name)),
                    "certain" if reason.endswith("ignore") else "likely",
                    evidence=reason,
                    fix=say("repolint.fix_not_in_image", path=name(path), file=name(reason)),
                )


def _in_context(project: Project, service: Service, path: str) -> str | None:
    """The path inside the build context; None where it can't be known or is mounted into the container."""
    inner = path.removeprefix("./")
    workdirs = re.findall(r"(?im)^\s*WORKDIR\s+(\S+)", project.text(service.dockerfile))
    workdir = (workdirs[-1] if workdirs else "/app").rstrip("/")
    if inner.startswith(workdir + "/"):
        inner = inner[len(workdir) + 1 :]
    if not judgeable(inner):
        return None
    for _, target in service.mounts:
        relative = target.rstrip("/").removeprefix("./")
        if (
            relative == workdir
            or f"{workdir}/{inner}".startswith(relative + "/")
            or f"{workdir}/{inner}" == relative
        ):
            return None
    return inner


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
    if not copies:
        return ""
    for copy in copies:
        if "--from=" in copy or copy.startswith("["):
            return ""  # from another stage, or in a form not read here: it may well be there
        try:
            sources = [word for word in shlex.split(copy) if not word.startswith("--")][:-1]
        except ValueError:
            return ""
        for source in sources:
            plain = posixpath.normpath(source.lstrip("/") or ".")
            if (
                plain == "."
                or "*" in source
                or "$" in source
                or inner == plain
                or inner.startswith(plain + "/")
            ):
                return ""
    return service.dockerfile
