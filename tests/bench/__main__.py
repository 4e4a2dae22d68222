"""`python -m tests.bench [NAME…]`: runs the benches named (all without a name) and prints one table."""

from __future__ import annotations

import datetime as dt
import os
import platform
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from tests.bench.measure import Measure

HERE = Path(__file__).parent


def names() -> list[str]:
    """Every module beside this one that measures something."""
    return sorted(
        path.stem for path in HERE.glob("*.py") if path.stem not in ("__init__", "__main__", "measure")
    )


def main(asked: list[str]) -> int:
    """Run and print; an unknown name is said."""
    if unknown := [name for name in asked if name not in names()]:
        sys.stderr.write(f"no bench named {', '.join(unknown)}; there are: {', '.join(names())}\n")
        return 3
    today = dt.datetime.now(dt.UTC).date().isoformat()
    table = Table(
        title=f"{today} · {platform.machine()} · {os.cpu_count()} cores · Python {platform.python_version()}"
    )
    for column in ("bench", "value", "floor", "ratio", "limit"):
        table.add_column(column, justify="left" if column in ("bench", "limit") else "right")
    for name in asked or names():
        rows: list[Measure] = import_module(f"tests.bench.{name}").measure()
        for row in rows:
            ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
            table.add_row(row.name, row.value, row.floor, ratio, row.limit)
    Console(width=120).print(table)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
