"""What audits share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def compiled_rules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Kingfisher compiles its rules once, in the one worker that has the module: ten seconds of processor time."""
    return tmp_path_factory.mktemp("kingfisher")
