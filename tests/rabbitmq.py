"""A RabbitMQ of the test's own, where this machine has one (Debian: `rabbitmq-server`)."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sandbox.servers import free_port
from tests import waiting

if TYPE_CHECKING:
    from collections.abc import Iterator

PROGRAM = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
"""What Debian's script calls; the script itself changes the user and the folder."""
START_TIMEOUT_S = 90.0


@contextmanager
def run_rabbitmq(folder: Path, ports: tuple[int, int, int] | None = None) -> Iterator[str]:
    """Yields its address; the test is skipped where there is none. Its data, log, cookie and ports are its own.

    It is killed in the end: with the same folder and ports (its own, its cluster's, its mapper's) it goes on as after a crash.
    """
    if not PROGRAM.exists():
        pytest.skip("no rabbitmq-server on this machine")
    port, distribution, mapper = ports or (free_port(), free_port(), free_port())
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "RABBITMQ_NODENAME": f"test{port}@localhost",
        "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODE_PORT": str(port),
        "RABBITMQ_DIST_PORT": str(distribution),
        "ERL_EPMD_PORT": str(mapper),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "RABBITMQ_MNESIA_BASE": str(folder / "data"),
        "RABBITMQ_LOG_BASE": str(folder / "log"),
        "RABBITMQ_PID_FILE": str(folder / "pid"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 1:1",
    }
    with (folder / "out").open("wb") as out:
        process = subprocess.Popen(
            [str(PROGRAM)], env=environment, stdout=out, stderr=out, start_new_session=True
        )
    try:
        deadline = waiting.deadline(START_TIMEOUT_S)
        while not _answers(port):
            assert process.poll() is None, (folder / "out").read_text(errors="replace")[-2000:]
            assert time.monotonic() < deadline, "RabbitMQ did not come up"
            time.sleep(0.1)
        yield f"amqp://guest:guest@127.0.0.1:{port}//"
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        _end_mapper(mapper)


def _end_mapper(port: int) -> None:
    """Erlang's port mapper is a daemon, and stays as long as it believes that the node lives."""
    deadline = waiting.deadline(10)
    while time.monotonic() < deadline:
        ended = subprocess.run(["epmd", "-port", str(port), "-kill"], capture_output=True, check=False)
        if b"Killed" in ended.stdout or b"Cannot connect" in ended.stdout + ended.stderr:
            return
        time.sleep(0.1)


def _answers(port: int) -> bool:
    """An AMQP server that gets another protocol's first bytes says which it wants."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            connection.settimeout(1)
            connection.sendall(b"AMQP\x00\x00\x00\x00")
            return connection.recv(4) == b"AMQP"
    except OSError:
        return False
