"""The supervisor's socket: who says that the sandbox has gone knows it."""

from __future__ import annotations

import socket
import threading
from pathlib import Path

import pytest

from sandbox.access import write_access
from sandbox.breakages.control import SOCKET, SandboxGone, SandboxRefused, ask


def test_who_has_to_wait_for_others_is_answered(tmp_path: Path) -> None:
    """Twenty faults that are lifted at once were taken for lifted: a full queue was taken for a sandbox that has ended."""
    write_access(tmp_path)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / SOCKET))
        server.listen(0)
        others = []
        while True:
            other = socket.socket(socket.AF_UNIX)
            other.setblocking(False)
            others.append(other)
            try:
                other.connect(str(tmp_path / SOCKET))
            except BlockingIOError:
                break

        def answer() -> None:
            for other in others:
                other.close()
            while True:
                connection, _ = server.accept()
                with connection, connection.makefile("rb") as asked:
                    if asked.readline():
                        connection.sendall(b'{"ok": true, "broken": []}\n')
                        return

        later = threading.Timer(0.3, answer)
        later.start()
        assert ask(tmp_path, "list") == {"broken": []}
        later.join()


def test_a_sandbox_is_gone_only_where_nobody_listens(tmp_path: Path) -> None:
    with pytest.raises(SandboxGone):
        ask(tmp_path, "list")
    write_access(tmp_path)
    with socket.socket(socket.AF_UNIX) as ended:
        ended.bind(str(tmp_path / SOCKET))
    with pytest.raises(SandboxGone):
        ask(tmp_path, "list")
    unknown = tmp_path / ("long" * 40)
    unknown.mkdir()
    write_access(unknown)
    with pytest.raises(SandboxRefused, match=r"control_refused"):
        ask(unknown, "list")
