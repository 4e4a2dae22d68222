"""Betterleaks as the second opinion on files; `python -m actions.secrets.betterleaks FOLDER` is its process.

The library is a native one and holds the whole report in memory: it runs in a process of its own, which prints one
finding a line into our pipe. It reads files only: the history has one opinion.
"""

from __future__ import annotations

import json
import posixpath
import sys
import tempfile
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from actions.secrets.model import Hit
from actions.secrets.rules import RULES
from actions.secrets.scanner import ScannerError, lines
from core.files import open_regular, read_text
from core.own_python import module_command, own_environment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pybetterleaks import ScanResult

    from actions.secrets.scanner import Limit

NAME = "betterleaks"
CHUNK_BYTES = 8_000_000
"""Of a single file at a time: a log of a day may be larger than memory."""


def installed() -> bool:
    """Whether `pybetterleaks` is there."""
    return find_spec("pybetterleaks") is not None


def scan_paths(folder: Path, path: str, cache: Path, limit: Limit) -> Iterator[Hit]:
    """Scan `path`, relative to `folder` or absolute; what it writes meanwhile goes below `cache`. Raises `ScannerError`."""
    command = module_command("actions.secrets.betterleaks", path)
    with (
        tempfile.TemporaryDirectory(dir=cache, prefix="scan-") as scratch,
        closing(lines(command, limit, cwd=folder, environment=own_environment(TMPDIR=scratch))) as report,
    ):
        for line in report:
            yield _hit(line)


def _hit(line: bytes) -> Hit:
    try:
        rule, value, file, number = json.loads(line)
        return Hit(
            scanner=NAME, rule=str(rule), value=str(value), file=posixpath.normpath(file), line=int(number)
        )
    except (ValueError, TypeError, RecursionError):
        raise ScannerError("its report is no JSON") from None


def main(path: str) -> int:
    """Print each finding as `[rule, value, file, line]`; 1 when the library reports an error."""
    from pybetterleaks import scan_dir

    with tempfile.NamedTemporaryFile("w", suffix=".toml") as config:
        config.write("[extend]\nuseDefault = true\n" + read_text(RULES))
        config.flush()
        if Path(path).is_file():
            return _scan_file(Path(path), config.name)
        result = scan_dir(path, config_path=config.name, redact=False)
    _print(result)
    return 1 if result.errors else 0


def _scan_file(path: Path, config: str) -> int:
    """The library takes folders and texts: a file goes to it in texts of whole lines, however large it is."""
    from pybetterleaks import scan_text

    first_line, failed = 1, False  # lines of a text count from 0, those of a folder from 1
    with open_regular(path) as file:
        while lines := file.readlines(CHUNK_BYTES):
            text = b"".join(lines).decode(errors="replace")
            result = scan_text(text, config_path=config, redact=False)
            _print(result, str(path), first_line)
            first_line, failed = first_line + len(lines), failed or bool(result.errors)
    return 1 if failed else 0


def _print(result: ScanResult, file: str = "?", first_line: int = 0) -> None:
    for finding in result.findings:
        line = finding.line if isinstance(finding.line, int) else 0
        place = finding.file or file, line + first_line
        sys.stdout.write(json.dumps([finding.rule_id, finding.secret, *place]) + "\n")


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1]))
