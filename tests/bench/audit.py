"""The audit for secrets against its scanners alone, on a repository with a long history that is made here."""

from __future__ import annotations

import datetime as dt
import os
import random
import statistics
import subprocess
import tempfile
import time
import uuid
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from actions.secrets import betterleaks, kingfisher
from actions.secrets.audit import AuditSettings, audit
from actions.secrets.progress import Seen
from actions.secrets.scanner import Limit
from tests.bench.measure import Measure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from actions.secrets.model import Hit
    from actions.secrets.progress import Progress

COMMITS, FILES, LINES = 2_000, 400, 120
LIMIT = 1.15
LIMIT_S = 600.0
FIRST_S = 1.0
ROUNDS = 3


def measure() -> list[Measure]:
    """Median of whole audits, each beside the same scanners one after another; nothing where none is installed."""
    binary = kingfisher.program()
    if binary is None or not betterleaks.installed():
        return [Measure("audit for secrets", "no scanner", "", None, "", None)]
    with tempfile.TemporaryDirectory(prefix="warroom-bench-") as name:
        folder, cache = Path(name) / "repository", Path(name) / "cache"
        keys = write_repository(folder)
        cache.mkdir()
        settings = AuditSettings(
            folder=folder, state=Path(name) / "state", cache=cache, decisions=Path(name) / "decisions.json"
        )
        list(kingfisher.scan(binary, folder, ["."], (), cache, limit=Limit(LIMIT_S)))  # compiles the rules
        floors, values, waits = [], [], []
        for _ in range(ROUNDS):
            start = time.perf_counter()
            alone = [
                *kingfisher.scan(binary, folder, ["."], (), cache, limit=Limit(LIMIT_S)),
                *betterleaks.scan_paths(folder, ".", cache, Limit(LIMIT_S)),
            ]
            floors.append(time.perf_counter() - start)
            start = time.perf_counter()
            with first_sight() as sight:
                result = audit(settings, sight.hear, dt.datetime.now(dt.UTC), Limit(LIMIT_S))
            values.append(time.perf_counter() - start)
            waits.append(sight.said_at - sight.had_at)
        assert len(result.items()) == keys <= len(alone)
    floor, value = statistics.median(floors), statistics.median(values)
    ratio = value / floor
    title = f"audit of {COMMITS} commits and {FILES} files (floor: its scanners alone)"
    wait = max(waits)
    return [
        Measure(title, f"{value:.2f} s", f"{floor:.2f} s", ratio, f"≤ {LIMIT} ×", ratio <= LIMIT),
        Measure(
            "first finding of an audit, said after the scanner has it",
            f"{wait * 1000:.1f} ms",
            "",
            None,
            f"≤ {FIRST_S:g} s",
            0 <= wait <= FIRST_S,
        ),
    ]


class Sight:
    """When a scanner had its first hit, and when the audit said its first value."""

    had_at = said_at = float("inf")

    def hear(self, progress: Progress) -> None:
        """What the audit says."""
        if isinstance(progress, Seen):
            self.said_at = min(self.said_at, time.perf_counter())


@contextmanager
def first_sight() -> Iterator[Sight]:
    """Listens to both scanners within the block."""
    sight = Sight()
    scans = {"scan": kingfisher, "scan_paths": betterleaks}
    known = {name: getattr(module, name) for name, module in scans.items()}

    def listening(scan: Callable[..., Iterator[Hit]]) -> Callable[..., Iterator[Hit]]:
        def listened(*arguments: object, **named: object) -> Iterator[Hit]:
            for hit in scan(*arguments, **named):
                sight.had_at = min(sight.had_at, time.perf_counter())
                yield hit

        return listened

    for name, module in scans.items():
        setattr(module, name, listening(known[name]))
    try:
        yield sight
    finally:
        for name, module in scans.items():
            setattr(module, name, known[name])


def write_repository(folder: Path) -> int:
    """By `git fast-import`; returns how many different keys are in it."""
    folder.mkdir()
    subprocess.run(["git", "init", "--quiet", str(folder)], check=True)
    chance = random.Random(1)
    words = [f"name{number}" for number in range(500)]
    keys = 0
    stream = []
    for commit in range(COMMITS):
        text = "\n".join(" ".join(chance.choices(words, k=8)) for _ in range(LINES))
        if commit % 100 == 0:
            keys += 1
            key = uuid.UUID(int=chance.getrandbits(128))
            text += f"\nkey = 'RGAPI-{key}'\n"
        message = f"change {commit}"
        stream.append(
            f"commit refs/heads/main\ncommitter dev <d@example.org> {1_700_000_000 + commit} +0000\n"
            f"data {len(message)}\n{message}\n"
            f"M 100644 inline module_{commit % FILES}.py\ndata {len(text)}\n{text}\n"
        )
    subprocess.run(
        ["git", "-C", str(folder), "fast-import", "--quiet"],
        input="".join(stream).encode(),
        check=True,
        env={**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null"},
    )
    subprocess.run(["git", "-C", str(folder), "checkout", "--quiet", "-f", "main"], check=True)
    return keys
