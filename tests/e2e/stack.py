"""The sandbox's stack from outside: start it, see its processes, see that they are gone."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from tests import plain_http, waiting
from tests.program import Forked
from tests.terminal import PROGRAM


@dataclass(frozen=True)
class Stack:
    """A running `warroom sandbox --headless`: its process, what it told, its folder."""

    program: subprocess.Popen[bytes]
    told: dict[str, Any]

    @property
    def folder(self) -> str:
        return str(Path(self.told["config"]).parent)

    def url(self, part: str, path: str = "") -> str:
        return f"http://127.0.0.1:{self.told[part]}{path}"

    def control(self) -> dict[str, str]:
        """The header that the control endpoints ask for."""
        name, _, value = Path(self.told["control_header_file"]).read_text().partition(": ")
        return {name: value.strip()}

    def wait_for_metric(self, text: str, otherwise: str, seconds: float = 60) -> str:
        """The service's page of metrics, once `text` is on it."""
        deadline = waiting.deadline(seconds)
        while text not in (page := plain_http.get(self.url("service", "/metrics")).text):
            assert time.monotonic() < deadline, otherwise
            time.sleep(0.2)
        return page

    def supervisor(self) -> psutil.Process:
        """The process that started all the others."""
        return next(child for child in psutil.Process(self.program.pid).children())


@contextmanager
def running(*options: str, **environment: str) -> Iterator[Stack]:
    """Start one, wait until everything answers; afterwards all of it must be gone."""
    program = Forked[bytes](
        [PROGRAM, "sandbox", "--headless", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ | environment,
    )
    assert program.stdout is not None
    assert program.stderr is not None
    try:
        up = program.stdout.readline()
        assert up, f"it said nothing and ended with {program.wait(100)}"
        stack = Stack(program, json.loads(up))
        yield stack
    finally:
        program.terminate()
        program.wait(100)
        program.stdout.close()
        program.stderr.close()
    if "--keep" not in options:
        wait_gone(stack.folder)


def processes_in(folder: str) -> list[int]:
    """Every process of the stack in `folder`: its workers and servers stand in it or name it."""
    return [
        process.pid
        for process in psutil.process_iter(["cmdline", "cwd"])
        if folder in " ".join(process.info["cmdline"] or ()) or (process.info["cwd"] or "").startswith(folder)
    ]


def wait_gone(folder: str, seconds: float = 25) -> None:
    """Until neither a process of it nor the folder is there."""
    deadline = waiting.deadline(seconds)
    while processes_in(folder) or Path(folder).exists():
        assert time.monotonic() < deadline, (
            f"left behind: {processes_in(folder)}, folder {Path(folder).exists()}"
        )
        time.sleep(0.2)
