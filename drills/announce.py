"""That a drill is conducted, for the boards over the same sandbox: the word alone, nothing of what is broken.

Whoever conducts holds the lock of a file in the sandbox's folder. The kernel takes it back when that process ends, however
it ends: a drill that was killed is announced no longer, and no process number or time has to be believed.
"""

from __future__ import annotations

import fcntl
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from core.errors import WarroomError
from core.files import open_log, open_regular
from core.message import say
from core.text import clean
from drills.steady import DrillRefused
from drills.target import SANDBOX

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FILE = "drill.lock"
LOOKED_AT_S = 1.0
"""Boards hold the lock for the moment in which they look; whoever holds it longer conducts."""


class DrillConducted(DrillRefused):
    """Somebody else conducts a drill on this sandbox."""


@contextmanager
def announce(sandbox: Path) -> Iterator[None]:
    """Announce a drill on the sandbox in this folder. Raises `DrillConducted`, or a `WarroomError` where it can't be written."""
    try:
        file = open_log(sandbox / FILE)
    except OSError as error:
        detail = error.strerror or type(error).__name__
        raise WarroomError(
            say("drill.not_announced", folder=clean(str(sandbox), 200), detail=detail)
        ) from error
    with file:
        _lock(file.fileno())
        yield


def announced(environment: str, checkout: Path | None) -> bool:
    """Whether a drill is conducted on what a configuration names (`[service] environment`, `[actions] checkout`); it reads the disk."""
    if environment != SANDBOX or checkout is None:
        return False
    try:
        with open_regular(checkout / FILE) as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:  # there was none here, or the sandbox is gone
        return False
    return False


def _lock(descriptor: int) -> None:
    deadline = time.monotonic() + LOOKED_AT_S
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise DrillConducted(say("drill.conducted")) from None
            time.sleep(0.02)
        else:
            return
