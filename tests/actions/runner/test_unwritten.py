"""What a run has to say is kept somewhere, whatever ails the journal or the disk."""

from __future__ import annotations

import hashlib
import resource
import signal
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from actions.redact import Redactor
from actions.runner import unwritten
from actions.runner.folder import RunFolder
from actions.runner.output import OutputFile
from actions.runner.unwritten import record, write_unwritten
from actions.settings import ActionsSettings
from incidents.events import run_body as r
from incidents.journal import open_journal
from incidents.settings import JournalSettings

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_an_end_that_the_journal_does_not_take_waits_at_the_runs_side(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unwritten, "RETRIES_S", (0.0,))
    settings = ActionsSettings(folder=tmp_path / "runs")
    file = tmp_path / "journal.db"
    own = JournalSettings.model_validate({"url": f"sqlite:///{file}", "patience_s": 0.1})
    with closing(open_journal(own)) as journal:
        run = journal.plan_run(
            "op1", r.RunPlanned(action="shop.do", danger="mitigate", resource="shop")
        ).chain
        journal.claim_run(run, "op1", host="ops1", expected_sequence=1)
        folder = RunFolder.of(settings, run)
        folder.create()
        with closing(sqlite3.connect(file, isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            record(journal, folder, run, "op1", r.RunVerified(ok=True))
            record(journal, folder, run, "op1", r.RunFinished(exit_code=0))
            assert write_unwritten(journal, settings) == ()
        kept = folder.unwritten.read_text()
        assert write_unwritten(journal, settings) == (run,)
        ended = journal.load_run(run)
        assert (ended.state, ended.verified) == ("finished", True)
        folder.unwritten.write_text(
            kept + '["op1", {"kind": "run_fai'
        )  # killed before it was removed, and cut
        assert write_unwritten(journal, settings) == (run,)
        assert journal.load_run(run).sequence == ended.sequence
        assert write_unwritten(journal, settings) == ()


def test_a_full_disk_costs_the_output_and_not_the_run(tmp_path: Path) -> None:
    output = OutputFile(tmp_path / "output.log", Redactor(()), 1_000_000)
    output.print_line("first")
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, limits[1]))
    try:
        output.print_line("second that does not fit")
        output.print_line("third")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    written = output.close()
    raw = (tmp_path / "output.log").read_bytes()
    assert (written.size, written.sha256) == (len(raw), hashlib.sha256(raw).hexdigest())
    assert (written.lost, written.lost_why) == (len("nd that does not fit\n"), "File too large")
    assert raw.startswith(b"first\nseco")
    assert b"bytes are left out here" in raw
    assert raw.endswith(b"third\n")


def test_an_output_that_is_only_too_long_is_not_lost(tmp_path: Path) -> None:
    output = OutputFile(tmp_path / "output.log", Redactor(()), 10)
    for _ in range(20_000):
        output.print_line("what is more than the limit")
    assert output.close().lost == 0, "the gap stands in the file, by its limit"


def test_where_no_file_can_be_made_everything_is_lost(tmp_path: Path) -> None:
    output = OutputFile(tmp_path / "away" / "output.log", Redactor(()), 1_000_000)
    output.print_line("first")
    output.print_line("second")
    written = output.close()
    assert (written.size, written.lost) == (0, len("first\nsecond\n"))
    assert written.lost_why == "No such file or directory"
