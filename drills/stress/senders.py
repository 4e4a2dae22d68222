"""Who sends the tasks of a step: the sandbox's own generator, a command, or a POST a task."""

from __future__ import annotations

import subprocess
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

from core.errors import WarroomError
from core.message import say
from core.text import clean

if TYPE_CHECKING:
    from drills.stress.settings import StressSettings
    from drills.target import Target
    from signals.settings import SignalsSettings

TICK_S, END_S = 0.05, 5.0
LATE_S = 30.0
"""So long a command may still take after its step: its last tasks, and to end."""


class Sender(Protocol):
    """Blocks while it sends; raises a `WarroomError`. `sent` counts what was really sent so far."""

    sent: int

    def run(self, per_s: float, for_s: float, stop: threading.Event) -> None: ...

    def close(self) -> None: ...


def open_sender(target: Target, settings: StressSettings, signals: SignalsSettings) -> Sender:
    """The one that the configuration names; raises a `WarroomError` where it names none."""
    if settings.send:
        return CommandSender(settings.send)
    if settings.enqueue is not None:
        return HttpSender(settings)
    if target.sandbox is not None and signals.redis is not None:
        from sandbox.load import Load

        port = urlsplit(signals.redis.url.get_secret_value()).port or 6379
        return _Guarded(Load(target.sandbox, port))
    raise WarroomError(say("stress.no_sender"))


class _Guarded:
    """The sandbox's generator, whose broker may go away."""

    def __init__(self, load: Sender) -> None:
        self._load = load

    @property
    def sent(self) -> int:
        return self._load.sent

    @sent.setter
    def sent(self, value: int) -> None:
        self._load.sent = value

    def run(self, per_s: float, for_s: float, stop: threading.Event) -> None:
        import redis

        try:
            self._load.run(per_s, for_s, stop)
        except (redis.RedisError, OSError) as error:
            raise WarroomError(say("stress.not_sent", detail=clean(str(error), 200))) from error

    def close(self) -> None:
        self._load.close()


class CommandSender:
    """One run of the command a step; it sends at its own pace, and is taken at its word when it ends with 0."""

    def __init__(self, argv: tuple[str, ...]) -> None:
        self._argv = argv
        self.sent = 0

    def run(self, per_s: float, for_s: float, stop: threading.Event) -> None:
        values = {"{rate}": f"{per_s:g}", "{seconds}": f"{for_s:g}"}
        argv = [_filled(word, values) for word in self._argv]
        try:
            process = subprocess.Popen(
                argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
        except OSError as error:
            raise WarroomError(say("stress.not_sent", detail=clean(str(error), 200))) from error
        ends = time.monotonic() + for_s + LATE_S
        while process.poll() is None and time.monotonic() < ends and not stop.wait(TICK_S):
            pass
        if process.poll() is None:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(END_S)
            if process.poll() is None:
                process.kill()
                process.wait()
            if not stop.is_set():
                raise WarroomError(say("stress.command_late", seconds=round(LATE_S)))
            return
        if process.returncode:
            raise WarroomError(say("stress.command_failed", code=process.returncode))
        self.sent += round(per_s * for_s)

    def close(self) -> None:
        """Nothing is held."""


class HttpSender:
    """One POST a task, a few at a time; only what is answered with 2xx was sent."""

    THREADS = 8

    def __init__(self, settings: StressSettings) -> None:
        from signals.connections.http import open_blocking

        if settings.enqueue is None:
            raise WarroomError(say("stress.no_sender"))
        self._url, self._body = settings.enqueue.url, settings.body
        self._client = open_blocking(settings.enqueue)
        self._lock = threading.Lock()
        self._refused = ""
        self.sent = 0

    def run(self, per_s: float, for_s: float, stop: threading.Event) -> None:
        began, due = time.monotonic(), 0
        lock = threading.Lock()

        def work() -> None:
            nonlocal due
            while not stop.is_set() and (now := time.monotonic() - began) < for_s:
                with lock:
                    is_mine = due < min(now * per_s, per_s * for_s)
                    due += is_mine
                if is_mine:
                    self._post()
                else:
                    stop.wait(TICK_S / 2)

        threads = [threading.Thread(target=work, daemon=True) for _ in range(self.THREADS)]
        before = self.sent
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if self.sent == before and self._refused:
            raise WarroomError(say("stress.not_sent", detail=self._refused))

    def _post(self) -> None:
        import httpx

        try:
            answer = self._client.post(self._url, json=self._body)
        except httpx.HTTPError as error:
            self._refused = clean(str(error), 200) or type(error).__name__
            return
        with self._lock:
            if answer.is_success:
                self.sent += 1
            else:
                self._refused = f"HTTP {answer.status_code}"

    def close(self) -> None:
        """Close the connections."""
        self._client.close()


def _filled(word: str, values: dict[str, str]) -> str:
    for name, value in values.items():
        word = word.replace(name, value)
    return word
