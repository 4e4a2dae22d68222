"""Print version and path of one interpreter for each other Python of this machine that the program promises to run on."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

OLDEST = (3, 11)


def newest_pythons() -> dict[tuple[int, int], Path]:
    """By version: what is on PATH before what pyenv keeps. A shim of pyenv that leads nowhere is none."""
    folders = [Path(folder) for folder in os.environ["PATH"].split(os.pathsep)]
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"), "versions")
    folders += sorted(pyenv.glob("*/bin"), reverse=True)
    pythons: dict[tuple[int, int], Path] = {}
    for folder in folders:
        for python in sorted(folder.glob("python3.*")):
            if match := re.fullmatch(r"python3\.(\d+)", python.name):
                version = (3, int(match[1]))
                if version not in pythons and version >= OLDEST and _runs(python):
                    pythons[version] = python
    return pythons


def _runs(python: Path) -> bool:
    return subprocess.run([python, "-c", ""], capture_output=True, check=False).returncode == 0


if __name__ == "__main__":
    for version, python in sorted(newest_pythons().items()):
        if version != sys.version_info[:2]:
            print(f"{version[0]}.{version[1]} {python}")
