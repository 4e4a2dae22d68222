"""Runs: from the confirmed plan to the first line of output, and what 100 MB of output cost, also who watches them."""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, Any

from actions.runner.folder import RunFolder
from actions.runner.request import RunSettings
from actions.settings import ActionsSettings
from incidents.journal import open_journal
from incidents.settings import JournalSettings
from response.identity import Identity
from response.run_guard import Confirmation, Wish
from response.runs import Begun, Prepared, begin, prepare
from signals.settings import SignalsSettings
from tests.bench.measure import Measure
from tests.terminal import PROGRAM, Terminal

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from incidents.journal import Journal

FIRST_LINE_LIMIT_S = 0.4
READ_S = 5.0
"""So long somebody looks at a plan at least."""
ROUNDS = 5
OUTPUT_MB = 100
MEMORY_LIMIT_MB = 150
KEY_LIMIT_MS = 30
LEAST_KEYS = 15
"""Fewer say little about a median."""
PANES = ("plan as it was confirmed", "── record", "── output")
"""What the run's screen says over its panes, in the order of Tab."""
NOISY = f"""import sys
line = ("2026-11-28 03:00:00 worker-3 task " + "x" * 64 + "\\n") * 1000
for _ in range({OUTPUT_MB} * 1_000_000 // len(line) + 1): sys.stdout.write(line)
"""
ME = Identity("bench", "bench")


def measure() -> list[Measure]:
    """The runner's real process, a journal of its own, a program of the team's."""
    with tempfile.TemporaryDirectory(prefix="warroom-bench-") as name:
        settings = _settings(Path(name))
        journal = open_journal(settings.journal)
        try:
            warm = statistics.median(_first_line_s(journal, settings, READ_S) for _ in range(ROUNDS))
            cold = statistics.median(_first_line_s(journal, settings, 0.0) for _ in range(ROUNDS))
            seconds, peak_mb = _noisy(journal, settings)
            keys, board_mb = _attached(journal, settings, Path(name))
        finally:
            journal.close()
    limit = f"≤ {FIRST_LINE_LIMIT_S * 1000:.0f} ms"
    fits, bounded = warm <= FIRST_LINE_LIMIT_S, peak_mb <= MEMORY_LIMIT_MB
    title = f"{OUTPUT_MB} MB of output"
    return [
        Measure(
            "button → first line, the plan was read for 5 s", f"{warm * 1000:.0f} ms", "", None, limit, fits
        ),
        Measure("button → first line, confirmed at once", f"{cold * 1000:.0f} ms", "", None, ""),
        Measure(f"{title}, memory", f"{peak_mb:.0f} MB", "", None, f"≤ {MEMORY_LIMIT_MB} MB", bounded),
        Measure(f"{title}, kept and hashed", f"{seconds:.1f} s", "", None, ""),
        Measure(
            f"{title}, key to pane on the screen of who is attached, median of {len(keys)}",
            f"{statistics.median(keys):.1f} ms",
            "",
            None,
            f"≤ {KEY_LIMIT_MS} ms",
            statistics.median(keys) <= KEY_LIMIT_MS,
        ),
        Measure(
            f"{title}, memory of that screen's program",
            f"{board_mb:.0f} MB",
            "",
            None,
            f"≤ {MEMORY_LIMIT_MB} MB",
            board_mb <= MEMORY_LIMIT_MB,
        ),
    ]


def _settings(folder: Path) -> RunSettings:
    def action(name: str, argv: list[str]) -> dict[str, Any]:
        return {"id": name, "title": name, "danger": "mitigate", "argv": argv, "resource": name}

    echo, noisy = (
        action("bench.echo", ["/bin/echo", "x"]),
        action("bench.noisy", [sys.executable, "-c", NOISY]),
    )
    return RunSettings(
        service="bench",
        environment="bench",
        signals=SignalsSettings(),
        actions=ActionsSettings.model_validate(
            {"folder": folder / "runs", "add": [echo, noisy], "output_bytes": 2 * OUTPUT_MB * 1_000_000}
        ),
        journal=JournalSettings.model_validate({"url": f"sqlite:///{folder / 'journal.db'}"}),
        secrets=("a-secret-of-the-configuration",),
    )


def _begin(journal: Journal, settings: RunSettings, action: str, read_s: float) -> tuple[UUID, float]:
    prepared = prepare(settings, action, {}, ME.actor, warm=True)
    assert isinstance(prepared, Prepared)
    time.sleep(read_s)
    pressed = time.perf_counter()
    wish = Wish(plan=prepared.plan, identity=ME)
    begun = begin(journal, settings, prepared, wish, Confirmation(yes=True))
    assert isinstance(begun, Begun)
    return begun.run, pressed


def _first_line_s(journal: Journal, settings: RunSettings, read_s: float) -> float:
    run, pressed = _begin(journal, settings, "bench.echo", read_s)
    output = RunFolder.of(settings.actions, run).output
    while not output.exists() or not output.stat().st_size:
        time.sleep(0.001)
    seconds = time.perf_counter() - pressed
    while not journal.load_run(run).has_ended:
        time.sleep(0.02)
    return seconds


def _noisy(journal: Journal, settings: RunSettings) -> tuple[float, float]:
    """Seconds, and the most megabytes that the runner held at once."""
    run, pressed = _begin(journal, settings, "bench.noisy", READ_S)
    peak_kb = 0
    while not (state := journal.load_run(run)).has_ended:
        peak_kb = max(peak_kb, _peak_kb(state.process))
        time.sleep(0.02)
    if state.state != "finished" or state.output is None or state.output.size < OUTPUT_MB * 1_000_000:
        raise RuntimeError("the run did not do what is measured")
    return time.perf_counter() - pressed, peak_kb / 1000


def _attached(journal: Journal, settings: RunSettings, folder: Path) -> tuple[list[float], float]:
    """Milliseconds from Tab to the next pane while the output comes, and the most megabytes of the program that shows it."""
    terminal = Terminal([PROGRAM, "--config", str(_configuration(settings, folder))], 120, 40, LANG="C.UTF-8")
    try:
        terminal.wait_for("quit", 60)
        terminal.read_for(5)
        terminal.press("R")
        terminal.wait_for("RUN-")
        run, _ = _begin(journal, settings, "bench.noisy", READ_S)
        label = journal.run_label(run)
        terminal.wait_for(label)
        terminal.press("\x1b[H\r")  # the newest stands first
        terminal.wait_for(PANES[-1])
        keys = _panes(terminal, lambda: journal.load_run(run).has_ended)
        peak_kb = _peak_kb(terminal.pid)
    finally:
        terminal.press("\x1b\x1b")
        terminal.read_for(0.5)
        terminal.press("q")
        terminal.wait_end()
    if len(keys) < LEAST_KEYS:
        raise RuntimeError(f"{len(keys)} keys before the output ended")
    return keys, peak_kb / 1000


def _panes(terminal: Terminal, has_ended: Callable[[], bool]) -> list[float]:
    """From Tab until the pane that it opens can be seen (ms), again and again until the run has ended."""
    keys: list[float] = []
    for pane in cycle(PANES):
        terminal.read_for(0.15)
        pressed = time.perf_counter()
        terminal.press("\t")
        while pane not in terminal.screen:
            if not terminal.read(10, first_only=True):
                raise RuntimeError(f"no {pane!r} after Tab:\n{terminal.screen}")
        took = terminal.came_at - pressed
        if has_ended():
            return keys
        keys.append(took * 1000)
    return keys


def _configuration(settings: RunSettings, folder: Path) -> Path:
    """The same as a file."""
    path = folder / "warroom.toml"
    added = [
        action.model_dump(mode="json", include={"id", "title", "danger", "argv", "resource"})
        for action in settings.actions.add
    ]
    path.write_text(
        f'[journal]\nurl = "sqlite:///{folder / "journal.db"}"\n'
        f'[actions]\nfolder = "{settings.actions.folder}"\noutput_bytes = {settings.actions.output_bytes}\n'
        + "".join(
            "[[actions.add]]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in action.items())
            for action in added
        ),
        encoding="utf-8",
    )
    return path


def _peak_kb(process: int | None) -> int:
    """VmHWM of a process that may have ended."""
    try:
        status = Path(f"/proc/{process}/status").read_text(encoding="ascii")
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")), 0)
