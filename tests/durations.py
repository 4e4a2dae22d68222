"""`python -m tests.durations REPORT`: writes `tests/durations.toml` from the JUnit report of a run of the whole suite."""

from __future__ import annotations

import sys
from collections import defaultdict
from pathlib import Path
from xml.etree import ElementTree as ET

from tests.schedule import DURATIONS

HEAD = """# Seconds of every test that took half a second or more, the longest of its cases; `make durations` writes this file.
# Folders and parameters are left out, so that a file that moves keeps its times.
"""
SLOW_S = 0.5


def table(report: Path) -> str:
    """The table as TOML: by file, then by test."""
    longest: dict[str, dict[str, float]] = defaultdict(dict)
    for case in ET.parse(report).iter("testcase"):  # noqa: S314  # pytest wrote it just now
        file = case.get("classname", "").rpartition(".")[2] + ".py"
        name = case.get("name", "").partition("[")[0].partition("@")[0]
        seconds = float(case.get("time", 0))
        if seconds >= SLOW_S:
            halves = round(seconds * 2) / 2  # a small difference changes no line
            longest[file][name] = max(halves, longest[file].get(name, 0))
    files = (
        f'["{file}"]\n' + "".join(f"{name} = {tests[name]:g}\n" for name in sorted(tests))
        for file, tests in sorted(longest.items())
    )
    return HEAD + "\n" + "\n".join(files)


if __name__ == "__main__":
    DURATIONS.write_text(table(Path(sys.argv[1])), encoding="utf-8")
