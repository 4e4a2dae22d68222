"""What a person types, over a real terminal: bursts of a slow line, pastes, Ctrl+Z and resizes in the middle of a form."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest

from incidents.journal import open_journal
from incidents.settings import JournalSettings
from tests.e2e.test_suspend import wait_stopped
from tests.exporter import depth_exporter
from tests.terminal import PROGRAM, Terminal
from tests.tui.incident.stage import configuration

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    """An incident with its runbook, in 80x24."""
    with depth_exporter(143) as (address, _):
        file = configuration(tmp_path, address, actor="op1", journal=f"sqlite:///{tmp_path}/journal.db")
        opened = Terminal([PROGRAM, "--config", str(file)], 80, 24, WARROOM_LOG=str(tmp_path / "log"))
        opened.wait_for("depth 143")
        opened.press("r")
        opened.wait_for("in a new incident")
        opened.press("\r")
        opened.wait_for("Enter opens it")
        opened.press("\r")
        opened.wait_for("1.1 !")
        yield opened
        opened.press("\x1bq")  # in one read, as a slow line brings them
        assert opened.wait_end() == 0


def notes(folder: Path) -> list[str]:
    journal = open_journal(JournalSettings.model_validate({"url": f"sqlite:///{folder}/journal.db"}))
    texts = [note.text for note in journal.load(journal.find("INC-1")).notes]
    journal.close()
    return texts


def test_a_whole_note_and_the_next_command_in_one_read(tmp_path: Path, terminal: Terminal) -> None:
    terminal.press("nhello world\rv")
    terminal.wait_for("Severity: left and right")
    terminal.press("\x1b")
    terminal.wait_for("noted: hello world")
    assert notes(tmp_path) == ["hello world"]


def test_in_a_field_alt_and_b_goes_a_word_back(tmp_path: Path, terminal: Terminal) -> None:
    terminal.press("nstays")
    terminal.wait_for("stays")
    terminal.press("\x1bb")
    terminal.press("!\r")
    terminal.wait_for("noted: !stays")
    assert notes(tmp_path) == ["!stays"]


def test_pasted_lines_stay_lines_and_typed_ones_too(tmp_path: Path, terminal: Terminal) -> None:
    terminal.press("n\x1b[200~first\r\nsecond x\n\x1b[201~")
    terminal.wait_for("second x")
    # Copied with its colours, and an Esc at the end of a read: nothing of it is a key.
    terminal.press("\x1b[200~\x1b[31mred\x1b[0m \x1b")
    terminal.press("[A\x1bOP \x1b\x1b[201~")
    terminal.press("third\nfourth\r")
    terminal.wait_gone("Ctrl+J")
    terminal.wait_for("noted")
    assert notes(tmp_path) == ["first\nsecond x\nred P third\nfourth"]


def test_what_is_pasted_into_a_field_never_steers_the_terminal(terminal: Terminal) -> None:
    terminal.press(":")
    terminal.wait_for("change the title")
    terminal.press("\x1b[200~zz\x1b]52;c;Zm9v\x07qq\x1b[201~")
    terminal.wait_for("nothing found for 'zzqq'")
    assert b"\x1b]52" not in terminal.raw
    terminal.press("\x1b")
    terminal.wait_gone("nothing found")


def test_a_form_outlives_the_shell_and_every_size(tmp_path: Path, terminal: Terminal) -> None:
    terminal.press("nkeep")
    terminal.wait_for("keep")
    terminal.press("\x1a")
    wait_stopped(terminal.pid)
    os.kill(terminal.pid, signal.SIGCONT)
    for size in ((40, 10), (20, 6), (120, 40), (80, 24)):
        terminal.resize(*size)
        terminal.wait_for("keep")
    terminal.press(" me\x1b")
    terminal.wait_for("is kept: the same key")
    terminal.press("n")
    terminal.wait_for("keep me")
    terminal.press("\r")
    terminal.wait_for("noted: keep me")
    assert notes(tmp_path) == ["keep me"]
