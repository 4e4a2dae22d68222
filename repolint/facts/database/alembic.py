"""The alembic commands of the manuals, read with Alembic's own command line."""

from __future__ import annotations

import argparse
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple

from repolint.facts.manual.commands import commands
from repolint.facts.manual.shell import WILD
from repolint.facts.manual.words import nearest

if TYPE_CHECKING:
    from repolint.facts.manual.commands import Command
    from repolint.project import Project

NEEDS_SCRIPTS: Final = frozenset(
    [
        "upgrade",
        "downgrade",
        "revision",
        "current",
        "history",
        "heads",
        "stamp",
        "show",
        "merge",
        "check",
        "branches",
        "edit",
    ]
)
SAMPLE_REVISION: Final = re.compile(
    r"(?i)abc\d*|abcdef\w*|1234\w*|xxx+\w*|rev\w*|ae10\w*|27c6a\w*|<.*|\w*_?id|revision\w*|target\w*|previous\w*|version\w*"
)
"""What stands for a revision in examples, those of Alembic's documentation among them."""


class Call(NamedTuple):
    """An alembic command taken apart, with the subcommand or option that does not exist."""

    subcommand: str
    rest: tuple[str, ...]
    unknown: str = ""
    near: str = ""

    @property
    def program(self) -> str:
        """The command as far as Alembic has it."""
        return f"alembic {self.subcommand}".strip()


def alembic_commands(project: Project) -> tuple[Command, ...]:
    """Every alembic command of the manuals."""
    invocations = []
    for command in commands(project):
        if command.name == "alembic" and "/" not in command.argv[0]:
            invocations.append(command)
        elif command.argv[1:3] == ("-m", "alembic"):
            invocations.append(replace(command, argv=("alembic", *command.argv[3:])))
    return tuple(invocations)


def alembic_calls(project: Project) -> tuple[tuple[Command, Call], ...]:
    """Those with a subcommand, or with one that Alembic does not have."""
    commands = project.fact(alembic_commands)
    if not commands:
        return ()
    own, subcommands = _grammar()
    return tuple((command, call) for command in commands if (call := _read_call(command, own, subcommands)))


def _grammar() -> tuple[dict[str, bool], dict[str, dict[str, bool]]]:
    """Alembic's own options and those of each subcommand, and whether a value follows."""
    from alembic.config import CommandLine

    parser = CommandLine("alembic").parser
    subcommands: dict[str, dict[str, bool]] = {}
    for action in parser._actions:  # noqa: SLF001  # argparse has no public way to list what it knows
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001  # as above
            subcommands = {word: _options(inner) for word, inner in action.choices.items()}
    return _options(parser), subcommands


def _options(parser: argparse.ArgumentParser) -> dict[str, bool]:
    return {spelling: action.nargs != 0 for action in parser._actions for spelling in action.option_strings}  # noqa: SLF001  # as above


def _read_call(
    command: Command, own: dict[str, bool], subcommands: dict[str, dict[str, bool]]
) -> Call | None:
    words, options, subcommand = list(command.argv[1:]), own, ""
    rest: list[str] = []
    while words:
        word = words.pop(0)
        if word.startswith("-") and not re.fullmatch(r"-\d+", word):
            key = word.split("=", 1)[0] if word.startswith("--") else word[:2]
            matches = [o for o in options if o == key or (key.startswith("--") and o.startswith(key))]
            if not matches:
                return Call(subcommand, tuple(rest), key, nearest(key, options, 0.7))
            if options[matches[0]] and "=" not in word and (word == key):
                words = words[1:]
        elif WILD in word or subcommand:
            rest.append(word)
        elif word in subcommands:
            subcommand, options = word, subcommands[word]
        else:
            return Call("", (), word, nearest(word, subcommands, 0.7))
    return Call(subcommand, tuple(rest)) if subcommand else None
