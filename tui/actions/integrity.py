"""Whether the output on this host is the one of which the journal has the hash."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from core.files import open_regular
from core.message import say
from core.units import quantity

if TYPE_CHECKING:
    from pathlib import Path

    from core.message import Message
    from incidents.events.run import Run


def output_lost(run: Run) -> Message | None:
    """What of the run's output its host could not write; None where it wrote all of it."""
    if run.output is None or not run.output.lost:
        return None
    host = run.host or "?"
    size = quantity(run.output.lost, "bytes")
    return say("run.output_lost", size=size, host=host, why=run.output.lost_why or "?")


def output_problem(run: Run, output: Path) -> Message | None:
    """None where it is, and where there is nothing to compare. Reads all of it."""
    if run.output is None or not output.exists():
        return None
    with open_regular(output) as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return None if digest == run.output.sha256 else say("run.output_altered")
