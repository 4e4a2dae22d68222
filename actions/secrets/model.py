"""What an audit gives: findings without their values, what was scanned, and what could not be read."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import datetime as dt

    from core.message import Message


class Where(StrEnum):
    """Which kind of place holds a secret: it decides how it is cleaned."""

    TREE = "tree"
    HISTORY = "history"
    LOG = "log"
    ENV = "env"


class Verdict(StrEnum):
    """What a person decided about a value; OPEN until somebody did, and again once an acceptance has expired."""

    OPEN = "open"
    TRUE = "true"
    FALSE = "false"
    ACCEPTED = "accepted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """What a scanner reports: the only thing that holds a value, and only in memory (`repr` leaves it out)."""

    scanner: str
    rule: str
    value: str = field(repr=False)
    file: str
    """Relative to the audited folder or, with `commit`, to its repository; a Git object's id where no path is known."""
    line: int
    commit: str = ""
    object: str = ""
    """The Git object, where the scanner names no commit."""
    repository: str = ""
    """The Git directory that the commit or object is in; empty for a file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One place of one value. Findings of the same `fingerprint` are one item to work off."""

    rule: str
    where: Where
    file: str
    line: int
    commit: str
    first_commit: str
    """The oldest commit that holds the value; empty where none does."""
    author_date: str
    """Of `first_commit`, ISO 8601 with its own UTC offset."""
    in_head: bool | None
    """Whether the value is in the tree of HEAD; None where there is no repository."""
    fingerprint: str
    verdict: Verdict = Verdict.OPEN
    scanners: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """A file, repository or scanner that the audit could not look at, and why: no audit is whole beside one.

    `after_s` is when a scanner gave up, in seconds; None for what is unread for another reason.
    """

    place: str
    why: Message
    after_s: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scanned:
    """What the audit looked at."""

    files: int = 0
    bytes: int = 0
    repositories: int = 0
    commits: int = 0
    scanners: tuple[str, ...] = ()
    """Name and version of each; `warroom` are our own rules."""
    unread: tuple[Unread, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """The result: findings in the order of their items, worst known verdict first, then by place."""

    at: dt.datetime
    path: str
    findings: tuple[Finding, ...]
    scanned: Scanned
    new: frozenset[str] = frozenset()
    """Fingerprints that the last audit of this folder did not have."""
    gone: frozenset[str] = frozenset()
    """Fingerprints that only the last audit had."""

    def items(self) -> dict[str, list[Finding]]:
        """The findings of each value."""
        items: dict[str, list[Finding]] = {}
        for finding in self.findings:
            items.setdefault(finding.fingerprint, []).append(finding)
        return items

    def to_json(self) -> dict[str, object]:
        """For programs: plain values; why something was not read by its key."""
        unread = [{"place": unread.place, "why": unread.why.key} for unread in self.scanned.unread]
        return {
            "at": self.at.isoformat(),
            "path": self.path,
            "findings": [asdict(finding) for finding in self.findings],
            "scanned": {**asdict(replace(self.scanned, unread=())), "unread": unread},
            "new": sorted(self.new),
            "gone": sorted(self.gone),
        }
