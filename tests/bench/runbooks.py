"""How long a lint of all built-in runbooks takes, offline, beside reading the same bytes."""

from __future__ import annotations

import statistics
import time

from runbooks.library import LANGUAGES, load_library
from runbooks.lint.drift import drift
from runbooks.lint.lint import lint
from signals.metrics.promql.parse import parse
from tests.bench.measure import Measure
from tests.chimera import MANUALS, RUNBOOKS

ROUNDS = 5


def lint_all() -> int:
    """As `warroom runbook lint` does: both languages read, each file linted, each pair compared."""
    one, other = (load_library(RUNBOOKS, code) for code in LANGUAGES)
    found = sum(len(lint(parsed)) for library in (one, other) for parsed in library.parsed)
    twins = {parsed.runbook.id: parsed.runbook for parsed in other.parsed}
    pairs = [
        (parsed.runbook, twins[parsed.runbook.id]) for parsed in one.parsed if parsed.runbook.id in twins
    ]
    return found + sum(len(drift(*pair)) for pair in pairs)


def measure() -> list[Measure]:
    """Median of five rounds; the first, which imports, counts too."""
    files = [path for code in LANGUAGES for path in (MANUALS / code).glob("*.md")]
    took, floor = [], []
    for _ in range(ROUNDS):
        parse.cache_clear()
        begin = time.perf_counter()
        lint_all()
        middle = time.perf_counter()
        size = sum(len(path.read_bytes()) for path in files)
        took.append(middle - begin)
        floor.append(time.perf_counter() - middle)
    value, least = statistics.median(took), statistics.median(floor)
    return [
        Measure(
            f"lint of all bundled runbooks, offline ({len(files)} files)",
            f"{value:.2f} s",
            f"{1000 * least:.1f} ms to read {size / 1000:.0f} kB",
            value / least if least else None,
            "≤ 1 s",
        )
    ]
