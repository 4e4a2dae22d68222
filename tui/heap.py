"""What glibc's allocator keeps although nobody uses it. Elsewhere (macOS, musl) there is no such switch and no need.

See mallopt(3) and malloc_trim(3).
"""

from __future__ import annotations

from contextlib import suppress

M_ARENA_MAX, M_MMAP_THRESHOLD, M_TRIM_THRESHOLD = -8, -3, -1
"""glibc's malloc.h."""
LARGE = 128 * 1024
"""Bytes from which a block is the system's own, and goes back to it when it is free: arrays of samples are such blocks.
Unless it is set, glibc raises this limit with every such block that is freed, and then keeps them as holes."""


def share_one_heap() -> None:
    """Let all threads allocate from one heap: glibc gives each its own, which cost 23 of 145 MB and won no time."""
    import ctypes

    with suppress(AttributeError, OSError):
        mallopt = ctypes.CDLL(None).mallopt
        for option, value in ((M_ARENA_MAX, 1), (M_MMAP_THRESHOLD, LARGE), (M_TRIM_THRESHOLD, LARGE)):
            mallopt(option, value)


def give_back() -> None:
    """Return free pages to the system: importing leaves holes behind, 17 of 122 MB."""
    import ctypes

    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)
