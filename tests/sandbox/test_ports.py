"""No two parts of the sandbox are given the same port."""

from __future__ import annotations

from dataclasses import astuple
from typing import TYPE_CHECKING

from sandbox import stack

if TYPE_CHECKING:
    import pytest


def test_a_port_that_is_found_free_twice_is_given_once(monkeypatch: pytest.MonkeyPatch) -> None:
    found = iter([20_001, 20_001, 20_002, 20_003, 20_002, 20_004, 20_005])
    monkeypatch.setattr(stack, "free_port", lambda: next(found))
    ports = [port for port in astuple(stack.choose_ports()) if port]
    assert len(set(ports)) == len(ports)
