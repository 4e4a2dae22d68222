"""One's turn among the writers of this machine, across processes and threads.

SQLite lets a writer that finds it busy sleep and ask again, so that of sixty writers some never get in; a server gives
each that waits a connection, until there are none left. The kernel wakes those that wait for a `flock`, without polling;
since it knows no timeout, a thread of its own waits where it must. This only makes the order: that two do not write at once is
the database's business, and where the file can't be made it goes on without.
"""

from __future__ import annotations

import fcntl
import os
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from core.files import make_private_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def turn(file: Path, patience_s: float) -> Iterator[None]:
    """Hold `file` (made when missing, 0600) against everybody else; raises `TimeoutError`."""
    try:
        make_private_folder(file.parent)
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError:
        yield
        return
    waiter = _Waiter(descriptor)
    try:
        waiter.wait(patience_s)
        yield
    finally:
        waiter.leave()


class _Waiter:
    """Owns `descriptor`: closing it is what gives the lock back."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._lock = threading.Lock()
        self._locked = threading.Event()
        self._waits = self._left = False

    def wait(self, patience_s: float) -> None:
        """Raises `TimeoutError`."""
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._waits = True
            threading.Thread(target=self._block, name="journal turn", daemon=True).start()
            if not self._locked.wait(patience_s):
                raise TimeoutError from None

    def leave(self) -> None:
        """Give the lock back, or wait for it no longer."""
        with self._lock:
            self._left = True
            if not self._waits:
                os.close(self._descriptor)

    def _block(self) -> None:
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)
        with self._lock:
            self._waits = False
            self._locked.set()
            if self._left:
                os.close(self._descriptor)
