"""Which scripts of the repository the manuals start by their name alone, so that the system has to know how."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from repolint.facts.files.paths import file_of, judgeable
from repolint.facts.manual.commands import commands, commands_here

if TYPE_CHECKING:
    from repolint.facts.manual.commands import Command
    from repolint.project import Project


def started_scripts(project: Project) -> tuple[tuple[Command, str], ...]:
    """Each script once per manual, with the command that starts it first."""
    first: dict[tuple[str, str], tuple[Command, str]] = {}
    changed = project.fact(_changed_modes)
    for command in commands_here(project):
        word = command.argv[0]
        typed = command.fenced or command.wrapper or word.startswith("./")  # else it is only spoken of
        if (
            not typed
            or "/" not in word
            or not judgeable(word.removeprefix("./"))
            or (not command.fenced and len(command.argv) == 1 and _is_mounted(command))
        ):
            continue
        file = file_of(project, command.document, word.removeprefix("./"), command.folder)
        if (
            file is not None
            and file.endswith((".sh", ".py", ".bash", ".pl", ".rb"))
            and not changed.get(command.document.file, set()) & {posixpath.basename(word), "*"}
        ):
            first.setdefault((command.document.file, file), (command, file))
    return tuple(first.values())


def _is_mounted(command: Command) -> bool:
    """Whether the line also says where the file stands inside a container: then it is spoken of, and not run."""
    end = "/" + posixpath.basename(command.argv[0])
    codes = [code.text for code in command.document.codes if code.line == command.line]
    return any(text.startswith("/") and text.endswith(end) for text in codes)


def _changed_modes(project: Project) -> dict[str, set[str]]:
    """Per manual the names of the files that its reader makes executable, `*` for any."""
    names: dict[str, set[str]] = {}
    for command in commands(project):
        if command.name == "chmod":
            words = command.argv[1:]
            changed = {"*" if "*" in word or word == "-R" else posixpath.basename(word) for word in words}
            names.setdefault(command.document.file, set()).update(changed)
    return names


def is_executable(project: Project, file: str) -> bool:
    """Whether its owner may execute it."""
    return bool((project.root / file).stat().st_mode & 0o100)
