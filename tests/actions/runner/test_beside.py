"""What runs beside a run: its watch goes on whatever breaks in it, and what the runner says itself holds no secret."""

from __future__ import annotations

import io
import logging
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from actions.runner.folder import RunFolder
from actions.runner.log import log_to_run
from actions.runner.watch import Cancellation, Watch
from actions.settings import ActionsSettings
from incidents.events.run_body import RunPlanned
from incidents.journal import open_journal
from incidents.settings import JournalSettings
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from uuid import UUID

SECRET = "s3cret-of-the-broker"


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """Standard error of a runner, whose log is set up."""
    root, before = logging.getLogger(), list(logging.getLogger().handlers)
    hooks = threading.excepthook, sys.unraisablehook
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    log_to_run([SECRET])
    yield stream
    logging.captureWarnings(capture=False)
    threading.excepthook, sys.unraisablehook = hooks
    for handler in set(root.handlers) - set(before):
        root.removeHandler(handler)


def test_what_a_runner_says_holds_no_secret_and_a_threads_end_is_said(said: io.StringIO) -> None:
    logging.getLogger("warroom.runner").warning("refused: redis://:%s@broker", SECRET)

    def breaks() -> None:
        raise ValueError(f"redis://:{SECRET}@broker")

    thread = threading.Thread(target=breaks)
    thread.start()
    thread.join()
    text = said.getvalue()
    assert "refused: redis://" in text
    assert "ValueError" in text
    assert "breaks" in text, "the traceback"
    assert SECRET not in text


def test_a_watch_in_which_something_breaks_still_hears_who_cancels(
    tmp_path: Path, said: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else nobody could end the run, and without signs of life it would count as an orphan."""
    monkeypatch.setattr("actions.runner.watch.BROKEN_PAUSE_S", 0.01)
    monkeypatch.setattr("actions.runner.watch.LOOK_S", 0.01)
    journal = open_journal(JournalSettings.model_validate({"url": f"sqlite:///{tmp_path}/journal.db"}))
    run = journal.plan_run("op1", RunPlanned(action="shop.close", danger="mitigate", resource="shop")).chain
    folder = RunFolder.of(ActionsSettings.model_validate({"folder": tmp_path / "runs"}), run)
    folder.create()
    broken = threading.Event()

    def beat(_: UUID) -> bool:
        broken.set()
        raise RuntimeError("what nobody has thought of")

    monkeypatch.setattr(journal, "beat", beat)
    cancellation = Cancellation()
    with Watch(journal, run, folder, cancellation, 3600):
        assert broken.wait(40)
        folder.cancel.write_bytes(b"op2 \xff")
        until(lambda: cancellation.by is not None)
    assert str(cancellation.by).startswith("op2")
    assert "what nobody has thought of" in said.getvalue()
    journal.close()
