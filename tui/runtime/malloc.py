"""Memory that nobody uses: what glibc's allocator keeps, and what a library brings for its own command line.

See mallopt(3) and malloc_trim(3); elsewhere (macOS, musl) there is no such switch and no need.
"""

from __future__ import annotations

import sys
from contextlib import suppress

M_MMAP_THRESHOLD, M_ARENA_MAX = -3, -8
"""glibc's malloc.h."""
APART_BYTES = 128 * 1024


def limit_arenas() -> None:
    """Let all threads allocate from one heap: glibc gives each its own, which cost 23 of 145 MB and won no time.

    Before the first thread: those that allocated already keep theirs, and the later ones are spread over them (1 MB).

    Arrays beyond `APART_BYTES` stay out of it and go back at once. Left alone glibc takes ever larger ones into the
    heap, and what is small settles behind them: 15 of 140 MB once a day's samples had been looked at.
    """
    import ctypes

    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).mallopt(M_ARENA_MAX, 1)
        ctypes.CDLL(None).mallopt(M_MMAP_THRESHOLD, APART_BYTES)


def trim_heap() -> None:
    """Return free pages to the system: importing leaves holes behind, 17 of 122 MB."""
    import ctypes

    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)


def skip_httpx_cli() -> None:
    """Of httpx the command line (click, pygments; 3 MB) is not imported where that import fails: `None` makes it fail.

    The Python Language Reference, "The import system", section "The module cache".
    """
    if "httpx" not in sys.modules:
        sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]  # None is what the reference names
