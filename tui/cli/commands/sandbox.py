"""`warroom sandbox`: a disposable stack of real parts, and the board over it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import tempfile
import threading
from contextlib import contextmanager
from dataclasses import astuple, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import ConfigError
from core.message import say
from core.own_python import module_command, own_environment
from core.text import clean
from sandbox.access import write_access
from sandbox.stack import Traffic, choose_ports, config_text
from tui.cli.command import Command, Group, Invocation
from tui.cli.commands.board import add_arguments as add_board_arguments
from tui.cli.commands.board import require_terminal
from tui.config.file import find_config
from tui.runtime.exit import ExitCode
from tui.runtime.output import flush_results

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from core.message import Message
    from sandbox.settings import SandboxSettings
    from tui.i18n import Language

STOP_LIMIT_S = 20.0


def add_arguments(parser: argparse.ArgumentParser, words: Language) -> None:
    """Its own options, and those of the board that it opens."""
    add_board_arguments(parser, words)
    parser.add_argument("--headless", action="store_true", help=words.text("sandbox.option_headless"))
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
    folder = Path(tempfile.mkdtemp(prefix="warroom-sandbox-"))
    if os.geteuid() == 0:
        folder.chmod(0o711)  # Postgres then runs as another user, who must pass through
    os.umask(0o077)  # nothing of it is anybody else's
    access = write_access(folder)
    path: Path = args.write_config or folder / "warroom.toml"
    try:
        # What is played here does not belong among the user's own incidents.
        journal = json.dumps(f"sqlite:///{folder}/journal.db")
        path.write_text(f"{config_text(ports, access)}\n[journal]\nurl = {journal}\n", encoding="utf-8")
    except OSError as error:
        shutil.rmtree(folder)
        raise ConfigError(say("config.unwritable", file=str(path), detail=error.strerror or "")) from error
    options = (",".join(map(str, astuple(option))) for option in (ports, _traffic(args, settings)))
    command = module_command("sandbox.stack", str(folder), *options, "keep" if args.keep else "remove")
    ending, code = _Ending(), int(ExitCode.OK)
    with _stack(command, folder) as process:
        threading.Thread(target=_watch, args=(process, path, args, invocation, ending), daemon=True).start()
        try:
            if args.headless:
                stop.wait()
                code = int(ExitCode.INTERRUPTED)
            else:
                from tui.cli.commands.board import open_board

                board = Invocation(invocation.words, path, json=False)
                # The end of the time that was asked for is no interruption, although a signal brings it.
                _, code = open_board(args, board, lambda number: 0 if ending.due else 128 + number)
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
        invocation.print_notice(say("sandbox.kept", folder=str(folder)))
    return code


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
    process: subprocess.Popen[bytes],
    path: Path,
    args: argparse.Namespace,
    invocation: Invocation,
    ending: _Ending,
) -> None:
    """Tell when the stack is up; end the command when its time is over or the stack is gone."""
    line = process.stdout.readline() if process.stdout else b""
    answer = json.loads(line) if line else {}
    if answer.get("ready"):
        if args.headless:
            invocation.print_json({**answer, "config": str(path)})
            flush_results()
        ending.due = _runs_for(process, args.seconds)
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


@contextmanager
def _stack(command: list[str], folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The stack in a session of its own; it ends when our end of its standard input closes, however we end."""
    with (folder / "stack.log").open("wb") as log:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            start_new_session=True,
            env=own_environment(),
            cwd=folder,
        )
    try:
        yield process
    finally:
        if process.stdin:
            process.stdin.close()
        try:
            process.wait(STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            process.kill()


COMMAND = Command(
    group=Group.LIVE,
    summary="sandbox.summary",
    add_arguments=add_arguments,
    run=run,
    has_json=False,
)
