"""Events of the last so many seconds: what every published limit counts."""

from __future__ import annotations

from collections import deque


class Window:
    """Counts events of the last `seconds`."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._times: deque[float] = deque()

    def count(self, now: float) -> int:
        """How many there are."""
        while self._times and self._times[0] <= now - self.seconds:
            self._times.popleft()
        return len(self._times)

    def add(self, now: float) -> None:
        """One more."""
        self._times.append(now)

    def drop_since(self, at: float) -> None:
        """None since then."""
        while self._times and self._times[-1] >= at:
            self._times.pop()

    def wait(self, now: float) -> float:
        """Seconds until the oldest leaves."""
        return self._times[0] + self.seconds - now if self._times else 0.0
