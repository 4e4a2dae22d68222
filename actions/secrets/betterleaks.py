"""Betterleaks as the second opinion on files; `python -m actions.secrets.betterleaks FOLDER` is its process.

The library is a native one and holds the whole report in memory: it runs in a process of its own, which prints one
finding a line into our pipe. It reads files only: the history has one opinion.
"""

from __future__ import annotations

import json
import posixpath
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from typing import TYPE_CHECKING

from actions.secrets.kingfisher import ScannerError
from actions.secrets.model import Hit
from actions.secrets.rules import RULES
from core.files import read_text
from core.own_python import module_command, own_environment

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAME = "betterleaks"


def installed() -> bool:
    """Whether `pybetterleaks` is there."""
    return find_spec("pybetterleaks") is not None


def scan_paths(folder: Path, path: str) -> Iterator[Hit]:
    """Scan `path`, relative to `folder` or absolute; raises `ScannerError`."""
    with subprocess.Popen(
        module_command("actions.secrets.betterleaks", path),
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=own_environment(),
    ) as process:
        if process.stdout is None:
            raise ScannerError("no pipe")
        for line in process.stdout:
            rule, value, file, number = json.loads(line)
            yield Hit(scanner=NAME, rule=rule, value=value, file=posixpath.normpath(file), line=number)
    if process.returncode:
        raise ScannerError(f"exit code {process.returncode}")


def main(path: str) -> int:
    """Print each finding as `[rule, value, file, line]`; 1 when the library reports an error."""
    from pybetterleaks import scan_dir

    with tempfile.NamedTemporaryFile("w", suffix=".toml") as config:
        config.write("[extend]\nuseDefault = true\n" + read_text(RULES))
        config.flush()
        result = scan_dir(path, config_path=config.name, redact=False)
    for finding in result.findings:
        line = finding.line if isinstance(finding.line, int) else 0
        sys.stdout.write(json.dumps([finding.rule_id, finding.secret, finding.file or "?", line]) + "\n")
    return 1 if result.errors else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1]))
