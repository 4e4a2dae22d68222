"""How soon a fault of a sandbox is on the board, and how soon after its deadline it is lifted."""

from __future__ import annotations

import datetime as dt
import re
import tempfile
import time
from pathlib import Path

from drills.faults.injector import Injector, open_injector
from drills.faults.records import ENDED
from drills.target import Target
from tests.bench.measure import Measure
from tests.drills.faults.world import BROKEN
from tests.e2e.stack import Stack, running
from tests.terminal import PROGRAM, Terminal

INTERVAL_S = 5.0
"""How often the board's panels ask (`[signals] interval_s`)."""
RELEASE_INTERVAL_S = 30.0
"""How often the panel of the release does (the profile's `board.toml`)."""
SEEN = {
    "redis-stopped": r"waiting NO DATA",
    "prometheus-down": r"via scrape",
    "alertmanager-down": r"alertmanager can't be reached",
    "queue-flood": r"matches \d{3,}",
    "retry-storm": r"invalid in 10 min [1-9]",
    "worker-killed": r"fell silent",
    "bad-release": r"v2\.2\.2",
    "migration-half-way": r"v2\.4\.0",
}
GIVE_UP_S = 90.0
OF_RELEASES = {"bad-release", "migration-half-way"}
LASTS_S = 1.0


def measure() -> list[Measure]:
    """Each fault that a panel of the board has, then the deadline of every fault."""
    with running() as stack:
        target = Target(config=Path(stack.told["config"]), environment="sandbox", sandbox=Path(stack.folder))
        with (
            tempfile.TemporaryDirectory() as folder,
            open_injector(target, Path(folder) / "injections") as injector,
        ):
            return [*_shown(stack, injector), _lateness(stack, injector)]


def _shown(stack: Stack, injector: Injector) -> list[Measure]:
    terminal = Terminal([PROGRAM, "board", "--config", stack.told["config"]], 120, 40)
    measures = []
    try:
        terminal.wait_for("Queues", 30)
        terminal.read_for(3 * INTERVAL_S)
        for fault, pattern in SEEN.items():
            if not _has_parts(stack, fault):
                continue
            injection = injector.inject(fault, for_s=120)
            began = time.monotonic()
            while not re.search(pattern, terminal.screen) and time.monotonic() - began < GIVE_UP_S:
                terminal.read(0.1, first_only=True)
            took = time.monotonic() - began
            limit_s = 2 * (RELEASE_INTERVAL_S if fault in OF_RELEASES else INTERVAL_S)
            limit = f"≤ {limit_s:g} s, two intervals"
            name = f"{fault}, injected until it is on the board"
            measures.append(Measure(name, f"{took:.1f} s", "", None, limit, took <= limit_s))
            injector.lift(injection.id)
            terminal.read_for(2 * INTERVAL_S)
    finally:
        terminal.press("q")
        terminal.wait_end(40)
    return measures


def _lateness(stack: Stack, injector: Injector) -> Measure:
    """The latest of all, one after the other."""
    latest = 0.0
    for name in BROKEN:
        fault, _, rest = name.partition(" ")
        if not _has_parts(stack, fault):
            continue
        known = injector.inject(fault, dict(pair.split("=") for pair in rest.split()), LASTS_S)
        while known.state not in ENDED:
            time.sleep(0.02)
            known = next(each for each in injector.injections() if each.id == known.id)
        lifted = known.lifted_at or dt.datetime.now(dt.UTC)
        latest = max(latest, (lifted - known.until).total_seconds())
    return Measure(
        "lifted after the deadline, the latest of all faults",
        f"{latest:.2f} s",
        "",
        None,
        "≤ 1 s",
        latest <= 1,
    )


def _has_parts(stack: Stack, fault: str) -> bool:
    return all(stack.told[part] for part in ("prometheus", "alertmanager") if fault.startswith(part))
