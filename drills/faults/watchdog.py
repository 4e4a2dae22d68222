"""`python -m drills.faults.watchdog FOLDER`: lifts what is injected at its deadline, and all at once when its owner dies.

A process with a session of its own. Its standard input is a pipe that the owner alone holds: a byte says that something new
stands in the folder, the end of the pipe that the owner is no more, however it ended.
"""

from __future__ import annotations

import datetime as dt
import os
import select
import signal
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import WarroomError
from drills.faults.lifting import lift
from drills.faults.records import ENDED, Records
from drills.faults.registry import faults

if TYPE_CHECKING:
    from drills.faults.records import Record

LOOK_S = 5.0
"""Between two looks at the folder when nothing is due and nobody speaks."""
RETRY_S = 0.5
GIVE_UP_S = 600.0
"""So long it goes on trying once its owner is dead; the record stays for the next program that opens the folder."""


def watch(records: Records) -> None:
    """Returns when the owner has ended and nothing is injected any more."""
    died_at: float | None = None
    while True:
        open_records = [each for each in records.all() if each.injection.state not in ENDED]
        due = [each for each in open_records if died_at is not None or _left_s(each) <= 0]
        is_late = not all(_at_once(records, due))
        if died_at is not None and (not is_late or time.monotonic() - died_at > GIVE_UP_S):
            return
        waits = [max(0.0, left_s) for each in open_records if (left_s := _left_s(each)) > 0]
        wait_s = RETRY_S if is_late else min([*waits, LOOK_S])
        if died_at is not None:
            time.sleep(wait_s)
        elif select.select([0], [], [], wait_s)[0] and not os.read(0, 4096):
            died_at = time.monotonic()


def _at_once(records: Records, due: list[Record]) -> list[bool]:
    """Whether each was lifted; one that takes its time, or needs another to be lifted first, holds up none."""
    with ThreadPoolExecutor(max(1, len(due))) as pool:
        return [*pool.map(lambda record: _lift(records, record), due)]


def _lift(records: Records, record: Record) -> bool:
    try:
        lift(records, record.injection.id)
    except (WarroomError, OSError) as error:
        sys.stderr.write(f"{record.injection.id} is not lifted yet: {error}\n")
        sys.stderr.flush()
        return False
    return True


def _left_s(record: Record) -> float:
    return (record.injection.until - dt.datetime.now(dt.UTC)).total_seconds()


def main(folder: Path) -> None:
    """See the module. A machine that goes down ends the owner, too: its signals are no reason to leave anything broken."""
    os.umask(0o077)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    faults()  # their imports are behind it before anything is due
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    watch(Records(folder))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
