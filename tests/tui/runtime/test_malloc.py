"""Memory that nobody uses goes back to the system."""

from __future__ import annotations

import platform

import pytest

from tests.own_python import printed_by

HOLES = """
from pathlib import Path
from tui.runtime.malloc import trim_heap, limit_arenas

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1])

limit_arenas()
first = resident()
blocks = [bytes(2000) for _ in range(40_000)]  # too large for Python's own allocator
full = resident()
blocks = blocks[::40]
trim_heap()
print((resident() - first) / (full - first))
"""

APART = """
from pathlib import Path
from tui.runtime.malloc import limit_arenas

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1])

limit_arenas()
large = b"x" * (20 << 20)
del large  # from now on glibc would take all that is smaller into the heap
first = resident()
large = b"x" * (15 << 20)
small = [bytes(2000) for _ in range(500)]  # settles behind it
full = resident()
del large
print((resident() - first) / (full - first))
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other allocators have no such switch")
def test_holes_between_what_is_used_are_given_back() -> None:
    assert float(printed_by(HOLES)) < 0.3


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other allocators have no such switch")
def test_large_arrays_are_given_back_at_once() -> None:
    assert float(printed_by(APART)) < 0.2
