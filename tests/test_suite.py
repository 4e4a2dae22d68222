"""The suite and the house: ids that can be read and typed, no picture that nobody takes any more, no file that is too long."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

MAX_ID_LENGTH = 200
MAX_LINES = 400
"""A file that is longer is split where a reader's question splits."""
ROOT = Path(__file__).resolve().parent.parent


def test_every_id_can_be_read(request: pytest.FixtureRequest) -> None:
    """Name long cases with `ids=` or `pytest.param(…, id=…)`."""
    ids = [item.nodeid for item in request.session.items]
    assert [name[:MAX_ID_LENGTH] for name in ids if len(name) > MAX_ID_LENGTH] == []


def test_every_picture_is_taken_by_a_test(request: pytest.FixtureRequest) -> None:
    """With several workers pytest-textual-snapshot does not look for them."""
    config = request.config
    folders = [Path(path).name for path in config.args]
    if folders != config.getini("testpaths") or config.option.markexpr not in ("", "not drill"):
        pytest.skip("not all tests were collected")
    taken = {
        item.path.parent / "__snapshots__" / item.path.stem / f"{item.name}.svg"
        for item in request.session.items
        if isinstance(item, pytest.Function) and "snap_compare" in item.fixturenames
    }
    assert set(Path(__file__).parent.rglob("__snapshots__/*/*.svg")) - taken == set()


def test_no_file_is_too_long_to_be_read_at_once() -> None:
    rooms = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "root_packages"
    ]
    files = [file for room in (*rooms, "tests") for file in (ROOT / room).rglob("*.py")]
    lines = {
        str(file.relative_to(ROOT)): len(file.read_text(encoding="utf-8").splitlines()) for file in files
    }
    assert len(lines) > 1000
    assert {name: count for name, count in lines.items() if count > MAX_LINES} == {}
