"""How far an audit is. A run's output has no language, and so neither have these lines."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias


class Listed(NamedTuple):
    """So many files will be read."""

    files: int


class Began(NamedTuple):
    """A scanner reads `part` of what is there, which it names."""

    part: str


class StillReading(NamedTuple):
    """Seconds since the audit began."""

    part: str
    seconds: int


class Ended(NamedTuple):
    """It is through; what it saw elsewhere, too, counts."""

    part: str
    hits: int


class Seen(NamedTuple):
    """The first place of a value: hours before its history is known."""

    fingerprint: str
    rule: str
    place: str


Progress: TypeAlias = Listed | Began | StillReading | Ended | Seen


def progress_line(progress: Progress) -> str:
    """As it stands in the output of a run."""
    match progress:
        case Listed():
            return f"files: {progress.files}"
        case Began():
            return f"{progress.part} ..."
        case StillReading():
            return f"{progress.part}: still reading after {progress.seconds} s"
        case Ended():
            return f"{progress.part}: {progress.hits} hits"
        case Seen():
            return f"seen {progress.fingerprint} {progress.rule} {progress.place}"
