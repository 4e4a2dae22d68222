"""`warroom sandbox`: a disposable stack of real parts, and the board over it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from dataclasses import astuple
from pathlib import Path
from typing import TYPE_CHECKING

from sandbox.stack import choose_ports, config_text
from signals.errors import ConfigError
from signals.message import say
from tui.cli import ExitCode
from tui.invocation import Invocation

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from tui.language import Language

STOP_LIMIT_S = 20.0


def add_arguments(parser: argparse.ArgumentParser, words: Language) -> None:
    """Its own options."""
    parser.add_argument("--headless", action="store_true", help=words.text("sandbox.option_headless"))
    parser.add_argument("--seconds", type=float, metavar="N", help=words.text("sandbox.option_seconds"))
    parser.add_argument("--keep", action="store_true", help=words.text("sandbox.option_keep"))
    parser.add_argument(
        "--write-config", type=Path, metavar="FILE", help=words.text("sandbox.option_write_config")
    )
    parser.add_argument("--seed", type=int, default=1, metavar="N", help=words.text("sandbox.option_seed"))


def run(args: argparse.Namespace, invocation: Invocation) -> int:
    """Start, show, take down."""
    folder = Path(tempfile.mkdtemp(prefix="warroom-sandbox-"))
    folder.chmod(0o711)  # Postgres may run as another user, who must pass through
    ports = choose_ports()
    path: Path = args.write_config or folder / "warroom.toml"
    try:
        path.write_text(config_text(ports), encoding="utf-8")
    except OSError as error:
        folder.rmdir()
        raise ConfigError(say("config.unwritable", file=str(path), detail=error.strerror or "")) from error
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: _interrupt(stop))
    command = [
        sys.executable,
        "-m",
        "sandbox.stack",
        str(folder),
        ",".join(map(str, astuple(ports))),
        str(args.seed),
    ]
    with _stack([*command, "keep" if args.keep else "remove"], folder) as process:
        if args.headless:
            code = _headless(process, path, args.seconds, stop, invocation, log=folder / "stack.log")
        else:
            if args.seconds:
                threading.Timer(args.seconds, lambda: signal.raise_signal(signal.SIGTERM)).start()
            from tui.commands.board import run as open_board

            code = open_board(args, Invocation(invocation.words, path, json=False))
    if args.keep:
        invocation.remark(say("sandbox.kept", folder=str(folder)))
    return code


def _interrupt(stop: threading.Event) -> None:
    stop.set()
    raise KeyboardInterrupt


@contextmanager
def _stack(command: list[str], folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The stack in a session of its own; it ends when our end of its standard input closes, however we end."""
    root = Path(__file__).resolve().parent.parent.parent
    with (folder / "stack.log").open("wb") as log:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            start_new_session=True,
            cwd=root,
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


def _headless(
    process: subprocess.Popen[bytes],
    path: Path,
    seconds: float | None,
    stop: threading.Event,
    invocation: Invocation,
    *,
    log: Path,
) -> int:
    line = process.stdout.readline() if process.stdout else b""
    if not line:
        invocation.remark(say("sandbox.failed", log=str(log)))
        return ExitCode.CRASHED
    invocation.fact_json({**json.loads(line), "config": str(path)})
    sys.stdout.flush()
    deadline = time.monotonic() + seconds if seconds else None
    while process.poll() is None and not stop.is_set() and (deadline is None or time.monotonic() < deadline):
        stop.wait(0.2)
    return ExitCode.OK
