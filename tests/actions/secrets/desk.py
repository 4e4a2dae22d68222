"""An audit with files of its own."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

from actions.secrets.audit import AuditSettings, audit
from actions.secrets.fingerprint import fingerprints
from actions.secrets.scanner import Limit

if TYPE_CHECKING:
    from actions.secrets.model import Audit, Finding
    from actions.secrets.progress import Progress

NOW = dt.datetime(2026, 11, 28, 3, tzinfo=dt.UTC)


class Desk:
    """Our own files, and the texts that the progress said."""

    def __init__(self, folder: Path, cache: Path) -> None:
        self.state = folder / "state"
        self.cache = cache
        self.decisions = folder / "decisions.json"
        self.heard: list[Progress] = []

    def audit(self, folder: Path, *logs: Path, now: dt.datetime = NOW, limit_s: float = 600) -> Audit:
        settings = AuditSettings(
            folder=folder, logs=logs, state=self.state, cache=self.cache, decisions=self.decisions
        )
        return audit(settings, self.heard.append, now, Limit(limit_s))

    def of(self, result: Audit, value: str) -> list[Finding]:
        fingerprint = fingerprints(self.state / "fingerprint.key")(value)
        return [finding for finding in result.findings if finding.fingerprint == fingerprint]
