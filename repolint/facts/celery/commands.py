"""The celery commands of the manuals, read with Celery's own command line."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from repolint.facts.manual.commands import commands
from repolint.facts.manual.shell import WILD
from repolint.facts.manual.words import nearest

if TYPE_CHECKING:
    from click import Command as ClickCommand

    from repolint.facts.manual.commands import Command
    from repolint.project import Project

_PLUGINS = frozenset({"flower", "batches", "redbeat"})


class Call(NamedTuple):
    """A celery command taken apart. `path`: subcommands that exist; `unknown`: a subcommand or option that does not."""

    path: tuple[str, ...]
    unknown: str
    near: str
    rest: tuple[str, ...]

    @property
    def program(self) -> str:
        """The command as far as Celery has it."""
        return " ".join(("celery", *self.path))


def celery_commands(project: Project) -> tuple[Command, ...]:
    """Every celery command of the manuals."""
    invocations = []
    for command in commands(project):
        if command.name == "celery":
            invocations.append(command)
        elif command.argv[1:3] == ("-m", "celery"):
            invocations.append(replace(command, argv=("celery", *command.argv[3:])))
    return tuple(invocations)


def celery_calls(project: Project) -> tuple[tuple[Command, Call], ...]:
    """Those that can be taken apart: no placeholder stands where a word decides, and no plugin answers."""
    return tuple(
        (command, call)
        for command in project.fact(celery_commands)
        if (call := _read_call(command)) is not None
    )


def asks_for_old_celery(project: Project) -> bool:
    """Whether the repository asks for a Celery before 5, which had another command line."""
    version = re.compile(
        r"(?im)^\s*[\"']?celery(?:\[[\w, ]+\])?[\"']?\s*(?:==|~=|<|=\s*[\"'][\^~=]*)\s*[\"']?([0-9]+)"
    )
    return any(
        int(match[1]) < 5
        for file in project.matching("requirements.txt", "pyproject.toml", "Pipfile")
        for match in version.finditer(project.text(file))
    )


def _read_call(command: Command) -> Call | None:
    from celery.bin.celery import celery
    from click import Group

    here: ClickCommand = celery
    path: tuple[str, ...] = ()
    words = list(command.argv[1:])
    while words:
        word = words.pop(0)
        if WILD in word.split("=", 1)[0]:
            if isinstance(here, Group):
                return None
        elif word.startswith("-") and not re.fullmatch(r"-\d*", word):
            unknown = _take_option(here, word, words)
            if unknown and path[:1] != ("multi",):
                return Call(path, unknown, nearest(unknown, _options(here), 0.7), tuple(words))
        elif not isinstance(here, Group):
            return Call(path, "", "", (word, *words))
        elif word in here.commands:
            here = here.commands[word]
            path = (*path, word)
        else:
            return (
                None
                if word in _PLUGINS
                else Call(path, word, nearest(word, here.commands, 0.7), tuple(words))
            )
    return Call(path, "", "", ())


def _take_option(command: ClickCommand, word: str, words: list[str]) -> str:
    """Takes the option's value from `words`, too; returns the option where the command does not know it."""
    options = _options(command)
    key = word.split("=", 1)[0] if word.startswith("--") else word[:2]
    if key not in options:
        return "" if command.ignore_unknown_options or word == "--help" else key
    if options[key] and word == key and words:
        words.pop(0)
    return ""


@cache
def _options(command: ClickCommand) -> dict[str, bool]:
    """Each spelling of each option, and whether a value follows it."""
    options = {}
    for parameter in command.params:
        takes = not getattr(parameter, "is_flag", False) and not getattr(parameter, "count", False)
        for spelling in (*parameter.opts, *parameter.secondary_opts):
            if spelling.startswith("-"):
                options[spelling] = takes
    return options
