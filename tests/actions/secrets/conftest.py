"""What audits share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def compiled_rules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Kingfisher compiles its rules once: it takes four seconds."""
    return tmp_path_factory.mktemp("kingfisher")
