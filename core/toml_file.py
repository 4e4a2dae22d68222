"""Where the configuration file is, and on which line of it a key stands: `tomllib` does not say the line of an error.

Neither imports more than the standard library before it is needed, so that the first paint waits for nothing.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TypeAlias

from core.errors import ConfigError
from core.message import say

Location: TypeAlias = "tuple[str | int, ...]"

_TABLE = re.compile(r"\s*(\[\[?)\s*([^\[\]#]+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(
    r"""\s*((?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*'))*)\s*="""
)
_PART = re.compile(r"""[A-Za-z0-9_-]+|"[^"]*"|'[^']*'""")


class ConfigNotFound(ConfigError):
    """There is no configuration file at all."""


def find_config(path: Path | None) -> Path:
    """`--config`, `$WARROOM_CONFIG`, `./warroom.toml`, the user's configuration folder; raises `ConfigNotFound`."""
    if path is not None:
        return path
    if named := os.environ.get("WARROOM_CONFIG"):
        return Path(named)
    from platformdirs import user_config_path

    for candidate in (Path("warroom.toml"), user_config_path("warroom", appauthor=False) / "warroom.toml"):
        if candidate.is_file():
            return candidate
    raise ConfigNotFound(say("config.none_found"))


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


def nearest_line(location: Location, lines: dict[Location, int]) -> int:
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
