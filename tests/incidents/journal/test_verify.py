"""`verify` finds every way in which a journal can be falsified, and names the first event that is wrong."""

from __future__ import annotations

import datetime as dt
import json
import os
import sqlite3
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents.events.body import Noted, Opened
from incidents.events.event import digest_of, from_json, to_json, to_record
from incidents.journal import Journal, export_lines, import_lines, open_journal
from incidents.journal.anchor import anchor_of
from incidents.journal.errors import JournalError
from incidents.journal.verify import check_chain, verify
from incidents.settings import JournalSettings
from tests.incidents.build import Chain
from tests.program import run_program

if TYPE_CHECKING:
    from pathlib import Path

    from incidents.events.event import Record


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A journal of three incidents with five events each."""
    path = tmp_path / "journal.db"
    journal = journal_at(path)
    for title in ("one", "two", "three"):
        incident = journal.open_incident("ic1", Opened(title=title, severity="SEV2")).chain
        for index in range(4):
            journal.append(incident, "op1", Noted(text=f"note {index} of {title}"))
    journal.close()
    return path


def journal_at(path: Path) -> Journal:
    return open_journal(JournalSettings.model_validate({"url": f"sqlite:///{path}"}))


def falsify(path: Path, *statements: str) -> None:
    with sqlite3.connect(path) as connection:
        for verb in ("update", "delete"):
            connection.execute(f"DROP TRIGGER event_no_{verb}")
        for statement in statements:
            connection.execute(statement)


TWO = "(SELECT id FROM incident WHERE number = 2)"
FALSIFIED = {
    "text": (
        f"UPDATE event SET body = replace(body, 'note 1', 'note 7') WHERE chain = {TWO}",
        "altered",
        3,
    ),
    "actor": (f"UPDATE event SET actor = 'me' WHERE chain = {TWO} AND sequence = 4", "altered", 4),
    "time": (f"UPDATE event SET at = '2020-01-01T00:00:00.000000Z' WHERE chain = {TWO}", "altered", 1),
    "nonsense": (f"UPDATE event SET body = '{{' WHERE chain = {TWO} AND sequence = 5", "altered", 5),
    "the middle is gone": (f"DELETE FROM event WHERE chain = {TWO} AND sequence = 3", "removed", 3),
    "the end is gone": (f"DELETE FROM event WHERE chain = {TWO} AND sequence = 5", "removed", 5),
    "all is gone": (f"DELETE FROM event WHERE chain = {TWO}", "removed", 1),
    "the list lies": ("UPDATE incident SET severity = 'SEV4' WHERE number = 2", "list_differs", 0),
    "a name is gone": ("DELETE FROM incident WHERE number = 2", "incident_removed", 0),
}


@pytest.mark.parametrize("case", FALSIFIED)
def test_each_falsification_is_named(file: Path, case: str) -> None:
    statement, what, sequence = FALSIFIED[case]
    falsify(file, statement)
    journal = journal_at(file)
    findings = verify(journal.store()).findings
    assert what in [finding.damage for finding in findings]
    finding = next(finding for finding in findings if finding.damage == what)
    assert finding.sequence == sequence
    if case != "a name is gone":
        assert len(findings) == 1, "the two other incidents are whole"
        assert finding.number == 2
    journal.close()


def test_swapped_events_are_reordered(file: Path) -> None:
    swap = f"WHERE chain = {TWO} AND sequence ="
    falsify(
        file,
        f"UPDATE event SET sequence = 99 {swap} 3",
        f"UPDATE event SET sequence = 3 {swap} 4",
        f"UPDATE event SET sequence = 4 {swap} 99",
    )
    journal = journal_at(file)
    (finding,) = verify(journal.store()).findings
    assert (finding.damage, finding.number, finding.sequence) == ("reordered", 2, 3)
    journal.close()


def test_a_flipped_byte_on_the_disk_is_named_and_the_program_says_so(file: Path) -> None:
    content = file.read_bytes()
    assert content.count(b"note 2 of three") == 1
    file.write_bytes(content.replace(b"note 2 of three", b"note 3 of three"))
    config = file.with_name("warroom.toml")
    config.write_text(f'[journal]\nurl = "sqlite:///{file}"\n')
    done = run_program("journal", "verify", "--config", str(config), env=os.environ, cwd=file.parent)
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout == "INC-3: event 4 was altered\n"


def test_a_damaged_event_does_not_stop_the_work(file: Path) -> None:
    falsify(file, f"UPDATE event SET body = 'x', at = 'y' WHERE chain = {TWO} AND sequence = 2")
    journal = journal_at(file)
    incident = journal.find("INC-2")
    journal.append(incident, "op1", Noted(text="we go on"))
    assert journal.load(incident).notes[-1].text == "we go on"
    assert journal.load(incident).events[1].body.kind == "unreadable"
    journal.close()


def chain_records() -> list[Record]:
    chain = Chain()
    for index in range(5):
        chain.add("op1", Noted(text=f"note {index}"))
    return [to_record(event) for event in chain.events]


@given(st.data())
def test_no_single_change_passes(data: st.DataObject) -> None:
    records = chain_records()
    index = data.draw(st.integers(0, len(records) - 1))
    name = data.draw(
        st.sampled_from(["id", "chain", "at", "actor", "kind", "body", "previous", "digest", "origin"])
    )
    records[index] = replace(records[index], **{name: getattr(records[index], name) + "x"})
    finding = check_chain(records)
    assert finding is not None
    assert finding.sequence in (index + 1, index + 2)


def test_a_rewritten_event_with_a_right_hash_is_named_by_its_follower() -> None:
    records = chain_records()
    forged = replace(records[2], body='{"text":"never said"}')
    records[2] = replace(forged, digest=digest_of(forged))
    finding = check_chain(records)
    assert finding is not None
    assert (finding.damage, finding.sequence) == ("altered", 3)


def test_a_whole_journal_is_whole_and_says_where_its_chains_end(file: Path) -> None:
    journal = journal_at(file)
    found = verify(journal.store())
    assert (found.incidents, found.events, found.findings) == (3, 15, ())
    assert found.heads["INC-3"] == journal.load(journal.find("3")).digest
    journal.close()


def test_export_and_import_keep_every_chain(file: Path, tmp_path: Path) -> None:
    source = journal_at(file)
    lines = list(export_lines(source.store()))
    target = journal_at(tmp_path / "copy.db")
    assert import_lines(target.store(), lines[:12]) == (12, 12)
    assert import_lines(target.store(), lines) == (15, 3)
    assert import_lines(target.store(), lines) == (15, 0)
    assert verify(target.store()) == verify(source.store())
    target.append(target.find("INC-2"), "op1", Noted(text="goes on"))
    with pytest.raises(JournalError) as caught:
        import_lines(source.store(), forked(target, source))
    assert caught.value.message.key == "journal.forked"
    for each in (source, target):
        each.close()


def forked(target: Journal, source: Journal) -> list[str]:
    """Two journals that went on differently."""
    incident = target.find("INC-2")
    source.append(incident, "op1", Noted(text="goes another way"))
    return list(export_lines(target.store(), incident))


@pytest.mark.parametrize("change", ["text", "line", "nonsense", "order"])
def test_a_broken_export_is_refused(file: Path, tmp_path: Path, change: str) -> None:
    source = journal_at(file)
    lines = list(export_lines(source.store()))
    if change == "text":
        value = json.loads(lines[2])
        value["body"]["text"] = "never said"
        lines[2] = json.dumps(value)
    elif change == "line":
        del lines[2]
    elif change == "order":
        lines[2], lines[3] = lines[3], lines[2]
    else:
        lines[2] = "[" * 100_000
    target = journal_at(tmp_path / "copy.db")
    with pytest.raises(JournalError):
        import_lines(target.store(), lines)
    assert target.history() == []
    for each in (source, target):
        each.close()


def test_a_line_of_an_export_is_the_record() -> None:
    for record in chain_records():
        assert from_json(json.loads(json.dumps(to_json(record)))) == record


def test_a_clock_that_jumps_changes_no_order_and_breaks_no_chain(tmp_path: Path) -> None:
    """Order is by sequence: an hour back, a day on, the year 1970, and nothing is lost or named as wrong."""
    start = dt.datetime(2026, 11, 28, 3, tzinfo=dt.UTC)
    moments = [start + dt.timedelta(hours=hours) for hours in (0, 1, -1, 24, -24, 0)]
    moments.append(dt.datetime(1970, 1, 1, tzinfo=dt.UTC))
    clock = iter(moments)
    settings = JournalSettings.model_validate({"url": f"sqlite:///{tmp_path}/journal.db"})
    journal = open_journal(settings, clock=lambda: next(clock))
    incident = journal.open_incident("ic1", Opened(title="storm", severity="SEV2")).chain
    for number in range(len(moments) - 1):
        journal.append(incident, "op1", Noted(text=str(number)))
    anchor = anchor_of(journal.store())
    assert [note.text for note in journal.load(incident).notes] == [
        str(number) for number in range(len(moments) - 1)
    ]
    proof = verify(journal.store(), anchor)
    assert proof.findings == ()
    assert proof.newest.startswith("2026-11-29T03")
    journal.close()
