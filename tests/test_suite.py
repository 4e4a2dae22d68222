"""The suite itself: names that can be read and typed, and no picture that nobody takes any more."""

from __future__ import annotations

from pathlib import Path

import pytest

MAX_ID_LENGTH = 200


def test_every_id_can_be_read(request: pytest.FixtureRequest) -> None:
    """Name long cases with `ids=` or `pytest.param(…, id=…)`."""
    ids = [item.nodeid for item in request.session.items]
    assert [name[:MAX_ID_LENGTH] for name in ids if len(name) > MAX_ID_LENGTH] == []


def test_every_picture_is_taken_by_a_test(request: pytest.FixtureRequest) -> None:
    """With several workers pytest-textual-snapshot does not look for them."""
    config = request.config
    if [Path(path).name for path in config.args] != config.getini("testpaths") or config.option.markexpr:
        pytest.skip("not all tests were collected")
    taken = {
        item.path.parent / "__snapshots__" / item.path.stem / f"{item.name}.svg"
        for item in request.session.items
        if isinstance(item, pytest.Function) and "snap_compare" in item.fixturenames
    }
    assert set(Path(__file__).parent.rglob("__snapshots__/*/*.svg")) - taken == set()
