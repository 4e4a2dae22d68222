"""On which line of a TOML file a key stands: `tomllib` does not say, and an error without a line is half an error."""

from __future__ import annotations

import re
from typing import TypeAlias

Location: TypeAlias = "tuple[str | int, ...]"

_TABLE = re.compile(r"\s*(\[\[?)\s*([^\[\]#]+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(
    r"""\s*((?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*'))*)\s*="""
)
_PART = re.compile(r"""[A-Za-z0-9_-]+|"[^"]*"|'[^']*'""")


def key_lines(text: str) -> dict[Location, int]:
    """Line (from 1) of every table and of every key that begins a line; arrays of tables count from 0."""
    lines: dict[Location, int] = {(): 1}
    counts: dict[Location, int] = {}
    table: Location = ()
    block = ""  # the quotes of the multi-line string that we are in
    for number, line in enumerate(text.splitlines(), start=1):
        if block:
            block = "" if line.count(block) % 2 else block
            continue
        if found := _TABLE.match(line):
            table = _resolve(_parts(found[2]), counts)
            if found[1] == "[[":
                counts[table] = counts.get(table, -1) + 1
                lines.setdefault(table, number)
                table = (*table, counts[table])
            lines.setdefault(table, number)
        elif found := _KEY.match(line):
            lines.setdefault((*table, *_parts(found[1])), number)
        block = next((quotes for quotes in ('"""', "'''") if line.count(quotes) % 2), "")
    return lines


def line_of(location: Location, lines: dict[Location, int]) -> int:
    """The line of `location`, else of the nearest thing around it."""
    while location not in lines:
        location = location[:-1]
    return lines[location]


def _parts(dotted: str) -> Location:
    return tuple(part.strip("\"'") for part in _PART.findall(dotted))


def _resolve(parts: Location, counts: dict[Location, int]) -> Location:
    """Put the index of the newest element behind every array of tables on the way."""
    found: Location = ()
    for index, part in enumerate(parts):
        found = (*found, part)
        if found in counts and index < len(parts) - 1:
            found = (*found, counts[found])
    return found
