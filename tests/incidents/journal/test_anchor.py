"""An anchor that is kept elsewhere proves the whole journal: what it lacks or has in another place is named."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import subprocess
from typing import TYPE_CHECKING

import psycopg
import pytest

from incidents.events.body import Noted, Opened
from incidents.events.event import GENESIS, canonical
from incidents.journal import Journal, open_journal
from incidents.journal.anchor import Anchor, anchor_of, read_anchor
from incidents.journal.errors import JournalError
from incidents.journal.verify import verify
from incidents.settings import JournalSettings
from tests.program import run_program

if TYPE_CHECKING:
    from pathlib import Path

GONE = "DELETE FROM event WHERE chain = (SELECT id FROM incident WHERE number = {0}); DELETE FROM incident WHERE number = {0}"
RENUMBER = "UPDATE incident SET number = {0} WHERE number = {1}"
CASES = {
    "the newest incident is gone": (GONE.format(3), [("incident_removed", 3)]),
    "all is gone": (
        "DELETE FROM event; DELETE FROM incident",
        [("incident_removed", 1), ("incident_removed", 2), ("incident_removed", 3)],
    ),
    "two numbers are swapped": (
        f"{RENUMBER.format(9, 1)}; {RENUMBER.format(1, 2)}; {RENUMBER.format(2, 9)}",
        [("renumbered", 1), ("renumbered", 2)],
    ),
    "one in the middle is gone and the rest is renumbered": (
        f"{GONE.format(2)}; {RENUMBER.format(2, 3)}",
        [("incident_removed", 2), ("renumbered", 3)],
    ),
}


def fill(url: str, folder: Path) -> Journal:
    settings = {"url": url, "spool_file": folder / "spool.db"}
    journal = open_journal(JournalSettings.model_validate(settings))
    for title in ("one", "two", "three"):
        incident = journal.open_incident("ic1", Opened(title=title, severity="SEV2")).chain
        journal.append(incident, "op1", Noted(text=f"note of {title}"))
    return journal


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return fill(f"sqlite:///{tmp_path}/journal.db", tmp_path)


def findings(journal: Journal, anchor: Anchor) -> list[tuple[str, int]]:
    return [(finding.damage, finding.number) for finding in verify(journal.store(), anchor).findings]


@pytest.mark.parametrize("case", CASES)
def test_what_the_chains_alone_do_not_show_is_named(journal: Journal, tmp_path: Path, case: str) -> None:
    statements, expected = CASES[case]
    anchor = anchor_of(journal.store())
    with sqlite3.connect(tmp_path / "journal.db") as connection:
        connection.execute("DROP TRIGGER event_no_delete")
        connection.executescript(statements)
    plain = verify(journal.store()).findings
    assert [(finding.damage, finding.number) for finding in plain] == expected, "the ledger knows"
    assert findings(journal, anchor) == expected
    journal.close()


def test_on_postgres_too(postgres_url: str, tmp_path: Path) -> None:
    journal = fill(postgres_url, tmp_path)
    anchor = anchor_of(journal.store())
    assert findings(journal, anchor) == []
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("ALTER TABLE event DISABLE TRIGGER USER")
        for statement in GONE.format(3).split(";"):
            connection.execute(statement.encode())
    assert findings(journal, anchor) == [("incident_removed", 3)]


def test_a_chain_that_was_written_anew_is_named(journal: Journal, tmp_path: Path) -> None:
    """Somebody who rewrites an incident with all its digests has another event at the anchored place."""
    anchor = anchor_of(journal.store())
    other = fill(f"sqlite:///{tmp_path}/other.db", tmp_path)
    theirs = anchor_of(other.store())
    rewritten = tuple(
        head._replace(digest=their.digest) for head, their in zip(anchor.heads, theirs.heads, strict=True)
    )
    assert findings(journal, Anchor.over(rewritten)) == [("altered", number) for number in (1, 2, 3)]
    other.close()
    journal.close()


def test_work_that_goes_on_does_not_break_an_anchor(journal: Journal) -> None:
    anchor = read_anchor(anchor_of(journal.store()).text)
    journal.append(journal.find("INC-2"), "op1", Noted(text="more"))
    journal.open_incident("ic1", Opened(title="four", severity="SEV3"))
    assert findings(journal, anchor) == []
    assert anchor_of(journal.store()).head != anchor.head
    journal.close()


def test_an_anchor_of_the_release_before_is_still_good(journal: Journal) -> None:
    """Its head was over number, id, sequence and digest alone."""
    heads = anchor_of(journal.store()).heads
    head, links = GENESIS, []
    for each in heads:
        link = {
            "number": each.number,
            "incident": each.chain,
            "sequence": each.sequence,
            "digest": each.digest,
        }
        head = hashlib.sha256(canonical([head, *link.values()]).encode()).hexdigest()
        links.append(link)
    text = json.dumps({"head": head, "incidents": links})
    assert findings(journal, read_anchor(text)) == []
    with pytest.raises(JournalError):
        read_anchor(text.replace('"number": 2', '"number": 3'))
    journal.close()


@pytest.mark.parametrize("spoil", [('"number": 2', '"number": 3'), ('"', "'"), ("{", "[")])
def test_an_anchor_that_was_altered_is_refused(journal: Journal, spoil: tuple[str, str]) -> None:
    text = anchor_of(journal.store()).text
    assert spoil[0] in text
    with pytest.raises(JournalError):
        read_anchor(text.replace(*spoil, 1))
    journal.close()


def test_the_command_line_makes_an_anchor_and_checks_against_it(journal: Journal, tmp_path: Path) -> None:
    journal.close()
    config, kept = tmp_path / "warroom.toml", tmp_path / "anchor.json"
    config.write_text(f'[journal]\nurl = "sqlite:///{tmp_path}/journal.db"\n')

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return run_program("journal", *arguments, "--config", str(config), env=os.environ, cwd=tmp_path)

    assert run("anchor", str(kept)).returncode == 0
    assert run("anchor").stdout == kept.read_text()
    assert json.loads(kept.read_text())["head"]
    assert run("verify", "--against", str(kept)).returncode == 0
    with sqlite3.connect(tmp_path / "journal.db") as connection:
        connection.execute("DROP TRIGGER event_no_delete")
        connection.executescript(GONE.format(3))
    checked = run("verify", "--against", str(kept))
    assert (checked.returncode, checked.stdout) == (1, "INC-3 was removed\n")
