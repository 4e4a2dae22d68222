"""Breaks the sandbox for the tour, and mends it again: both in threads, for both wait for the sandbox."""

from __future__ import annotations

import threading
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

from core.errors import WarroomError
from core.message import say
from sandbox.breakages.control import SOCKET
from sandbox.tour import FAULTS, FOR_S

if TYPE_CHECKING:
    from pathlib import Path

    from core.message import Message
    from drills.faults.injector import Injector

UP_S = 90.0
"""So long the sandbox may take to come up."""


class Breaking:
    """What is broken in the sandbox in `folder`, whose configuration is `config`; `problem` is why nothing is."""

    def __init__(self, config: Path, folder: Path) -> None:
        self._config, self._folder = config, folder
        self._injector: Injector | None = None
        self._lock, self._is_over = threading.Lock(), threading.Event()
        self._announced = ExitStack()
        self.is_broken = False
        self.problem: Message | None = None

    def begin(self) -> None:
        """In a thread: wait for the sandbox, and break it."""
        try:
            with self._lock:
                self._break()
        except WarroomError as error:
            self.problem = error.message
            self.end()

    def end(self) -> None:
        """In a thread: put back what was there."""
        self._is_over.set()
        with self._lock:
            injector, self._injector = self._injector, None
            try:
                if injector is not None:
                    injector.close()
            except WarroomError as error:
                self.problem = error.message  # the watchdog goes on trying
            self._announced.close()
            self.is_broken = False

    def _break(self) -> None:
        from drills.announce import announce
        from drills.faults.injector import open_injector
        from drills.target import SANDBOX, Target

        deadline = time.monotonic() + UP_S
        while not (self._folder / SOCKET).is_socket():
            if self._is_over.wait(0.2):
                return
            if time.monotonic() > deadline:
                raise WarroomError(say("tour.no_sandbox"))
        target = Target(config=self._config, environment=SANDBOX, sandbox=self._folder)
        self._announced.enter_context(announce(self._folder))  # no drill beside it, and all boards say DRILL
        self._injector = open_injector(target, self._folder / "injections" / "tour")
        for fault, params in FAULTS:
            if self._is_over.is_set():
                return
            self._injector.inject(fault, params, FOR_S)
        self.is_broken = True
