"""Writers of the journal that are killed at any moment: whatever was acknowledged is there, and the chain is whole."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from incidents.events.body import Opened
from incidents.journal import open_journal
from incidents.journal.verify import verify
from incidents.settings import JournalSettings
from tests.attack.attack import Attack, Broken, Figures, Round

WRITER = """import os, sys
from incidents.events.body import Noted
from incidents.journal.journal import open_journal
from incidents.settings import JournalSettings
settings = JournalSettings(url=sys.argv[1])
incident = open_journal(settings).find("INC-1")
round = 0
while True:
    round += 1
    child = os.fork()
    if child == 0:
        journal, number = open_journal(settings), 0
        while True:
            number += 1
            journal.append(incident, sys.argv[2], Noted(text=f"{sys.argv[2]}.{round}.{number}"))
            os.write(1, f"{sys.argv[2]}.{round}.{number}\\n".encode())
    os.waitpid(child, 0)
"""
WRITERS = 2


def run(this: Round) -> Figures:
    """Two writers at once; their children die of SIGKILL."""
    url = f"sqlite:///{this.folder}/journal.db"
    journal = open_journal(JournalSettings.model_validate({"url": url}))
    journal.open_incident("ic1", Opened(title="storm", severity="SEV2"))
    logs = [this.folder / f"said-{number}" for number in range(WRITERS)]
    writers = []
    for number, log in enumerate(logs):
        with log.open("wb") as out:
            command = [sys.executable, "-c", WRITER, url, f"w{number}"]
            writers.append(subprocess.Popen(command, stdout=out, stderr=subprocess.DEVNULL))
    kills = 0
    try:
        while time.monotonic() < this.until or not kills:
            time.sleep(this.chance.uniform(0.02, 0.5))
            for writer in writers:
                if writer.poll() is not None:
                    raise Broken(f"a writer ended by itself: {writer.returncode}")
                for child in _children(writer.pid):
                    os.kill(child, signal.SIGKILL)
                    kills += 1
    finally:
        for writer in writers:
            writer.send_signal(signal.SIGSTOP)  # it must not fork while its last child is found
            for child in _children(writer.pid):
                os.kill(child, signal.SIGKILL)
            writer.kill()
            writer.wait()
    acknowledged = {line for log in logs for line in log.read_text().split("\n")[:-1]}
    written = {note.text for note in journal.load(journal.find("INC-1")).notes}
    if lost := acknowledged - written:
        raise Broken(f"{len(lost)} of {len(acknowledged)} acknowledged events are lost: {sorted(lost)[:3]}")
    if findings := verify(journal.store()).findings:
        raise Broken(f"the chain is broken: {findings[0]}")
    journal.close()
    return {"kills": kills, "acknowledged": len(acknowledged), "written": len(written), "lost": 0}


def _children(pid: int) -> list[int]:
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    except OSError:
        return []
    return [int(word) for word in text.split()]


ATTACK = Attack("two writers of one journal, killed at any moment", run)
