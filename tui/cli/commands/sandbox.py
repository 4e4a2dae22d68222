"""`warroom sandbox`: a disposable stack of real parts, and the board over it."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import ConfigError
from core.message import say
from core.text import clean
from sandbox.ports import choose_ports
from sandbox.stack import Traffic
from sandbox.start import start_sandbox
from sandbox.tour import RUNBOOKS
from tui.cli.command import Command, Group, Invocation
from tui.cli.commands.board import add_arguments as add_board_arguments
from tui.cli.commands.board import require_terminal
from tui.config.file import find_config
from tui.runtime.exit import ExitCode
from tui.runtime.output import flush_results

if TYPE_CHECKING:
    import argparse

    from core.message import Message
    from sandbox.settings import SandboxSettings
    from sandbox.start import Started
    from tui.app import Warroom
    from tui.i18n import Language


def add_arguments(parser: argparse.ArgumentParser, words: Language) -> None:
    """Its own options, and those of the board that it opens."""
    add_board_arguments(parser, words)
    parser.add_argument("--headless", action="store_true", help=words.text("sandbox.option_headless"))
    parser.add_argument("--tour", action="store_true", help=words.text("tour.option"))
    parser.add_argument("--seconds", type=float, metavar="N", help=words.text("sandbox.option_seconds"))
    parser.add_argument("--keep", action="store_true", help=words.text("sandbox.option_keep"))
    parser.add_argument(
        "--write-config", type=Path, metavar="FILE", help=words.text("sandbox.option_write_config")
    )
    parser.add_argument("--seed", type=int, metavar="N", help=words.text("sandbox.option_seed"))


def run(args: argparse.Namespace, invocation: Invocation) -> int:
    """Start, show, take down."""
    if not args.headless:
        require_terminal()  # before anything is started
    return _run(args, invocation)


def _run(args: argparse.Namespace, invocation: Invocation) -> int:
    settings = _settings(args)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: _interrupt(stop))
    ports = choose_ports(settings)
    ending, code = _Ending(), int(ExitCode.OK)
    traffic = _traffic(args, settings)
    runbooks = None if args.headless else RUNBOOKS
    strategy = "blue-green" if settings is None else settings.strategy
    with start_sandbox(
        ports, traffic, keep=args.keep, strategy=strategy, config=args.write_config, runbooks=runbooks
    ) as stack:
        threading.Thread(target=_watch, args=(stack, args, invocation, ending), daemon=True).start()
        try:
            if args.headless:
                stop.wait()
                code = int(ExitCode.INTERRUPTED)
            else:
                from tui.cli.commands.board import open_board

                board = Invocation(invocation.words, stack.config, json=False)
                # The end of the time that was asked for is no interruption, although a signal brings it.
                app, code = open_board(
                    args,
                    board,
                    lambda number: 0 if ending.due else 128 + number,
                    lambda app: app.offer_tour(stack.config, stack.folder, begins=args.tour),
                )
                _tell_report(app, invocation)
        except (KeyboardInterrupt, SystemExit):
            if not ending.due:
                raise
        finally:
            ending.over.set()
    if ending.due:  # no person ended it
        code = int(ExitCode.OK)
    if ending.problem is not None:
        invocation.print_notice(ending.problem)
        code = ExitCode.CRASHED
    if args.keep:
        invocation.print_notice(say("sandbox.kept", folder=str(stack.folder)))
    return code


def _tell_report(app: Warroom, invocation: Invocation) -> None:
    tour = app.tour.exit_message() if app.tour is not None else None
    for written in filter(None, (tour, app.drill_master.exit_message())):
        invocation.print_notice(written)


def _settings(args: argparse.Namespace) -> SandboxSettings | None:
    """The `[sandbox]` section of the configuration, where there is one; nobody needs one."""
    try:
        path = find_config(args.config)
    except ConfigError:
        return None
    from tui.config.load import load_sandbox  # here, so that without a file nothing keeps the board waiting

    return load_sandbox(path)


def _traffic(args: argparse.Namespace, settings: SandboxSettings | None) -> Traffic:
    traffic = Traffic() if settings is None else Traffic(settings.seed, settings.load, settings.concurrency)
    return traffic if args.seed is None else replace(traffic, seed=args.seed)


@dataclass(slots=True)
class _Ending:
    """Why the command ends, when no person ended it."""

    due: bool = False
    problem: Message | None = None
    over: threading.Event = field(default_factory=threading.Event)


def _watch(
    stack: Started,
    args: argparse.Namespace,
    invocation: Invocation,
    ending: _Ending,
) -> None:
    """Tell when the stack is up; end the command when its time is over or the stack is gone."""
    answer = stack.answer()
    if answer.get("ready"):
        if args.headless:
            invocation.print_json({**answer, "config": str(stack.config)})
            flush_results()
        ending.due = _runs_for(stack.process, args.seconds)
        problem = None if ending.due else say("sandbox.gone")
    else:
        problem = say("sandbox.failed", detail=clean(str(answer.get("detail", ""))))
    if ending.over.is_set():
        return  # a person was faster
    ending.due, ending.problem = True, problem
    os.kill(os.getpid(), signal.SIGTERM)  # the one way to end both a screen and a wait; `_interrupt` takes it


def _runs_for(process: subprocess.Popen[bytes], seconds: float | None) -> bool:
    """Wait for the end of the stack; true when `seconds` were over before."""
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return True
    return False


def _interrupt(stop: threading.Event) -> None:
    if not stop.is_set():  # a second signal must not interrupt the tidying up
        stop.set()
        raise KeyboardInterrupt


COMMAND = Command(
    group=Group.LIVE,
    summary="sandbox.summary",
    add_arguments=add_arguments,
    run=run,
    has_json=False,
)
