"""Whether a drill is conducted on the sandbox that this board shows: looked for on the disk, in a thread."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.runtime.threads import in_thread

if TYPE_CHECKING:
    from pathlib import Path

    from tui.config.model import Config
    from tui.incident.context import Host

LOOK_S = 1.0


class DrillWatch:
    """`is_on` is what was so a second ago."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._environment = ""
        self._checkout: Path | None = None
        self.is_on = False

    def start(self, config: Config) -> None:
        """Look from now on, where the configuration is that of a sandbox: nothing else has drills that are conducted."""
        from drills.target import SANDBOX

        self._environment, self._checkout = config.service.environment, config.actions.checkout
        if self._environment == SANDBOX:
            self._look()
            self._host.set_interval(LOOK_S, self._look)

    def _look(self) -> None:
        if not self._host.paused:
            self._host.run_worker(self._ask(), group="drill watch", exclusive=True)

    async def _ask(self) -> None:
        from drills.announce import announced

        is_on = await in_thread(lambda: announced(self._environment, self._checkout), name="drill watch")
        if is_on != self.is_on:
            self.is_on = is_on
            self._host.repaint()
