"""What the runbooks tell the workers is typed into Celery's own command line, and a real worker answers as they say."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from runbooks.library import load_library
from runbooks.model import Paragraph
from tests import waiting
from tests.chimera import RUNBOOKS

ROOT = Path(__file__).parents[2]
CELERY = "docker exec chimera-celery-worker celery -A src.tasks.celery_app.celery_app "
OURS = (sys.executable, "-m", "celery", "-A", "tests.runbooks.chimera_app")
OPTIONS = (
    "--loglevel=warning",
    "--hostname=chimera_worker@BLUE",
    "--queues=matches,ai,default",
    "--concurrency=2",
    "--autoscale=3,2",
    "--without-gossip",
    "--without-mingle",
    "--without-heartbeat",
)
"""As the service's compose file starts its worker."""


@pytest.fixture
def worker(redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TEST_BROKER", redis_url)
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with (tmp_path / "worker.log").open("w") as log:
        process = subprocess.Popen(
            [*OURS, "worker", *OPTIONS], env=environment, cwd=tmp_path, stdout=log, stderr=log
        )
        for _ in range(60):
            if ask("inspect --timeout 1 ping").exit_code == 0:
                break
            assert process.poll() is None, (tmp_path / "worker.log").read_text()
        yield
        process.send_signal(signal.SIGTERM)
        process.wait(240)


def ask(words: str) -> Result:
    """Through Celery's own command line, in this process: starting one for each command would take most of the time."""
    from celery.bin.celery import celery

    return CliRunner().invoke(celery, ["-A", "tests.runbooks.chimera_app", *words.split()])


def typed(words: str) -> str:
    """With the worker's name filled in, as the step asks, and with less patience."""
    return words.replace("-d BLUE", "-d chimera_worker@BLUE").replace("--timeout 6", "--timeout 1")


def spoken() -> dict[str, tuple[str, str]]:
    """One command of each kind, with where it stands and what it is said to answer."""
    found: dict[str, tuple[str, str]] = {}
    for runbook in load_library(RUNBOOKS, "en").runbooks:
        for step in runbook.steps():
            said = " ".join(b.text for b in step.blocks if isinstance(b, Paragraph) and b.role == "expect")
            for line in "\n".join(command.text for command in step.commands).splitlines():
                if line.startswith(CELERY):
                    words = line.removeprefix(CELERY)
                    kind = re.sub(r"--timeout 6 |src\.\S+|\d+/m|\b(ai|matches|default)\b", "", words)
                    found.setdefault(kind, (words, f"{runbook.id}/{step.id}: {said}"))
    return found


def test_a_worker_answers_every_kind_of_command_as_the_runbook_says(
    worker: None,
) -> None:
    kinds = spoken()
    assert len(kinds) >= 9
    for words, where in kinds.values():
        deadline = waiting.deadline(20)
        while (done := ask(typed(words))).exit_code == 69:
            assert time.monotonic() < deadline, (where, done.output)  # silence is no answer: ask again
        assert done.exit_code == 0, (where, done.output)
        answer = re.search(r"BLUE: OK\s+(\S.*)", done.output)
        if words.startswith("control"):
            assert answer, (where, done.output)
            known = re.sub(r"`([^`]*?)( …)?`", r"\1", where)
            start = re.sub(r"(from|consumer) \w+$", r"\1", answer[1].strip())
            assert start in known, (where, answer[1])
