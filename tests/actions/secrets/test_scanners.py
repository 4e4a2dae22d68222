"""A scanner that fails, hangs or breaks off is ended and named; what it had reported stands."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from pathlib import Path

import pytest

from actions.secrets import audit as audit_side
from actions.secrets import betterleaks, kingfisher
from actions.secrets.progress import Seen, StillReading
from tests.actions.secrets.desk import Desk
from tests.actions.secrets.planted import riot_key


@pytest.fixture
def desk(tmp_path: Path, compiled_rules: Path) -> Desk:
    return Desk(tmp_path, compiled_rules)


@pytest.mark.skipif(kingfisher.program() is None, reason="kingfisher-bin is not installed")
def test_a_failing_scanner_is_named_and_the_rest_stands(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "plain"
    folder.mkdir()
    key = riot_key()
    (folder / "a.txt").write_text(key)
    assert desk.audit(folder).scanned.unread == ()
    monkeypatch.setattr(kingfisher, "program", lambda: Path("/bin/false"))
    monkeypatch.setattr(betterleaks, "installed", lambda: False)
    result = desk.audit(folder)
    assert [item.place for item in result.scanned.unread] == ["kingfisher"]
    assert (desk.of(result, key), result.gone) == ([], frozenset()), "what nobody looked at is not gone"


def hanging_scanner(tmp_path: Path) -> Path:
    """What takes the place of Kingfisher: it reports a value, and then nothing; it writes its number to `pid`."""
    report = {
        "rule": {"id": "kingfisher.riot"},
        "finding": {"snippet": riot_key(), "path": "a.txt", "line": 1},
    }
    (tmp_path / "report").write_text(json.dumps(report) + "\n")
    program = tmp_path / "scanner"
    program.write_text(f"#!/bin/sh\necho $$ > {tmp_path}/pid\ncat {tmp_path}/report\nexec sleep 600\n")
    program.chmod(0o755)
    return program


def is_there(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_scanner_that_is_not_ready_in_time_is_ended_and_named(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, program = tmp_path / "plain", hanging_scanner(tmp_path)
    folder.mkdir()
    monkeypatch.setattr(kingfisher, "program", lambda: program)
    monkeypatch.setattr(betterleaks, "installed", lambda: False)
    monkeypatch.setattr(audit_side, "STILL_S", 0.1)
    result = desk.audit(folder, limit_s=2)
    (late,) = result.scanned.unread
    assert (late.place, late.why.key) == ("kingfisher", "secrets.gave_up")
    assert float(str(late.why.values["seconds"])) >= 2
    assert float(str(late.why.values["processor_s"])) < 1, "it slept"
    assert [finding.file for finding in result.findings] == ["a.txt"], "what it had reported stands"
    still = [progress for progress in desk.heard if isinstance(progress, StillReading)]
    assert still[0].part == "kingfisher files and history"
    assert not is_there(int((tmp_path / "pid").read_text()))


def test_whoever_interrupts_an_audit_waits_for_no_scanner(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, program = tmp_path / "plain", hanging_scanner(tmp_path)
    folder.mkdir()
    monkeypatch.setattr(kingfisher, "program", lambda: program)
    monkeypatch.setattr(betterleaks, "installed", lambda: False)

    sent: list[float] = []

    def interrupt() -> None:
        while not any(isinstance(progress, Seen) for progress in desk.heard):
            time.sleep(0.05)
        sent.append(time.monotonic())
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    threading.Thread(target=interrupt, daemon=True).start()
    with pytest.raises(KeyboardInterrupt):
        desk.audit(folder, limit_s=90)
    assert time.monotonic() - sent[0] < 240
    assert not is_there(int((tmp_path / "pid").read_text()))


def test_a_report_that_breaks_off_or_is_none_is_a_scanner_that_failed(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, program, printed = tmp_path / "plain", tmp_path / "scanner", tmp_path / "printed"
    folder.mkdir()
    program.write_text(f"#!/bin/sh\ncat {printed}\n")
    program.chmod(0o755)
    monkeypatch.setattr(kingfisher, "program", lambda: program)
    monkeypatch.setattr(betterleaks, "installed", lambda: True)
    monkeypatch.setattr(betterleaks, "module_command", lambda *_: [str(program)])
    for text in ("{}", "no JSON\n", "[1, 2]\n"):
        printed.write_text(text)
        failed = {item.place: item.why.key for item in desk.audit(folder).scanned.unread}
        assert failed == dict.fromkeys(("betterleaks", "kingfisher"), "secrets.part_failed"), text
