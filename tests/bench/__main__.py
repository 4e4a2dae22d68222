"""`python -m tests.bench [--write] [NAME…]`: runs the benches named (all but the soak without a name) and prints one table.

`--write` also keeps the rows of this run in RESULTS.md; rows of benches that did not run stay as they were.
"""

from __future__ import annotations

import datetime as dt
import os
import platform
import sys
import tempfile
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from tests.bench.measure import Measure

HERE = Path(__file__).parent
RESULTS = HERE / "RESULTS.md"
NO_BENCH = ("__init__", "__main__", "measure", "stack", "day_board", "soak_board")
BY_NAME = ("soak",)
"""Runs for an hour: only when it is named."""
COLUMNS = ("bench", "value", "floor", "ratio", "limit", "")
INTRODUCTION = """# Speed and size, measured

`make bench` measures them anew; `python -m tests.bench --write` keeps the figures here. Ratios are against a floor that
was measured in the same run: they say more than milliseconds do.
"""


def names() -> list[str]:
    """Every module beside this one that measures something."""
    return sorted(path.stem for path in HERE.glob("*.py") if path.stem not in NO_BENCH)


def main(asked: list[str]) -> int:
    """Run and print; an unknown name is said."""
    write = "--write" in asked
    asked = [name for name in asked if name != "--write"]
    if unknown := [name for name in asked if name not in names()]:
        sys.stderr.write(f"no bench named {', '.join(unknown)}; there are: {', '.join(names())}\n")
        return 3
    table = Table(title=f"{machine()} · load {os.getloadavg()[0]:.1f}")
    for column in COLUMNS:
        table.add_column(column, justify="right" if column in ("value", "floor", "ratio") else "left")
    with tempfile.TemporaryDirectory(prefix="warroom-bench-") as bytecode:
        # What is measured is a program that was started before: its bytecode is there, wherever this runs.
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ["PYTHONPYCACHEPREFIX"] = bytecode
        for name in asked or [name for name in names() if name not in BY_NAME]:
            rows: list[Measure] = import_module(f"tests.bench.{name}").measure()
            for row in rows:
                table.add_row(*cells(row))
            if write:
                keep(name, rows)
    Console(width=150).print(table)
    return 0


def machine() -> str:
    """Where and when."""
    today = dt.datetime.now(dt.UTC).date().isoformat()
    return f"{today} · {platform.machine()} · {os.cpu_count()} cores · Python {platform.python_version()}"


def cells(row: Measure) -> tuple[str, ...]:
    """A row of either table."""
    ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
    verdict = "" if row.ok is None else "ok" if row.ok else "OVER"
    return row.name, row.value, row.floor, ratio, row.limit, verdict


def keep(name: str, rows: list[Measure]) -> None:
    """Put one bench's section into the file, in the place of its older one."""
    text = RESULTS.read_text(encoding="utf-8") if RESULTS.exists() else INTRODUCTION
    lines = [
        f"## {name}",
        "",
        f"{machine()} · load {os.getloadavg()[0]:.1f}",
        "",
        f"| {' | '.join(COLUMNS)} |",
        "|---" * len(COLUMNS) + "|",
        *(f"| {' | '.join(cells(row))} |" for row in rows),
    ]
    head, *sections = text.rstrip().split("\n\n## ")
    found = {section.split("\n", 1)[0]: section for section in sections}
    found[name] = "\n".join(lines).removeprefix("## ")
    RESULTS.write_text(
        "\n\n## ".join([head, *(found[key] for key in sorted(found))]) + "\n", encoding="utf-8"
    )


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
