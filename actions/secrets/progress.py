"""How far an audit is, as lines of its run's output, which is English in every language. `part` is a scanner and what it reads."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias


class Listed(NamedTuple):
    """So many files will be read."""

    files: int


class Began(NamedTuple):
    """A scanner starts."""

    part: str


class StillReading(NamedTuple):
    """No scanner has ended for a while; `seconds` are those since the audit began."""

    part: str
    seconds: int


class Ended(NamedTuple):
    """A scanner has ended; `hits` include values that others saw, too."""

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
            return f"{progress.part}: hits: {progress.hits}"
        case Seen():
            return f"seen {progress.fingerprint} {progress.rule} {progress.place}"
