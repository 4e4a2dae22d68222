"""`warroom` as one user calls it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from tests.program import run_program

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path


class Desk:
    """One user's data folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        config = folder / "warroom.toml"
        if not config.exists():
            config.write_text('service.profile = "chimera"\n')
        self.environment = {
            **os.environ,
            "HOME": str(folder),
            "XDG_DATA_HOME": str(folder),
            "WARROOM_LOG": str(folder / "log"),
            "LANG": "C.UTF-8",
            "WARROOM_ACTOR": "op1",
        }

    def __call__(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return run_program(*arguments, env=self.environment, cwd=self.folder)

    def fact(self, *arguments: str) -> str:
        done = self("incident", *arguments)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout.rstrip("\n")
