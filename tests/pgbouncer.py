"""A real PgBouncer in transaction mode before a test's Postgres; tests that need it skip where it is not installed."""

from __future__ import annotations

import os
import shutil
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import psycopg
import pytest

from sandbox.servers import free_port
from tests.postgres import open_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

PROGRAM = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")


@contextmanager
def run_pgbouncer(url: str) -> Iterator[str]:
    """The address of the same database through a pooler; two sessions, so that transactions change places."""
    if PROGRAM is None:
        pytest.skip("pgbouncer is not installed")
    parts, port = urlsplit(url), free_port()
    with open_folder() as folder:
        settings = folder / "pgbouncer.ini"
        settings.write_text(
            f"[databases]\n* = host={parts.hostname} port={parts.port} user={parts.username}\n[pgbouncer]\n"
            f"listen_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\nauth_type = any\n"
            "pool_mode = transaction\ndefault_pool_size = 2\n",
            encoding="utf-8",
        )
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [PROGRAM, str(settings)],
                stdout=log,
                stderr=log,
                user="nobody" if os.geteuid() == 0 else None,
            )
        pooled = parts._replace(netloc=f"{parts.username}@127.0.0.1:{port}").geturl()
        try:
            _wait(process, pooled)
            yield pooled
        finally:
            process.kill()
            process.wait(40)


def _wait(process: subprocess.Popen[bytes], url: str) -> None:
    while process.poll() is None:
        try:
            psycopg.connect(url).close()
        except psycopg.OperationalError as error:
            if "refused" not in str(error):
                raise
        else:
            return
    pytest.fail("pgbouncer did not start")
