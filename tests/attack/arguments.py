"""Hostile arguments and environments: a documented exit code, one line, nothing that steers a terminal, no traceback."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

from tests.attack.attack import NASTY, Attack, Broken, Figures, Round
from tests.attack.texts import steers
from tui.cli.dispatch import command_names

CODES = {0, 1, 2, 3, 130}
OPTIONS = (
    "--config", "--lang", "--json", "--help", "--wait", "--repo", "--live", "--samples", "--time", "--explain",
    "--rules", "--plain", "--severity", "--title", "--runbook", "--out", "--against", "--incident", "--no-input",
    "--yes", "--fail-on", "--step", "--observed", "open", "list", "show", "lint", "verify", "stats", "import",
    "check", "schema", "tick", "note", "INC-1", "-", "--", "", "0", "-1", "1e999", "/dev/null", "/dev/zero", "/",
)  # fmt: skip
VARIABLES = ("LANG", "LC_ALL", "TERM", "HOME", "COLUMNS", "TZ", "XDG_STATE_HOME", "XDG_DATA_HOME", "WARROOM_LOG",
             "WARROOM_CONFIG", "NO_COLOR", "http_proxy", "USER", "LOGNAME")  # fmt: skip
ROOT = Path(__file__).parents[2]


def run(this: Round) -> Figures:
    """Random words behind a random command, under a random environment."""
    count, codes = 0, dict.fromkeys(sorted(CODES), 0)
    (this.folder / "home").mkdir()
    for number in this.cases():
        count = number
        command = this.chance.choice(
            [name for name in command_names() if name not in ("board", "keep", "sandbox", "init")]
        )
        words = [command, *(_word(this.chance) for _ in range(this.chance.randint(0, 6)))]
        environment = {
            name: _word(this.chance) for name in this.chance.sample(VARIABLES, this.chance.randint(0, 3))
        }
        if "watch" in words:
            continue
        done = subprocess.run(
            [sys.executable, "-m", "warroom", *words],
            env={**os.environ, "PYTHONPATH": str(ROOT), "HOME": str(this.folder / "home"), **environment},
            cwd=this.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=120,
        )
        told = f"{words!a} under {environment!a}: exit code {done.returncode}, {done.stderr[-300:]!a}"
        if done.returncode not in CODES or b"Traceback" in done.stderr:
            raise Broken(told)
        output = (done.stdout + done.stderr).decode(errors="replace")
        if any(steers(char) for char in output.replace("\r", "")):
            raise Broken(f"something that steers: {told}")
        codes[done.returncode] += 1
    return {"calls": count, **{f"ended with {code}": number for code, number in codes.items()}}


def _word(chance: random.Random) -> str:
    if chance.random() < 0.6:
        return chance.choice(OPTIONS)
    raw = b"".join(chance.choice(NASTY) for _ in range(chance.randint(1, 5))) * chance.choice((1, 1, 200))
    return raw.replace(b"\0", b"").decode(errors="surrogateescape")


ATTACK = Attack("random arguments and environments", run)
