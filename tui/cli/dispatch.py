"""From arguments to a command: options that all commands share, help in either language, errors as one line."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import tui
from core.errors import WarroomError
from tui.cli.command import Invocation
from tui.cli.main import ExitCode
from tui.cli.parser import speak
from tui.i18n import CODES, Language, choose_language

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tui.cli.main import CommandModule


class Parser(argparse.ArgumentParser):
    """argparse with one clear line for an error and the documented exit code."""

    def error(self, message: str) -> NoReturn:
        """One line on stderr, exit code 3."""
        self.exit(ExitCode.USAGE, f"warroom: {message}\n")


def dispatch(arguments: list[str], commands: Sequence[str], load: Callable[[str], CommandModule]) -> int:
    """Run the command that `arguments` name; without one, the board."""
    words = choose_language(_asked_language(arguments))
    name, rest = _split(arguments, commands)
    if name is None:
        if any(argument in ("-h", "--help") for argument in arguments):
            sys.stdout.write(_overview(words, commands))
            return ExitCode.OK
        stray = _stray(arguments)
        if stray is not None:
            hint = _near(stray, commands, words)
            return _fail(words, words.text("cli.unknown_command", name=stray, hint=hint), ExitCode.USAGE)
        name = "board"
    return _run(name, rest, words, load)


def _run(name: str, rest: list[str], words: Language, load: Callable[[str], CommandModule]) -> int:
    speak(words)
    try:
        module = load(name)
        parser = Parser(
            prog=f"warroom {name}",
            description=words.text(f"cli.summary_{name}"),
            epilog=words.text("cli.exit_codes"),
            add_help=False,
        )
        add_shared_options(parser, words, facts=name not in _NO_FACTS)
        module.add_arguments(parser, words)
        args = parser.parse_args(rest)
        return int(module.run(args, Invocation(words, args.config, args.json)))
    except WarroomError as error:
        return _fail(words, words.say(error.message), ExitCode.USAGE)
    except KeyboardInterrupt:
        return _fail(words, words.text("cli.interrupted"), ExitCode.INTERRUPTED)
    except BrokenPipeError:
        sys.stderr.close()
        return ExitCode.OK
    except Exception as error:  # noqa: BLE001  # the last line of defence: a traceback goes to the log, a sentence to the person
        from tui.runtime.log import log_crash

        log = log_crash(error)
        return _fail(
            words, words.text("cli.crashed", error=f"{type(error).__name__}", log=str(log)), ExitCode.CRASHED
        )


def add_shared_options(parser: argparse.ArgumentParser, words: Language, *, facts: bool = True) -> None:
    """The options that every command takes; `--json` is for those that return facts."""
    parser.add_argument("-h", "--help", action="help", help=words.text("cli.option_help"))
    parser.add_argument("--config", type=Path, metavar="FILE", help=words.text("cli.option_config"))
    parser.add_argument("--lang", choices=CODES, help=words.text("cli.option_lang"))
    parser.set_defaults(json=False)
    if facts:
        parser.add_argument("--json", action="store_true", help=words.text("cli.option_json"))


_NO_FACTS = ("board", "sandbox", "init")


def _asked_language(arguments: list[str]) -> str | None:
    for index, argument in enumerate(arguments):
        if argument.startswith("--lang="):
            return argument.removeprefix("--lang=")
        if argument == "--lang" and index + 1 < len(arguments):
            return arguments[index + 1]
    return None


_TAKES_VALUE = ("--config", "--lang", "--theme")
"""Options that may stand before a command or without one; the last is the board's own."""


def _split(arguments: list[str], commands: Sequence[str]) -> tuple[str | None, list[str]]:
    """The command's name and the other arguments; shared options may stand before it."""
    index = 0
    while index < len(arguments) and arguments[index].startswith("-"):
        index += 2 if arguments[index] in _TAKES_VALUE else 1
    if index < len(arguments) and arguments[index] in commands:
        return arguments[index], arguments[:index] + arguments[index + 1 :]
    return None, arguments


def _stray(arguments: list[str]) -> str | None:
    index = 0
    while index < len(arguments):
        if not arguments[index].startswith("-"):
            return arguments[index]
        index += 2 if arguments[index] in _TAKES_VALUE else 1
    return None


def _near(name: str, commands: Sequence[str], words: Language) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name, commands, n=1)
    return words.text("cli.did_you_mean", name=near[0]) if near else ""


def _overview(words: Language, commands: Sequence[str]) -> str:
    width = max(len(command) for command in commands)
    lines = [
        f"warroom {tui.__version__} — {words.text('cli.description')}",
        "",
        f"{words.text('cli.usage')}warroom [--config FILE] [--lang {{en,zh}}] [COMMAND] …",
        words.text("cli.no_command"),
        "",
        f"{words.text('cli.commands')}:",
        *(f"  {command:<{width}}  {words.text(f'cli.summary_{command}')}" for command in commands),
        "",
        words.text("cli.exit_codes"),
    ]
    return "\n".join(lines) + "\n"


def _fail(words: Language, text: str, code: ExitCode) -> int:
    sys.stderr.write(words.text("cli.error", text=text) + "\n")
    return code
