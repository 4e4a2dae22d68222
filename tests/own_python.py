"""A Python of its own: what it imports and allocates is nobody else's."""

from __future__ import annotations

import subprocess
import sys


def printed_by(code: str) -> str:
    """What `code` prints; raises `CalledProcessError` where it fails."""
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=True, text=True, timeout=60
    ).stdout
