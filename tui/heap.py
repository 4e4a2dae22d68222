"""What glibc's allocator keeps although nobody uses it. Elsewhere (macOS, musl) there is no such switch and no need.

See mallopt(3) and malloc_trim(3).
"""

from __future__ import annotations

from contextlib import suppress

M_ARENA_MAX = -8
"""glibc's malloc.h."""


def share_one_heap() -> None:
    """Let all threads allocate from one heap: glibc gives each its own, which cost 23 of 145 MB and won no time."""
    import ctypes

    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).mallopt(M_ARENA_MAX, 1)


def give_back() -> None:
    """Return free pages to the system: importing leaves holes behind, 17 of 122 MB."""
    import ctypes

    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)
