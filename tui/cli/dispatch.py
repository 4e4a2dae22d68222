"""From arguments to a command: finds its module, reads its options, runs it; what a person did wrong is one line."""

from __future__ import annotations

import pkgutil
from importlib import import_module
from itertools import groupby
from typing import TYPE_CHECKING

import tui
from core.errors import WarroomError
from tui.cli import commands
from tui.cli.command import Invocation
from tui.cli.parser import VALUE_OPTIONS, Parser, add_shared_options, translate_argparse
from tui.runtime.exit import ExitCode
from tui.runtime.log import open_log
from tui.runtime.output import write_error, write_result

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui.cli.command import Command
    from tui.i18n import Language


def command_names() -> list[str]:
    """The commands, by the files of their package; none is imported."""
    return [module.name for module in pkgutil.iter_modules(commands.__path__)]


def load_command(name: str) -> Command:
    """The command of a module in `tui/cli/commands`."""
    command: Command = import_module(f"{commands.__name__}.{name}").COMMAND
    return command


def dispatch(arguments: list[str], words: Language) -> int:
    """Run the command that `arguments` name; without one, the board."""
    open_log()
    names = command_names()
    name, rest = _split(arguments, names)
    if name is None:
        if any(argument in ("-h", "--help") for argument in arguments):
            write_result(_overview(words, names))
            return ExitCode.OK
        unknown = _first_word(arguments)
        if unknown is not None:
            hint = _did_you_mean(unknown, names, words)
            return _fail(words, words.text("cli.unknown_command", name=unknown, hint=hint))
        name = "board"
    return _run(name, rest, words)


def _run(name: str, arguments: list[str], words: Language) -> int:
    translate_argparse(words)
    try:
        command = load_command(name)
        parser = Parser(
            prog=f"warroom {name}",
            description=words.text(command.summary),
            epilog=words.text("cli.exit_codes"),
            add_help=False,
        )
        add_shared_options(parser, words, has_json=command.has_json)
        command.add_arguments(parser, words)
        args = parser.parse_args(arguments)
        return int(command.run(args, Invocation(words, args.config, args.json)))
    except WarroomError as error:
        return _fail(words, words.say(error.message))


def _split(arguments: list[str], names: Sequence[str]) -> tuple[str | None, list[str]]:
    """The command's name and the other arguments; shared options may stand before it."""
    index = _first_word_index(arguments)
    if index < len(arguments) and arguments[index] in names:
        return arguments[index], arguments[:index] + arguments[index + 1 :]
    return None, arguments


def _first_word(arguments: list[str]) -> str | None:
    index = _first_word_index(arguments)
    return arguments[index] if index < len(arguments) else None


def _first_word_index(arguments: list[str]) -> int:
    """Where the first argument stands that is neither an option nor the value of one."""
    index = 0
    while index < len(arguments) and arguments[index].startswith("-"):
        index += 2 if arguments[index] in VALUE_OPTIONS else 1
    return index


def _did_you_mean(name: str, names: Sequence[str], words: Language) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name, names, n=1)
    return words.text("cli.did_you_mean", name=near[0]) if near else ""


def _overview(words: Language, names: Sequence[str]) -> str:
    """All commands with their summaries, a paragraph a group."""
    listed = sorted(
        (command.group, name, command.summary) for name in names for command in [load_command(name)]
    )
    width = max(len(name) for name in names)
    lines = [
        f"warroom {tui.__version__} — {words.text('cli.description')}",
        "",
        f"{words.text('cli.usage')}warroom [--config FILE] [--lang {{en,zh}}] [COMMAND] …",
        words.text("cli.no_command"),
        "",
        f"{words.text('cli.commands')}:",
    ]
    for _, group in groupby(listed, key=lambda entry: entry[0]):
        lines += [*(f"  {name:<{width}}  {words.text(summary)}" for _, name, summary in group), ""]
    return "\n".join([*lines, words.text("cli.exit_codes")]) + "\n"


def _fail(words: Language, text: str) -> int:
    write_error(words.text("cli.error", text=text))
    return ExitCode.USAGE
