"""A context over whatever a test configures, and what was printed."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from actions.providers import open_context
from actions.release_settings import ReleasesSettings
from actions.settings import ActionsSettings
from signals.settings import SignalsSettings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from actions.capabilities import Workers
    from actions.model import Context


_FOLDER = tempfile.TemporaryDirectory(prefix="warroom-test-")
"""Where actions of tests that name no folder keep what they keep; it goes with the process."""


def context(
    printed: list[str] | None = None,
    *,
    settings: ActionsSettings | None = None,
    releases: ReleasesSettings | None = None,
    folder: Path | None = None,
    **signals: object,
) -> Context:
    """Everything that an action is given; `signals` as `[signals]` has it."""
    lines = [] if printed is None else printed
    return open_context(
        signals=SignalsSettings.model_validate(signals),
        settings=settings or ActionsSettings(),
        releases=releases or ReleasesSettings(),
        service="shop",
        environment="test",
        actor="tester",
        folder=folder or Path(_FOLDER.name),
        print_line=lines.append,
    )


@dataclass(frozen=True)
class Expecting:
    """Real workers, of whom so many are there: whoever asks waits no longer once they have replied."""

    workers: Workers
    count: int

    def ask(
        self,
        command: str,
        arguments: Mapping[str, object] | None = None,
        *,
        destination: Sequence[str] = (),
        wait_s: float | None = None,
        expected: int = 0,
    ) -> dict[str, Any]:
        """As the provider does."""
        expected = expected or (0 if destination else self.count)
        return self.workers.ask(
            command, arguments, destination=destination, wait_s=wait_s or 20.0, expected=expected
        )

    def tell(self, command: str, arguments: Mapping[str, object], *, destination: Sequence[str] = ()) -> None:
        """The same."""
        self.workers.tell(command, arguments, destination=destination)

    def waiting(self, queue: str) -> int | None:
        """The same."""
        return self.workers.waiting(queue)


def expecting(on: Context, count: int) -> Context:
    """The same context where so many workers answer."""
    return replace(on, workers=Expecting(on.workers, count))
