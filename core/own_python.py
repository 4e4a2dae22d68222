"""How the program starts its own modules as processes: our rooms come before any module of that name elsewhere."""

from __future__ import annotations

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
"""The private import root (see `warroom`)."""


def module_command(module: str, *arguments: str) -> list[str]:
    """The argv that runs one of our modules; it needs `own_environment`."""
    return [sys.executable, "-P", "-m", module, *arguments]


def own_environment(**more: str) -> dict[str, str]:
    """This process's environment with our import root in front; for our own modules alone, never for a foreign program."""
    inherited = os.environ.get("PYTHONPATH")
    path = os.pathsep.join([str(ROOT), inherited] if inherited else [str(ROOT)])
    # Safe path also for what starts anew as a file: its folder must not become a place of modules.
    return {**os.environ, "PYTHONPATH": path, "PYTHONSAFEPATH": "1", **more}
