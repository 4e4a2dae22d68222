"""Runs the command line for a test, forked from a process that has imported it already: a start costs 0.3 s of CPU.

The fork has its own environment, folder, arguments and files, and goes through the real entry point (`warroom.main`).
A test about the start itself, a terminal or a locale starts the real program (`tests.terminal.PROGRAM`).
"""

from __future__ import annotations

import array
import atexit
import contextlib
import functools
import gc
import importlib
import json
import os
import pkgutil
import runpy
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NoReturn

from tests.terminal import PROGRAM

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ROOT = str(Path(__file__).resolve().parents[1])
ROOMS = ("actions", "incidents", "response", "runbooks", "tui.cli", "tui.config")
LIBRARIES = ("alembic.command", "httpx", "psycopg", "pydantic", "redis", "sqlalchemy.dialects.sqlite", "yaml")
"""What most commands import when they are asked."""
_starting = threading.Lock()


def run_program(
    *arguments: str,
    env: Mapping[str, str],
    cwd: str | Path,
    stdin: IO[bytes] | None = None,
    timeout: float = 60,
) -> subprocess.CompletedProcess[str]:
    """Run `warroom` with these arguments to its end; raises `subprocess.TimeoutExpired` for one that goes on.

    What Python reads of the environment when it starts (`PYTHONPATH` …) gets a start of its own where it differs.
    """
    if python_settings(env) != python_settings(os.environ):
        command = [sys.executable, "-m", "warroom", *arguments]
        return subprocess.run(
            command,
            cwd=cwd,
            env=env,
            stdin=stdin,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
    ours, theirs = socket.socketpair()
    with (
        ours,
        tempfile.TemporaryFile() as out,
        tempfile.TemporaryFile() as err,
        Path(os.devnull).open("rb") as nothing,
    ):
        request = json.dumps({"argv": arguments, "env": dict(env), "cwd": str(cwd)}).encode()
        with theirs:
            files = [theirs.fileno(), (stdin or nothing).fileno(), out.fileno(), err.fileno()]
            ask_fork_server(b"run", request, files)
        ours.settimeout(timeout)
        try:
            status = int(ours.recv(16))
        except TimeoutError:
            raise subprocess.TimeoutExpired(
                [PROGRAM, *arguments], timeout
            ) from None  # the closed socket ends it
        texts = []
        for file in (out, err):
            file.seek(0)
            texts.append(file.read().decode())
    return subprocess.CompletedProcess([PROGRAM, *arguments], status, *texts)


def python_settings(environment: Mapping[str, str]) -> dict[str, str]:
    """What Python itself reads when it starts."""
    return {name: value for name, value in environment.items() if name.startswith("PYTHON")}


@functools.cache
def _fork_server(_owner: int) -> socket.socket:
    """This process's own, started when first asked for: a worker of the suite has one."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        environment = {**os.environ, "LANG": "C.UTF-8", "LC_ALL": "", "OPENBLAS_NUM_THREADS": "1"}
        command = [sys.executable, "-m", "tests.program", str(theirs.fileno())]
        process = subprocess.Popen(command, pass_fds=[theirs.fileno()], cwd=ROOT, env=environment)
    atexit.register(process.kill)
    return ours


def ask_fork_server(what: bytes, request: bytes, files: list[int]) -> None:
    """`what` is `run` (the command line) or `module`; the first file takes the answer."""
    with tempfile.TemporaryFile() as text:  # an environment is larger than a packet may be
        text.write(request)
        text.seek(0)
        with _starting:
            server = _fork_server(os.getpid())
        server.sendmsg(
            [what], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [text.fileno(), *files]))]
        )


def serve(server: socket.socket) -> None:
    """The fork server: one fork a request, until the test process has ended."""
    for name in (*ROOMS, *LIBRARIES):
        room = importlib.import_module(name)
        if name in ROOMS:
            for module in pkgutil.walk_packages(room.__path__, f"{name}."):
                if not module.name.endswith("__main__"):
                    importlib.import_module(module.name)
    gc.collect()
    gc.freeze()  # a collection would write to every page that a fork shares
    while True:
        word, files, _, _ = socket.recv_fds(server, 16, 6)
        if not word:
            return
        if (pid := os.fork()) == 0:
            server.close()
            (_watch if word == b"run" else _run_module)(*files)
        if word == b"module":
            os.waitpid(pid, 0)  # it leaves its parent at once
            os.write(files[1], str(pid).encode())
        for number in files:
            os.close(number)
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass


def _watch(text: int, answer: int, *streams: int) -> NoReturn:
    """Start the program, kill it when nobody waits for its answer any more, and send its exit code."""
    with open(text, "rb") as file:
        request = json.load(file)
    pid = os.fork()
    if pid == 0:
        os.close(answer)
        _become(request, streams)
    with socket.socket(fileno=answer) as asking:
        asking.setblocking(False)
        while not (ended := os.waitpid(pid, os.WNOHANG))[0]:
            with contextlib.suppress(BlockingIOError):
                if not asking.recv(1):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.005)
        with contextlib.suppress(BrokenPipeError):
            asking.send(str(os.waitstatus_to_exitcode(ended[1])).encode())
    os._exit(0)


def _become(request: dict[str, Any], streams: Sequence[int]) -> NoReturn:
    _take_over(request, streams)
    sys.argv = [PROGRAM, *request["argv"]]
    sys.path[0] = str(Path(PROGRAM).parent)
    import warroom

    os._exit(warroom.main())


def _run_module(text: int, answer: int, *streams: int) -> NoReturn:
    """The process of a run, as `tests.runners` asks for it; its last file keeps the number that its arguments name."""
    with open(text, "rb") as file:
        request = json.load(file)
    os.setsid()
    os.close(answer)
    *streams_, kept = streams
    _take_over(request, streams_)
    os.dup2(kept, request["kept"])
    if kept != request["kept"]:
        os.close(kept)
    sys.argv = [request["module"], str(request["kept"])]
    runpy.run_module(request["module"], run_name="__main__")
    os._exit(0)


def _take_over(request: dict[str, Any], streams: Sequence[int]) -> None:
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["env"])
    time.tzset()


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
