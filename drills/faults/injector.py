"""Puts faults into a sandbox and lifts them: at their deadline, when asked, and whoever of us dies.

Before anything is broken, what was there and the deadline are on disk, and a watchdog process knows them. It lifts at the
deadline, and all at once when this process dies. When it dies, this process starts another one, and lifts by itself what is
late. When both die, the sandbox's supervisor mends at the deadline; when that dies, the sandbox goes down as a whole.
"""

from __future__ import annotations

import datetime as dt
import fcntl
import secrets
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Self

from actions.parameters import read_parameters
from core.errors import WarroomError
from core.files import make_private_folder, open_log
from core.message import say
from core.text import clean
from drills.faults.errors import NotInjected, NotLifted
from drills.faults.lifting import lift, order_of
from drills.faults.model import Injection
from drills.faults.records import ENDED, Record, Records
from drills.faults.registry import find_fault
from drills.faults.watchdog_process import end_watchdog, start_watchdog, write_to_watchdog

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Mapping
    from pathlib import Path
    from types import TracebackType

    from drills.target import Target

LOOK_S = 0.2
LATE_S = 0.4
"""After the deadline the watchdog has had its turn."""
END_S = 20.0


def open_injector(target: Target, folder: Path) -> Injector:
    """Start the watchdog, and lift what an owner that is dead has left in `folder`.

    Raises `NotInjected` where another process injects from this folder, or where the target is no sandbox.
    """
    if target.sandbox is None:
        raise NotInjected(say("faults.no_sandbox"))
    try:
        make_private_folder(folder)
        return Injector(target, folder)
    except OSError as error:
        detail = error.strerror or type(error).__name__
        raise NotInjected(say("faults.folder", folder=clean(str(folder), 200), detail=detail)) from None


class Injector:
    """Safe for threads. Leaving the block lifts everything."""

    def __init__(self, target: Target, folder: Path) -> None:
        self._target, self._records = target, Records(folder)
        self._lock, self._is_over = threading.Lock(), threading.Event()
        self._owner = open_log(folder / "owner.lock")
        try:
            fcntl.flock(self._owner, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._owner.close()
            raise NotInjected(say("faults.other_owner", folder=clean(str(folder), 200))) from None
        self._watchdog = self._start_watchdog()
        self._keeper = threading.Thread(target=self._keep, daemon=True)
        self._keeper.start()
        with suppress(NotLifted):
            self.lift_all()

    @property
    def watchdog(self) -> int:
        """Its process."""
        return self._watchdog.pid

    def inject(
        self, fault_id: str, params: Mapping[str, str] | None = None, for_s: float | None = None
    ) -> Injection:
        """Break it. Raises `NoSuchFault`, `BadParameter`, `NotInjected` (what was there is there again then)."""
        fault = find_fault(fault_id)
        read = read_parameters(fault.parameters, params or {})
        now, lasts_s = dt.datetime.now(dt.UTC), fault.default_s if for_s is None else for_s
        try:
            before = fault.look(self._target, read)
            injection = Injection(
                id=f"{fault.id}-{secrets.token_hex(3)}",
                fault=fault.id,
                params=read.shown(),
                state="injecting",
                since=now,
                until=now + dt.timedelta(seconds=lasts_s),
            )
            record = Record(injection, self._target, before)
            self._records.create(record)
            self._wake_watchdog()
        except WarroomError as error:
            raise NotInjected(say("faults.not_injected", fault=fault.id, why=error.message)) from error
        except OSError as error:
            why = error.strerror or type(error).__name__
            raise NotInjected(say("faults.not_injected", fault=fault.id, why=why)) from error
        try:
            fault.inject(order_of(record), read, before)
        except WarroomError as error:
            with suppress(NotLifted):  # the watchdog goes on trying
                lift(self._records, injection.id, "failed", error.message)
            raise NotInjected(say("faults.not_injected", fault=fault.id, why=error.message)) from error
        return self._records.advance(injection.id, "injected")

    def lift(self, injection_id: str) -> Injection:
        """Put back what was there. Raises `NotLifted`."""
        return lift(self._records, injection_id)

    def lift_all(self) -> tuple[Injection, ...]:
        """Everything, the last first. Raises `NotLifted` for the first that was not, once all were tried."""
        lifted, problems = [], []
        for injection in reversed(self._open()):
            try:
                lifted.append(self.lift(injection.id))
            except NotLifted as error:
                problems.append(error)
        if problems:
            raise problems[0]
        return tuple(lifted)

    def injections(self) -> tuple[Injection, ...]:
        """All that were made from this folder, with how far they are now."""
        return tuple(record.injection for record in self._records.all())

    def lasts_s(self, fault_id: str) -> float:
        """See `Injecting`."""
        return find_fault(fault_id).default_s

    def close(self) -> None:
        """Lift everything and end the watchdog. Raises `NotLifted`; the watchdog then goes on trying."""
        try:
            self.lift_all()
        finally:
            self._is_over.set()
            self._keeper.join(END_S)
            with self._lock:
                end_watchdog(self._watchdog, END_S)
            self._owner.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _open(self) -> tuple[Injection, ...]:
        return tuple(each for each in self.injections() if each.state not in ENDED)

    def _start_watchdog(self) -> subprocess.Popen[bytes]:
        folder = self._records.folder
        return start_watchdog(folder, "drills.faults.watchdog", str(folder))

    def _wake_watchdog(self) -> None:
        with self._lock:
            write_to_watchdog(self._watchdog, b"\n")

    def _keep(self) -> None:
        """In a thread: a watchdog that has died is started anew, and what is late is lifted from here."""
        while not self._is_over.wait(LOOK_S):
            if self._watchdog.poll() is not None:
                with self._lock, suppress(OSError, NotInjected):
                    end_watchdog(self._watchdog, END_S)
                    self._watchdog = self._start_watchdog()
            late = dt.datetime.now(dt.UTC) - dt.timedelta(seconds=LATE_S)
            with suppress(OSError, WarroomError):
                for injection in self._open():
                    if injection.until < late:
                        self.lift(injection.id)
