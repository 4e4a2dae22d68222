"""Many programs write at once: every event is there, none is refused, and no database that answers is bypassed."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from incidents.events.body import Opened
from incidents.journal import open_journal
from incidents.journal.verify import verify
from incidents.settings import JournalSettings

if TYPE_CHECKING:
    from pathlib import Path

WRITERS, EACH = 60, 1
SCRIPT = """import os, sys, uuid
from incidents.events.body import Noted
from incidents.journal.journal import open_journal
from incidents.settings import JournalSettings
url, incident, folder, writers, each = sys.argv[1:]
begin, go = os.pipe()
children = []
for number in range(int(writers)):
    if (child := os.fork()) == 0:
        os.close(go)
        journal = open_journal(JournalSettings(url=url, spool_file=f"{folder}/spool{number}.db"))
        os.read(begin, 1)  # its end is closed by the parent for all at once
        for index in range(int(each)):
            journal.append(uuid.UUID(incident), f"w{number}", Noted(text=f"{number}.{index}"))
        os._exit(3 if journal.spooled() else 0)
    children.append(child)
os.close(go)
print([os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children])
"""


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_sixty_programs_write_at_once(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """More than the server of the tests has connections for the most of them."""
    url = f"sqlite:///{tmp_path}/journal.db"
    if kind == "postgres":
        url = request.getfixturevalue("postgres_url")
    settings = JournalSettings.model_validate({"url": url, "spool_file": tmp_path / "spool.db"})
    journal = open_journal(settings)
    incident = journal.open_incident("ic1", Opened(title="storm", severity="SEV1")).chain
    command = [sys.executable, "-c", SCRIPT, url, str(incident), str(tmp_path), str(WRITERS), str(EACH)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=720)
    assert done.stderr == ""
    assert json.loads(done.stdout) == [0] * WRITERS, "none was refused (1), none went to the spool (3)"
    notes = [note.text for note in journal.load(incident).notes]
    assert sorted(notes) == sorted(f"{n}.{i}" for n in range(WRITERS) for i in range(EACH))
    assert verify(journal.store()).findings == ()
    journal.close()
