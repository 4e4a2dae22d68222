"""What a command of the command line is, and what it is given when it runs.

A command is one module in `tui/cli/commands`: its file name is its name, its `COMMAND` says the rest.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

from tui.runtime.output import write_json, write_notice, write_result

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable
    from pathlib import Path

    from core.message import Message
    from tui.config.model import Config
    from tui.i18n import Language


class Group(IntEnum):
    """Where `--help` lists a command: groups in this order, in each of them by name."""

    LIVE = 1
    SETUP = 2
    OBSERVE = 3
    RESPOND = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Its summary (a key of the catalogue), its options, and what it does; `run` returns the exit code."""

    group: Group
    summary: str
    add_arguments: Callable[[argparse.ArgumentParser, Language], None]
    run: Callable[[argparse.Namespace, Invocation], int]
    has_json: bool = True
    """Whether it takes `--json`."""


@dataclass(frozen=True, slots=True)
class Invocation:
    """One call of the program: language, configuration file and output format."""

    words: Language
    config_path: Path | None
    json: bool

    def config(self) -> Config:
        """The whole configuration, its secrets mask in the log; raises `ConfigError` with file, line, key, hint."""
        from tui.config.file import find_config
        from tui.config.load import load_config
        from tui.config.secrets import collect_secrets
        from tui.runtime.log import mask_in_log

        config = load_config(find_config(self.config_path))
        mask_in_log(collect_secrets(config))
        return config

    def print_line(self, line: str) -> None:
        """Write a line of the result on standard output."""
        write_result(line + "\n")

    def print_json(self, value: object) -> None:
        """Write a result as one line of JSON on standard output."""
        write_json(value)

    def print_notice(self, message: Message) -> None:
        """Tell the person something on standard error; standard output is for results alone."""
        write_notice(self.words.say(message) + "\n")
