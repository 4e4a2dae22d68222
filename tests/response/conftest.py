"""What runs are held by, and the team's journal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.actions.runner.hold import Gate
from tests.postgres import Restartable, open_folder

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def gate() -> Iterator[Gate]:
    page = Gate()
    yield page
    page.close()


@pytest.fixture(scope="module")
def server() -> Iterator[Restartable]:
    """The team's journal, killed and started again by each case."""
    with open_folder() as folder:
        running = Restartable(folder)
        yield running
        running.close()
