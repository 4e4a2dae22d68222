"""No two parts of the sandbox are given the same port."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import astuple

import pytest

from sandbox import ports
from sandbox.servers import free_port

CHOOSE_ANOTHER = "from sandbox.servers import free_port; print(free_port())"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux has abstract sockets")
def test_two_programs_that_look_at_once_are_given_two_ports(monkeypatch: pytest.MonkeyPatch) -> None:
    port = free_port()
    monkeypatch.setenv("WARROOM_FREE_PORTS", f"{port}-{port + 1}")
    other = subprocess.run(
        [sys.executable, "-c", CHOOSE_ANOTHER], capture_output=True, text=True, check=False
    )
    assert f"none of 200 ports from {port} to {port + 1} is free" in other.stderr, other.stdout


def test_a_port_that_is_found_free_twice_is_given_once(monkeypatch: pytest.MonkeyPatch) -> None:
    found = iter([20_001, 20_001, 20_002, 20_003, 20_002, 20_004, 20_005, 20_006])
    monkeypatch.setattr(ports, "free_port", lambda: next(found))
    chosen = [port for port in astuple(ports.choose_ports()) if port]
    assert len(set(chosen)) == len(chosen)
