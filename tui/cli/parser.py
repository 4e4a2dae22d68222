"""The argument parser of every command: the options that all share, one line for an error, argparse in two languages."""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from tui.i18n import CODES, read_namespace
from tui.runtime.exit import ExitCode
from tui.runtime.output import write_error, write_notice, write_result

if TYPE_CHECKING:
    from _typeshed import SupportsWrite

    from tui.i18n import Language

VALUE_OPTIONS = ("--config", "--lang", "--theme")
"""Options with a value that may stand before a command or without one; the last is the board's own."""


_EXPRESSION = re.compile(r"-(?!-|h$).")
"""A minus and something, but `--option` and `-h`: no option of ours, but what begins a PromQL expression, as `-2^2`."""


class Parser(argparse.ArgumentParser):
    """argparse with one clear line for an error and the documented exit code."""

    def error(self, message: str) -> NoReturn:
        """One line on stderr, exit code 3."""
        write_error(f"warroom: {message}")
        self.exit(ExitCode.USAGE)

    def _parse_optional(self, arg_string: str) -> Any:
        return (
            None if _EXPRESSION.match(arg_string) else super()._parse_optional(arg_string)
        )  # argparse has no public way to say so

    def _print_message(self, message: str, file: SupportsWrite[str] | None = None) -> None:
        (write_result if file is sys.stdout else write_notice)(message or "")


def add_shared_options(parser: argparse.ArgumentParser, words: Language, *, has_json: bool = True) -> None:
    """The options that every command takes; `--json` is for those that print results."""
    parser.add_argument("-h", "--help", action="help", help=words.text("cli.option_help"))
    parser.add_argument("--config", type=Path, metavar="FILE", help=words.text("cli.option_config"))
    parser.add_argument("--lang", choices=CODES, help=words.text("cli.option_lang"))
    parser.set_defaults(json=False)
    if has_json:
        parser.add_argument("--json", action="store_true", help=words.text("cli.option_json"))


def translate_argparse(words: Language) -> None:
    """Let argparse say its usage, headings and errors in this language; one without a translation stays English."""
    translated, english = read_namespace(words.code, "argparse"), read_namespace("en", "argparse")
    by_text = {text: translated[key] for key, text in english.items() if key in translated}

    def gettext(text: str) -> str:
        return by_text.get(text, text)

    def ngettext(singular: str, plural: str, count: int) -> str:
        return gettext(singular if count == 1 else plural)

    # argparse takes its texts from gettext, whose only public way in is a compiled catalogue on the disk.
    argparse.__dict__.update({"_": gettext, "ngettext": ngettext})
