"""A context over whatever a test configures, and what was printed."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from actions.providers import open_context
from actions.release_settings import ReleasesSettings
from actions.settings import ActionsSettings
from signals.settings import SignalsSettings

if TYPE_CHECKING:
    from collections.abc import Callable

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


def until(met: Callable[[], object], timeout_s: float = 60.0) -> None:
    """Wait for what must happen."""
    deadline = time.monotonic() + timeout_s
    while not met():
        assert time.monotonic() < deadline, "not in time"
        time.sleep(0.02)
