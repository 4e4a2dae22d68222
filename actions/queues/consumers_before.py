"""Who consumed a queue before it was held: kept on the host of the run, for a return that was not its undo."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from core.files import read_text, replace_file

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from actions.model import Context

MAX_FILE_BYTES = 1_000_000


def remember(context: Context, queue: str, workers: Sequence[str]) -> None:
    """A queue that is held again has no consumers: what is known stays."""
    if not workers:
        return
    file = _file(context, queue)
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    replace_file(file, json.dumps({"queue": queue, "workers": sorted(workers)}).encode())


def recall(context: Context, queue: str) -> tuple[str, ...]:
    """Empty where nobody knows, here."""
    try:
        document = json.loads(read_text(_file(context, queue), MAX_FILE_BYTES))
        return tuple(map(str, document["workers"])) if document["queue"] == queue else ()
    except (OSError, ValueError, LookupError, TypeError):
        return ()


def _file(context: Context, queue: str) -> Path:
    return context.folder / "held" / f"{hashlib.sha256(queue.encode()).hexdigest()[:32]}.json"
