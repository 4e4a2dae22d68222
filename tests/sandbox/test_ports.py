"""No two parts of the sandbox are given the same port."""

from __future__ import annotations

from dataclasses import astuple
from typing import TYPE_CHECKING

from sandbox import ports

if TYPE_CHECKING:
    import pytest


def test_a_port_that_is_found_free_twice_is_given_once(monkeypatch: pytest.MonkeyPatch) -> None:
    found = iter([20_001, 20_001, 20_002, 20_003, 20_002, 20_004, 20_005, 20_006])
    monkeypatch.setattr(ports, "free_port", lambda: next(found))
    chosen = [port for port in astuple(ports.choose_ports()) if port]
    assert len(set(chosen)) == len(chosen)
