"""What is broken now, and until when. The supervisor mends at the deadline by itself, whoever asked for it lives or not."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sandbox.breakages.model import Order, Refused
from sandbox.breakages.registry import find_breakage

if TYPE_CHECKING:
    from sandbox.breakages.model import Before, Breakage, Params, Stack

RETRY_S = 1.0
"""After a mend that failed."""

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Broken:
    order: Order
    breakage: Breakage
    before: Before
    deadline: float
    """By the clock that nobody sets."""
    lock: threading.Lock = field(default_factory=threading.Lock)
    is_mended: bool = False
    is_due: bool = False
    """Somebody mends it already."""


class Ledger:
    """Breaks and mends; safe for threads. One part of the stack is broken in one way at a time."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._broken: dict[str, _Broken] = {}
        self._changed = threading.Condition()
        threading.Thread(target=self._keep_deadlines, daemon=True).start()

    def look(self, name: str, params: Params) -> Before:
        """What is there now. Raises `Refused`."""
        return find_breakage(name).look(self._stack, params)

    def begin(self, name: str, order: Order, before: Before, for_s: float) -> None:
        """Break it, for so long. Raises `Refused`; whatever goes wrong, what was there is put back first."""
        breakage = find_breakage(name)
        broken = _Broken(order, breakage, before, time.monotonic() + for_s)
        part = _part(broken)
        with self._changed:
            if order.id in self._broken or any(_part(each) == part for each in self._broken.values()):
                raise Refused(f"{part} is broken already")
            self._broken[order.id] = broken
            self._changed.notify_all()
        try:
            with broken.lock:
                if not broken.is_mended:
                    breakage.begin(self._stack, order)
        except BaseException:
            self.end(order.id)
            raise

    def end(self, order_id: str) -> None:
        """Mend it; one that is not broken needs none."""
        broken = self._broken.get(order_id)
        if broken is None:
            return
        with broken.lock:
            if not broken.is_mended:
                broken.breakage.end(self._stack, broken.order, broken.before)
                broken.is_mended = True
        with self._changed:
            self._broken.pop(order_id, None)

    def broken(self) -> list[dict[str, object]]:
        """What is broken, for who asks."""
        now = time.monotonic()
        return [
            {
                "id": each.order.id,
                "name": each.breakage.name,
                "left_s": round(max(0.0, each.deadline - now), 3),
            }
            for each in [*self._broken.values()]
        ]

    def _keep_deadlines(self) -> None:
        while True:
            with self._changed:
                now = time.monotonic()
                waiting = [each for each in self._broken.values() if not each.is_due]
                due = [each for each in waiting if each.deadline <= now]
                if not due:
                    times = [each.deadline - now for each in waiting]
                    self._changed.wait(min(times, default=None))
                    continue
            for each in due:  # one that takes its time holds up no other
                each.is_due = True
                threading.Thread(target=self._mend, args=(each,), daemon=True).start()

    def _mend(self, broken: _Broken) -> None:
        while not broken.is_mended:
            try:
                self.end(broken.order.id)
            except Exception:
                log.exception("%s is not mended yet", broken.breakage.name)
                time.sleep(RETRY_S)


def _part(broken: _Broken) -> str:
    return broken.breakage.part(broken.order.params) or broken.breakage.name
