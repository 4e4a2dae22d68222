"""Starts our own programs for tests: forked from a process that has imported them already, and children like any other.

A start costs 0.3 to 2 s of CPU for imports, and the suite starts some 2 000. A fork has its own environment, folder, arguments and
files, and is the real entry point (`warroom.main`, or the module that runs as `__main__`). A test about the start itself
starts the real program by `subprocess`; another locale or Python setting, and what a fork starts, is a real start, too. Where
no process can fork for its parent, which only Linux can, every start is real.
"""

from __future__ import annotations

import array
import atexit
import contextlib
import ctypes
import fcntl
import functools
import gc
import importlib
import inspect
import json
import os
import pkgutil
import platform
import pty
import runpy
import select
import signal
import socket
import subprocess
import sys
import tempfile
import termios
import threading
import time
import traceback
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, AnyStr, NoReturn

from actions.runner import launch
from core.own_python import own_environment
from tests.terminal import PROGRAM, size_terminal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ROOT = str(Path(__file__).resolve().parents[1])
ROOMS = (
    "actions",
    "drills",
    "incidents",
    "panels",
    "response",
    "runbooks",
    "signals",
    "tui",
)
LIBRARIES = (
    "alembic.command",
    "celery.app.control",
    "httpx",
    "kombu.transport.redis",
    "psycopg",
    "pydantic",
    "redis.asyncio",
    "sandbox.start",
    "sqlalchemy.dialects.postgresql.psycopg",
    "sqlalchemy.dialects.sqlite",
    "textual.widgets",
    "yaml",
)
"""What most programs import when they are asked."""
HIGH = 200
"""Received files are kept from here on, so that none stands where another belongs."""
CLONE = {"x86_64": 56, "aarch64": 220}
"""The number of the system call, by machine."""
CLONE_PARENT = 0x8000
PYTHON = ctypes.PyDLL(None, use_errno=True)
"""What the interpreter and the C library export; a call of it keeps the interpreter's lock."""
_starting = threading.Lock()
_inherited: socket.socket | None = None
"""In a fork: the way to the server that it came from."""


def run_program(
    *arguments: str,
    env: Mapping[str, str],
    cwd: str | Path,
    stdin: IO[bytes] | None = None,
    timeout: float = 60,
) -> subprocess.CompletedProcess[str]:
    """Run `warroom` with these arguments to its end; raises `subprocess.TimeoutExpired` for one that goes on."""
    with Forked(
        [PROGRAM, *arguments],
        env=dict(env),
        cwd=cwd,
        stdin=stdin or subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            out, err = process.communicate(timeout=timeout)
        except BaseException:
            process.kill()
            raise
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


class Forked(subprocess.Popen[AnyStr]):
    """A `subprocess.Popen` of our own program, or of one of our modules, whose process is forked where it can be."""

    def _execute_child(self, *given: Any, **named: Any) -> None:  # what Popen has made ready to start
        real = super()._execute_child  # type: ignore[misc]  # private: its place between pipes and process has no other name
        call = inspect.signature(real).bind(*given, **named).arguments
        files = {
            number: own if own >= 0 else number
            for number, own in enumerate((call["p2cread"], call["c2pwrite"], call["errwrite"]))
        }
        files |= {number: number for number in call["pass_fds"]}
        pid = fork(call["args"], call["env"], call["cwd"], files, new_session=call["start_new_session"])
        if pid is None:
            real(*given, **named)
            return
        self.pid = pid
        self._child_created = True
        pipes = ("p2cread", "p2cwrite", "c2pread", "c2pwrite", "errread", "errwrite")
        self._close_pipe_fds(*(call[name] for name in pipes))  # type: ignore[attr-defined]  # as the real one does


class Processes:
    """`subprocess` for a module that starts our own: what the launcher of runs uses of it."""

    Popen, PIPE, DEVNULL = Forked, subprocess.PIPE, subprocess.DEVNULL


def fork(
    command: Sequence[str],
    env: Mapping[str, str] | None,
    cwd: str | Path | None,
    files: Mapping[int, int],
    *,
    new_session: bool = False,
) -> int | None:
    """Fork what `command` starts; returns its number, or None where it has to be started for real.

    It is a child of this process, and where a fork has asked, of the server.

    `files` says which of our files it has, and as which number. A terminal as its input is its own in a new session.
    """
    words = _words(command)
    environment = dict(os.environ if env is None else env)
    if _locale(environment) == "C" and not environment.get("LC_ALL"):
        environment["LC_CTYPE"] = "C.UTF-8"  # as Python does (PEP 538)
    can_be = words is not None and sys.platform == "linux" and platform.machine() in CLONE
    if words is None or not can_be or not _starts_like_the_server(environment):
        return None
    request = {
        "words": words,
        "env": environment,
        "cwd": str(cwd or Path.cwd()),
        "numbers": list(files),
        "umask": int(Path("/proc/self/status").read_text().partition("Umask:")[2].split()[0], 8),
        "session": new_session,
    }
    read, write = os.pipe()
    with tempfile.TemporaryFile() as text, os.fdopen(read, "rb") as answer:
        with os.fdopen(write, "wb"):
            text.write(json.dumps(request).encode())  # an environment is larger than a packet may be
            text.seek(0)
            sent = array.array("i", [text.fileno(), write, *files.values()])
            with _starting:
                server = _inherited or _fork_server(os.getpid())
            server.sendmsg([b"fork"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, sent)])
        pid = answer.read()
    if not pid:
        raise OSError("the fork server has ended")
    return int(pid)


def fork_in_terminal(
    command: Sequence[str], size: tuple[int, int], env: Mapping[str, str], cwd: str | Path | None
) -> tuple[int, int] | None:
    """Likewise, in a new terminal of its own: its number and the other end, which a person sits at."""
    ours, theirs = pty.openpty()
    size_terminal(theirs, *size)
    try:
        pid = fork(command, env, cwd, dict.fromkeys(range(3), theirs), new_session=True)
    finally:
        os.close(theirs)
    if pid is None:
        os.close(ours)
        return None
    return pid, ours


def _words(command: Sequence[str]) -> list[str] | None:
    """`["", …]` for the program, `[MODULE, …]` for `python -P -m MODULE …`; None for anything else."""
    match [str(word) for word in command]:
        case [program, *rest] if program == PROGRAM:
            return ["", *rest]
        case [python, "-P", "-m", module, *rest] if python == sys.executable and module == "actions.runner":
            return [module, *rest]
    return None


def _starts_like_the_server(environment: Mapping[str, str]) -> bool:
    """Whether what Python reads when it starts is as the server has it, or as a start of our own modules changes it."""
    return _python(environment) in SETTINGS and _locale(environment).upper().endswith("UTF-8")


def _python(environment: Mapping[str, str]) -> dict[str, str]:
    """What Python itself reads."""
    return {name: value for name, value in environment.items() if name.startswith("PYTHON") and value}


def _locale(environment: Mapping[str, str]) -> str:
    return environment.get("LC_ALL") or environment.get("LC_CTYPE") or environment.get("LANG") or "C"


SETTINGS = (_python(os.environ), _python(own_environment()))
"""Those of this process when it began: the server's."""


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


def serve(server: socket.socket) -> None:
    """The fork server: one fork a request, until the test process has ended."""
    global _inherited  # set once, before the first fork
    for name in LIBRARIES:
        importlib.import_module(name)
    for name in ROOMS:
        room = importlib.import_module(name)
        for module in pkgutil.walk_packages(room.__path__, f"{name}."):
            if not module.name.endswith("__main__"):
                importlib.import_module(module.name)
    _inherited, forks = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    vars(launch)["subprocess"] = Processes
    gc.collect()
    gc.freeze()  # a collection would write to every page that a fork shares
    while True:
        ready, _, _ = select.select([server, forks], [], [])
        word, files, _, _ = socket.recv_fds(ready[0], 16, 32)
        if not word:
            return
        text, answer, *rest = files
        if (pid := _fork_beside() if ready[0] is server else os.fork()) == 0:
            for end in (server, forks):
                end.close()
            os.close(answer)
            _become(text, rest)
        os.write(answer, str(pid).encode())
        for number in files:
            os.close(number)
        with contextlib.suppress(ChildProcessError):  # what a fork has asked for
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass


def _fork_beside() -> int:
    """`os.fork`, whose child is our parent's: the test process waits for it like for any that it starts (clone(2))."""
    PYTHON.PyOS_BeforeFork()
    pid: int = PYTHON.syscall(CLONE[platform.machine()], CLONE_PARENT | signal.SIGCHLD, 0, 0, 0, 0)
    if pid == 0:
        PYTHON.PyOS_AfterFork_Child()
    else:
        PYTHON.PyOS_AfterFork_Parent()
    if pid < 0:
        raise OSError(ctypes.get_errno(), "no fork")
    return pid


def _become(text: int, received: Sequence[int]) -> NoReturn:
    with open(text, "rb") as file:
        request = json.load(file)
    high = [fcntl.fcntl(number, fcntl.F_DUPFD_CLOEXEC, HIGH) for number in received]
    for number in received:
        os.close(number)
    for number, target in zip(high, request["numbers"], strict=True):
        os.dup2(number, target)
        os.close(number)
    if request["session"]:
        os.setsid()
        if os.isatty(0):
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)
            signal.signal(signal.SIGHUP, signal.SIG_DFL)  # as a shell starts it; a background job ignores it
    # As Python opens them: a stream keeps whether it can be sought.
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        before = getattr(sys, name)
        stream = open(number, before.mode, encoding=before.encoding, errors=before.errors, newline="\n")  # noqa: SIM115,PTH123  # for good
        stream.reconfigure(line_buffering=number == 2 or stream.isatty())
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)
    os.umask(request["umask"])
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["env"])
    time.tzset()
    module, *arguments = request["words"]
    sys.argv = [module or PROGRAM, *arguments]
    code = 1
    try:
        if module:
            runpy.run_module(module, run_name="__main__", alter_sys=True)
            code = 0
        else:
            sys.path[0] = str(Path(PROGRAM).parent)
            import warroom

            code = warroom.main()
    except BaseException:  # noqa: BLE001  # it must not go on as a fork server
        traceback.print_exc()
    finally:
        os._exit(code)


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
