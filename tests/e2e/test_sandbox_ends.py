"""However the sandbox ends, it leaves nothing behind; and its options do what their help says."""

from __future__ import annotations

import json
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import astuple, replace
from pathlib import Path

import pytest

from core.own_python import module_command, own_environment
from sandbox.access import write_access
from sandbox.community import arrivals, match_of
from sandbox.ports import choose_ports
from tests import waiting
from tests.e2e.stack import processes_in, running, wait_gone
from tests.terminal import PROGRAM, Terminal
from tui.i18n import Language
from tui.runtime.exit import ExitCode

SHARED_MEMORY = Path("/proc/sysvipc/shm")


def shared_memory_of(pids: list[int]) -> list[str]:
    """System V segments that these processes made (Linux only); a killed Postgres leaves one behind."""
    lines = SHARED_MEMORY.read_text().splitlines()[1:] if SHARED_MEMORY.exists() else []
    return [line for line in lines if int(line.split()[4]) in pids]


def test_of_two_side_by_side_each_has_its_seed_and_leaves_nothing_behind_when_a_part_is_killed() -> None:
    """One loses its supervisor and says so; the other its guard, and tidies up itself."""
    with running("--seed", "7") as one, running("--seed", "8") as other:
        assert not set(one.told.values()) & set(other.told.values()) - {True, 0}
        for stack, seed in ((one, 7), (other, 8)):
            asked = {f"{match_of(own)}.json" for _, own in arrivals(seed, 100)}
            deadline = waiting.deadline(60)
            while not (built := {file.name for file in Path(stack.folder, "builds").iterdir()}):
                assert time.monotonic() < deadline, "nothing was built"
                time.sleep(0.2)
            assert built <= asked, f"seed {seed} never asks for {built - asked}"
        parts = processes_in(one.folder)
        assert len(parts) >= 8
        if SHARED_MEMORY.exists():
            assert shared_memory_of(parts), "the test looks for something that is not there"
        one.supervisor().send_signal(signal.SIGKILL)
        supervisor = other.supervisor()
        (guard,) = [child for child in supervisor.children() if child.cmdline() == supervisor.cmdline()]
        guard.send_signal(signal.SIGKILL)
        for stack in (one, other):
            assert stack.program.wait(100) == ExitCode.CRASHED
            wait_gone(stack.folder)
        assert one.program.stderr is not None
        assert Language("en").text("sandbox.gone") in one.program.stderr.read().decode()
        assert not shared_memory_of(parts)


def test_supervisor_and_guard_killed_together_leave_nothing_behind() -> None:
    with running() as stack:
        supervisor = stack.supervisor()
        (guard,) = [child for child in supervisor.children() if child.cmdline() == supervisor.cmdline()]
        for process in (supervisor, guard):
            process.send_signal(signal.SIGSTOP)  # so that neither sees the other's end
        for process in (supervisor, guard):
            process.send_signal(signal.SIGKILL)
        assert stack.program.wait(100) == ExitCode.CRASHED
        wait_gone(stack.folder)


def test_seconds_end_it_with_success_and_keep_keeps_logs_but_no_process() -> None:
    with running("--keep", "--seconds", "1") as stack:
        folder = Path(stack.folder)
        try:
            assert stack.program.wait(100) == 0
            deadline = waiting.deadline(25)
            while left := processes_in(stack.folder):
                assert time.monotonic() < deadline, left
                time.sleep(0.2)
            assert {"stack.log", "service.log", "worker-1.log", "warroom.toml"} <= {
                file.name for file in folder.iterdir()
            }
        finally:
            shutil.rmtree(folder)


def test_seconds_close_the_board_too_and_a_person_need_not_wait_for_them() -> None:
    short, long = (
        Terminal([PROGRAM, "sandbox", "--seconds", "2"]),
        Terminal([PROGRAM, "sandbox", "--seconds", "99"]),
    )
    long.wait_for("Queues", 30)
    long.press("q")
    assert long.wait_end(25) == 0
    assert short.wait_end(40) == 0


@contextmanager
def taken(port: int) -> Iterator[None]:
    with socket.create_server(("127.0.0.1", port)):
        yield


@pytest.mark.parametrize("part", ["valkey", "service"])
def test_a_port_that_somebody_took_is_named_and_nothing_stays_behind(part: str, tmp_path: Path) -> None:
    folder = tmp_path / "stack"
    folder.mkdir()
    write_access(folder)
    ports = replace(choose_ports(), prometheus=0)
    arguments = (str(folder), ",".join(map(str, astuple(ports))), "1,1.0,2", "remove", "blue-green")
    with (
        taken(getattr(ports, part)),
        subprocess.Popen(
            module_command("sandbox.stack", *arguments),
            env=own_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        ) as process,
    ):
        assert process.stdout is not None
        answer = json.loads(process.stdout.readline())
        assert process.wait(100) == 1
    assert answer["ready"] is False
    assert answer["detail"].startswith(f"{part} did not come up")
    assert "ddress already in use" in answer["detail"] or str(getattr(ports, part)) in answer["detail"]
    wait_gone(str(folder))
