"""What is broken, for the parts of the stack that read it at each task or request: `faults.json` in the sandbox's folder.

Only the supervisor writes it, and each time as a whole. Without the file, or outside a sandbox, nothing is broken.
"""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path
from typing import TypeAlias

from core.files import replace_file

Value: TypeAlias = "str | int | float | bool"
FILE = "faults.json"
VARIABLE = "SANDBOX_FAULTS"
"""The environment variable that names the file for the parts."""

_writing = threading.Lock()
_known: tuple[tuple[int, int], dict[str, Value]] = ((0, 0), {})


def value_of(name: str) -> Value | None:
    """What stands there now under this name; None where nothing does."""
    path = os.environ.get(VARIABLE)
    return None if path is None else _read(Path(path)).get(name)


def number_of(name: str, otherwise: float) -> float:
    """The same as a number."""
    value = value_of(name)
    return float(value) if isinstance(value, int | float) else otherwise


def write_value(folder: Path, name: str, value: Value | None) -> None:
    """Set it, or take it away. Raises `OSError`."""
    path = folder / FILE
    with _writing:
        values = {**_read(path)}
        if value is None:
            values.pop(name, None)
        else:
            values[name] = value
        replace_file(path, json.dumps(values).encode())


def read_value(folder: Path, name: str) -> Value | None:
    """As `value_of`, for who knows the folder."""
    return _read(folder / FILE).get(name)


def _read(path: Path) -> dict[str, Value]:
    """A file that was not replaced is not read again: this is asked several times a task."""
    global _known  # noqa: PLW0603  # one file a process
    try:
        status = path.stat()
        stamp = (status.st_ino, status.st_mtime_ns)
        if stamp != _known[0]:
            _known = (stamp, json.loads(path.read_bytes()))
    except FileNotFoundError:
        return {}
    return _known[1]
