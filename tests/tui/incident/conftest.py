"""Every test of the room plays over the same service and begins as the same responder."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.exporter import depth_exporter
from tests.tui.incident.stage import configuration

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from prometheus_client import Gauge


@pytest.fixture
def metrics() -> Iterator[tuple[str, Gauge]]:
    """A service that burns: its address, and the gauge to turn."""
    with depth_exporter(143) as found:
        yield found


@pytest.fixture
def config(tmp_path: Path, metrics: tuple[str, Gauge]) -> Path:
    """The file of op1, with a journal of its own."""
    return configuration(tmp_path, metrics[0], actor="op1", journal=f"sqlite:///{tmp_path}/journal.db")
