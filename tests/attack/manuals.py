"""Hostile manuals: read, linted and held against a repository in time that their length alone decides."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path

from core.errors import WarroomError
from profiles.profile import BUNDLED
from repolint.lint import lint_manuals
from runbooks.lint.lint import lint
from runbooks.reading.read import read_runbook
from tests.attack.attack import NASTY, Attack, Broken, Figures, Round, mutate

MAX_S = 15.0
"""Of CPU time."""


def run(this: Round) -> Figures:
    """Mutations of the bundled runbooks, and one nasty piece very often."""
    originals = [path.read_bytes() for path in sorted(BUNDLED.glob("chimera/runbooks/*/*.md"))]
    (this.folder / "docs").mkdir()
    path, count, slowest = this.folder / "docs" / "manual.md", 0, 0.0
    for number in this.cases():
        count = number
        if this.chance.random() < 0.2:
            data = this.chance.choice(NASTY) * this.chance.choice((5000, 60_000))
        else:
            data = mutate(this.chance, this.chance.choice(originals))
        path.write_bytes(data)
        began = time.process_time()
        parsed = read_runbook(data.decode(errors="replace"), str(path), "en")
        lint(parsed)
        with suppress(WarroomError):  # one sentence: no text, too large
            lint_manuals([path], this.folder)
        took = time.process_time() - began
        slowest = max(slowest, took)
        if took > MAX_S:
            kept = Path("/var/tmp") / f"warroom-attack-{time.time():.0f}.md"  # noqa: S108  # to be looked at
            kept.write_bytes(data)
            raise Broken(f"{took:.1f} s for {kept}")
    return {"manuals": count, "slowest s": [slowest]}


ATTACK = Attack("mutations of runbooks, read and linted", run, share=2)
