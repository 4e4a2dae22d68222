"""Which tests start first, which share a worker, and which are quick: pytest hooks that `tests/conftest.py` registers.

`tests/durations.toml` names every test that took half a second or more; `make durations` writes it anew. Quick is what
neither stands there nor asks for a server of `tests/conftest.py` nor lies in `tests/e2e`. Every worker collects every test:
what that costs once is done once, before the workers start, and no collector runs until all is there.
"""

from __future__ import annotations

import gc
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

DURATIONS = Path(__file__).with_name("durations.toml")
SERVERS = {"postgres_server", "valkey_server"}
UNKNOWN_S = 1.0
"""Where a test that the table does not name stands in the order: most are short, but a new one may be long."""


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes(config: pytest.Config) -> None:
    """In a clean clone, compile libraries, rooms and tests once: workers that start together would each do it, for 25 s of CPU."""
    tests = config.rootpath / "tests"
    if any(tests.glob("core/__pycache__/test_*.pyc")):
        return
    parts = sorted(str(part) for part in tests.iterdir() if part.is_dir() or part.name.startswith("test_"))
    command = [sys.executable, "-m", "pytest", "--collect-only", "-qq"]
    halves = [
        subprocess.Popen([*command, *half], cwd=config.rootpath, stdout=subprocess.DEVNULL)
        for half in (parts[::2], parts[1::2])
    ]
    for half in halves:
        half.wait()


def pytest_collection() -> None:
    """No collector until the tests are there: it would go through ever more of them, a fifth of the time."""
    gc.disable()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark what is quick; for several workers keep together what shares a fixture, and put the longest first."""
    known = tomllib.loads(DURATIONS.read_text(encoding="utf-8"))
    seconds: dict[str, float] = {}
    for item in items:
        name = item.originalname if isinstance(item, pytest.Function) else item.name
        unit = _unit(item)
        seconds[unit] = seconds.get(unit, 0) + known.get(item.path.name, {}).get(name, 0)
    for item in items:
        unit = _unit(item)
        if not seconds[unit] and "e2e" not in item.path.parts and SERVERS.isdisjoint(_fixtures(item)):
            item.add_marker("quick")
        if unit != item.nodeid:
            item.add_marker(pytest.mark.xdist_group(unit))
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: (-(seconds[_unit(item)] or UNKNOWN_S), _unit(item)))


def pytest_collection_finish() -> None:
    """What was collected stays to the end: a collector that goes through it again and again takes a sixth of the CPU."""
    gc.collect()
    gc.freeze()
    gc.enable()


def _unit(item: pytest.Item) -> str:
    """What one worker runs in one go: a test, or the tests that share a module's fixture."""
    return item.path.stem if "module" in _fixtures(item).values() else item.nodeid


def _fixtures(item: pytest.Item) -> dict[str, str]:
    """The scopes of all fixtures that a test asks for, also by way of others."""
    if not isinstance(item, pytest.Function):
        return {}
    definitions = item._fixtureinfo.name2fixturedefs
    return {name: found[-1].scope for name, found in definitions.items() if found}
