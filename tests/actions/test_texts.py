"""What an action says is kept in the journal as a phrase, so that its key stays for good."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from incidents.events.phrase import phrase_keys

ROOT = Path(__file__).parents[2]
NAMESPACES = sorted(
    {
        match[1]
        for file in (ROOT / "actions").rglob("*.py")
        for match in re.finditer(r'say\(\s*f?"([a-z_]+)\.', file.read_text(encoding="utf-8"))
    }
    - {"actions_catalogue"}  # titles, which a run does not keep
)


@pytest.mark.parametrize("namespace", NAMESPACES)
def test_every_text_of_actions_may_be_kept(namespace: str) -> None:
    texts = tomllib.loads((ROOT / "tui/i18n/en" / f"{namespace}.toml").read_text(encoding="utf-8"))
    missing = sorted({f"{namespace}.{key}" for key in texts} - phrase_keys())
    assert not missing
