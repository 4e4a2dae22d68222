"""`warroom`: the live board."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from core.errors import WarroomError
from core.message import say
from tui.cli.command import Command, Group
from tui.runtime.output import write_error
from tui.theme import THEME_NAMES

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from tui.app import Warroom
    from tui.cli.command import Invocation
    from tui.i18n import Language

CLOSE_TIMEOUT_S = 0.5
"""So long who leaves waits for the sources to take off the broker what a Redis would keep for ever; those that hang do not matter."""


def add_arguments(parser: argparse.ArgumentParser, words: Language) -> None:
    """Its looks."""
    parser.add_argument("--theme", choices=THEME_NAMES, help=words.text("board.option_theme"))


def run(args: argparse.Namespace, invocation: Invocation) -> int:
    """Open the board; a configuration that can't be used ends it with one line. An open incident and what runs go on, and that is said."""
    app, code = open_board(args, invocation)
    goodbyes = app.incidents.exit_message(), app.runs.exit_message(), app.drill_master.exit_message()
    for goodbye in goodbyes:
        if goodbye is not None:
            write_error(app.words.say(goodbye))
    if app.signals_thread:
        with suppress(KeyboardInterrupt):
            app.signals_thread.wait_stopped(CLOSE_TIMEOUT_S)
    return code


def require_terminal() -> None:
    """Raises `WarroomError` where no screen can be drawn: without a terminal Textual reads its end for ever."""
    from tui.runtime.terminal import has_terminal

    if not has_terminal():
        raise WarroomError(say("board.no_terminal"))


def open_board(
    args: argparse.Namespace,
    invocation: Invocation,
    code_of: Callable[[int], int] = lambda number: 128 + number,
    prepare: Callable[[Warroom], None] = lambda _: None,
) -> tuple[Warroom, int]:
    """The program as it was left, and its exit code; `code_of` gives that of a signal. `prepare` has the program before it starts."""
    from tui.app import Warroom

    require_terminal()
    from tui.runtime.malloc import limit_arenas
    from tui.runtime.quit import EXIT_TIMEOUT_S, prompt_exit

    limit_arenas()
    app = Warroom(invocation.config, invocation.words, theme=args.theme, language_given=args.lang is not None)
    app.config_path = invocation.config_path
    prepare(app)
    with prompt_exit(app, code_of):
        line = app.run()
        if not app.incidents.wait_closed(EXIT_TIMEOUT_S):
            write_error(invocation.words.text("board.journal_silent"))
    if line is not None:
        write_error(invocation.words.text("cli.error", text=line))
    return app, app.return_code or 0


COMMAND = Command(
    group=Group.LIVE,
    summary="board.summary",
    add_arguments=add_arguments,
    run=run,
    has_json=False,
)
