"""Which files of the repository a manual's commands run or read, here and inside the images of Compose services."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from repolint.facts.compose import services
from repolint.facts.files.paths import exists, judgeable
from repolint.facts.manual.commands import commands_here

if TYPE_CHECKING:
    from collections.abc import Iterator

    from repolint.facts.compose import Service
    from repolint.facts.manual.commands import Command
    from repolint.project import Project

SCRIPTS: Final = (".sh", ".py", ".js", ".mjs", ".cjs", ".ts", ".rb", ".pl", ".bash", ".bat", ".ps1")
_INTERPRETERS: Final = frozenset(
    [
        "python",
        "python3",
        "python3.11",
        "python3.12",
        "bash",
        "sh",
        "zsh",
        "source",
        ".",
        "node",
        "ts-node",
        "tsx",
        "ruby",
        "perl",
    ]
)
_FILE_OPTIONS: Final[dict[str, tuple[str, ...]]] = {
    "psql": ("-f", "--file"),
    "docker-compose": ("-f", "--file"),
    "docker": ("-f", "--file"),
    "kubectl": ("-f", "--filename", "-k"),
    "pip": ("-r", "--requirement"),
    "pip3": ("-r", "--requirement"),
    "alembic": ("-c", "--config"),
    "locust": ("-f", "--locustfile"),
    "make": ("-f",),
}
_READERS: Final[dict[tuple[str, ...], int]] = {
    ("k6", "run"): 2,
    ("promtool", "check", "rules"): 3,
    ("promtool", "check", "config"): 3,
    ("promtool", "test", "rules"): 3,
    ("ansible-playbook",): 1,
    ("chmod", "+x"): 2,
}


def is_only_named(command: Command) -> bool:
    """Whether the "command" is nothing but a path in code font."""
    return (
        not command.fenced
        and not command.wrapper
        and len(command.argv) == 1
        and not command.argv[0].startswith("./")
    )


def files_used(command: Command) -> list[str]:
    """The files that the command can't do without, as written."""
    argv = command.argv
    first = argv[0]
    paths = []
    if _is_script(first):
        paths.append(first)
    if command.name in _INTERPRETERS or (first == "." and len(argv) > 1):
        paths += _interpreted(command)
    for readers, index in _READERS.items():
        if (command.name, *argv[1 : len(readers)]) == readers:
            paths += [word for word in argv[index : index + 1] if "." in word]
    options = _FILE_OPTIONS.get(command.name, ())
    if command.name == "docker" and argv[1:2] not in (("compose",), ("build",)):
        options = ()
    paths += [value for value in command.values(*options) if posixpath.splitext(value)[1]]
    return [path for path in paths if path not in ("-", ".")]


def _is_script(word: str) -> bool:
    return (
        word.endswith(SCRIPTS)
        and ("/" in word or word.endswith((".sh", ".py")))
        and not word.endswith(("/.py", "/.sh"))
    )


def _interpreted(command: Command) -> list[str]:
    words = list(command.argv[1:])
    while words and words[0].startswith("-"):
        if words[0] in ("-m", "-c", "-e", "-", "-p", "-s") or re.fullmatch(r"-[a-z]*c", words[0]):
            return []
        words.pop(0)
        if command.argv[0].startswith("python") and command.argv[1] in ("-W", "-X"):
            words = words[1:]
    return [word for word in words[:1] if posixpath.splitext(word)[1]]


@dataclass(frozen=True, slots=True)
class InImage:
    """A file that a command uses inside a service whose image is built here: `path` as written, `inner` in the build context."""

    command: Command
    service: Service
    path: str
    inner: str
    in_context: bool


def files_in_images(project: Project) -> tuple[InImage, ...]:
    """Every such file; one that is mounted into the container, or whose place can't be known, is left out."""
    return tuple(_in_images(project))


def _in_images(project: Project) -> Iterator[InImage]:
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
            if inner is not None:
                there = exists(project, command.document, posixpath.join(service.context, inner))
                yield InImage(command, service, path, inner, in_context=there)


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
        mounted = target.rstrip("/").removeprefix("./")
        if (
            mounted == workdir
            or f"{workdir}/{inner}".startswith(mounted + "/")
            or f"{workdir}/{inner}" == mounted
        ):
            return None
    return inner
