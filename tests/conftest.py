"""Real servers for tests: one Postgres and one Valkey a worker, an empty database or index a test."""

from __future__ import annotations

import os
import signal
import uuid
from typing import TYPE_CHECKING

import hypothesis
import pytest
from hypothesis.internal.conjecture import providers

from actions.runner import launch
from sandbox.servers import FREE_PORTS, Server, run_postgres, run_valkey
from tests import program, schedule
from tests.incidents.schema import make_schema_once
from tests.postgres import Restartable, open_folder
from tests.terminal import Terminal

if TYPE_CHECKING:
    from collections.abc import Iterator

# How long one example takes says more about the machine's other work than about ours. A gate takes the same examples each
# time, as `make attack` does; `--hypothesis-profile=search` takes others.
hypothesis.settings.register_profile("gate", deadline=None, derandomize=True)
hypothesis.settings.register_profile("search", deadline=None)
hypothesis.settings.load_profile("gate")
# Which constants of our code an example tries would depend on the modules that this worker has imported so far.
providers._get_local_constants = lambda: providers._local_constants


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(schedule)
    # A shell that starts us in the background lets us, and so our programs, ignore an interrupt: hear it again.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def _place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What belongs to this worker alone: the user's folders, and the ports that its servers are given."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    share = len(FREE_PORTS) // int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    ports = FREE_PORTS[worker * share : (worker + 1) * share]
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WARROOM_FREE_PORTS", f"{ports.start}-{ports.stop}")
        for name in ("config", "data", "state"):
            patch.setenv(f"XDG_{name.upper()}_HOME", str(home / name))
        patch.setattr(launch, "subprocess", program.Processes)
        make_schema_once(patch, home)
        patch.setattr(Terminal, "fork", staticmethod(program.fork_in_terminal))
        yield


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Server]:
    with open_folder() as folder, run_postgres(folder / "data") as server:
        yield server


@pytest.fixture
def postgres_url(postgres_server: Server) -> str:
    """The URL of a database of its own for this test."""
    import psycopg

    name = f"test_{uuid.uuid4().hex}"
    with psycopg.connect(postgres_server.url, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"'.encode())
    return postgres_server.url.rsplit("/", 1)[0] + f"/{name}"


@pytest.fixture
def database() -> Iterator[Restartable]:
    """A Postgres of the test's own, to be killed."""
    with open_folder() as folder:
        running = Restartable(folder)
        yield running
        running.close()


@pytest.fixture(scope="session")
def valkey_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with run_valkey(tmp_path_factory.mktemp("valkey")) as server:
        yield server


@pytest.fixture
def redis_url(valkey_server: Server) -> str:
    """The URL of an emptied Redis."""
    import redis

    with redis.Redis.from_url(valkey_server.url) as client:
        client.flushall()
    return valkey_server.url
