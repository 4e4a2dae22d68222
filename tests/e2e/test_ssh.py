"""A migration goes on while its SSH connection is cut, and is followed to its end from another one: a real sshd on loopback."""

from __future__ import annotations

import getpass
import os
import shlex
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sandbox.servers import free_port
from tests.actions.migrations.project import make_project, run_sql
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator

SSHD = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
ROOT = Path(__file__).parents[2]


class Host:
    """An sshd of our own that lets us in by a key of our own."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder, self.port = folder, port

    def ssh(self, command: str) -> subprocess.Popen[str]:
        """A session with a terminal, in the test's folder."""
        own = shlex.join([sys.executable, "-m", "warroom"])
        inner = (
            f"cd {shlex.quote(str(self.folder))} && export PYTHONPATH={ROOT} LANG=C.UTF-8 && {own} {command}"
        )
        options = (
            "BatchMode=yes",
            "StrictHostKeyChecking=no",
            "UserKnownHostsFile=/dev/null",
            "LogLevel=ERROR",
        )
        return subprocess.Popen(
            [
                *("ssh", "-tt", "-F", "/dev/null", "-i", str(self.folder / "key"), "-p", str(self.port)),
                *(word for option in options for word in ("-o", option)),
                f"{getpass.getuser()}@127.0.0.1",
                inner,
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )


@contextmanager
def ssh_host(folder: Path) -> Iterator[tuple[Host, subprocess.Popen[bytes]]]:
    for name in ("key", "host"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)], check=True)
    (folder / "authorized").write_text((folder / "key.pub").read_text())
    port = free_port()
    (folder / "sshd_config").write_text(
        f"ListenAddress 127.0.0.1\nPort {port}\nHostKey {folder}/host\nAuthorizedKeysFile {folder}/authorized\n"
        "PidFile none\nStrictModes no\nUsePAM no\nPasswordAuthentication no\nPermitRootLogin yes\n"
    )
    assert SSHD is not None
    if os.getuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    log = (folder / "sshd.log").open("wb")
    process = subprocess.Popen(
        [SSHD, "-D", "-e", "-f", str(folder / "sshd_config")], stdout=log, stderr=log, start_new_session=True
    )
    try:
        until(lambda: b"listening" in (folder / "sshd.log").read_bytes())
        yield Host(folder, port), process
    finally:
        process.terminate()
        process.wait()
        log.close()


def descendants(pid: int) -> list[int]:
    """Processes below one, the nearest first."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [*map(int, children), *(deeper for child in children for deeper in descendants(int(child)))]


@pytest.mark.skipif(SSHD is None or shutil.which("ssh") is None, reason="no sshd, or no ssh")
def test_a_migration_outlives_its_connection_and_is_followed_from_another(
    postgres_url: str, tmp_path: Path
) -> None:
    begun, go = tmp_path / "begun", tmp_path / "go"
    up = (
        "if not op.get_context().as_sql:\n        import os, time\n"
        f"        open({str(begun)!r}, 'w').close()\n"
        f"        while not os.path.exists({str(go)!r}): time.sleep(0.02)\n"
        "    op.create_table('t', sa.Column('id', sa.Integer()))"
    )
    project = make_project(tmp_path, postgres_url, ("u1", up, "op.drop_table('t')"))
    database = postgres_url.rpartition("/")[2]
    (tmp_path / "warroom.toml").write_text(
        f"journal.url = 'sqlite:///{tmp_path}/journal.db'\nactions.folder = '{tmp_path}/runs'\n"
        f"[signals.postgres]\nurl = '{postgres_url}'\nalembic_ini = '{project.ini}'\n"
        f"alembic_command = {list(project.command)}\n"
        f"alembic_environment = {{ APP_DATABASE = '{project.environment['APP_DATABASE']}' }}\n"
    )
    with ssh_host(tmp_path) as (host, sshd):
        first = host.ssh(f"run migrate.upgrade --confirm {database}")
        until(lambda: begun.exists() or first.poll() is not None)
        assert begun.exists(), first.communicate()[0]
        for pid in descendants(sshd.pid):  # the server's side of the connection, and the terminal with it
            if Path(f"/proc/{pid}/comm").read_text().startswith("sshd"):
                os.kill(pid, signal.SIGKILL)
        assert first.wait(240) == 255  # ssh's own word for a connection that broke
        first.communicate()
        second = host.ssh("runs attach RUN-1")
        assert second.poll() is None
        go.touch()
        output, _ = second.communicate(timeout=240)
        assert second.returncode == 0, output
        assert "u1" in output
    assert run_sql(postgres_url, "SELECT version_num FROM alembic_version") == [("u1",)]
    assert run_sql(postgres_url, "SELECT count(*) FROM t") == [(0,)]
