"""The releases of the sandbox's service: each a folder with its version, the SQL that its code runs, and its migrations.

v2.2.1 runs at the start. v2.3.0 brings a revision that only adds, v3.0.0 one that v2.3.0 can't use: a rollback of the first
needs no downgrade, one of the second does.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

from core.own_python import ROOT

FIRST = "v2.2.1"
CAME = "came"
REVISIONS = Path(__file__).resolve().with_name("revisions")


class Refused(Exception):
    """What was asked for can't be done; the words say why."""


@dataclass(frozen=True, slots=True)
class ServiceRelease:
    """`look` is what the release asks its tables before it calls itself ready, `note` how it keeps what a user thinks.

    `error_rate` is the share of requests that fail in it, `needs` are variables without which its workers do not start.
    """

    version: str
    look: str
    note: str = ""
    error_rate: float = 0.0
    needs: tuple[str, ...] = ()


RELEASES = (
    (ServiceRelease(FIRST, "SELECT count(puuid) FROM user_profiles"), ()),
    (
        ServiceRelease(
            "v2.3.0",
            "SELECT count(rating) FROM analysis_feedback",
            "INSERT INTO analysis_feedback (match_id, rating) VALUES (%(match)s, %(rating)s)",
        ),
        ("5b7d20c4e9a1_feedback.py",),
    ),
    (
        ServiceRelease(
            "v3.0.0",
            "SELECT count(score) + count(reason) FROM analysis_feedback",
            "INSERT INTO analysis_feedback (match_id, score, reason) VALUES (%(match)s, %(rating)s, %(reason)s)",
        ),
        ("5b7d20c4e9a1_feedback.py", "c81f6e3b02d7_score.py"),
    ),
)


def write_releases(folder: Path) -> None:
    """A folder for each, and `live`, a link to the one that users reach."""
    for release, revisions in RELEASES:
        own = folder / release.version
        shutil.copytree(
            ROOT / "migrations" / "service", own / "migrations", ignore=shutil.ignore_patterns("__pycache__")
        )
        for name in revisions:
            shutil.copy(REVISIONS / name, own / "migrations" / "versions" / name)
        (own / "release.json").write_text(json.dumps(asdict(release)), encoding="utf-8")
    point_live(folder, FIRST)


def read_release(folder: Path) -> ServiceRelease:
    """The one in this folder; raises `OSError`, `ValueError`, `TypeError`."""
    return ServiceRelease(**json.loads((folder / "release.json").read_text(encoding="utf-8")))


def point_live(folder: Path, version: str) -> None:
    """Users reach this one from now on."""
    point(folder / "live", version)


def come_in(folder: Path, version: str) -> None:
    """Its first instance is replaced now: `came_in` says since when it runs."""
    (folder / version / CAME).touch()


def came_in(folder: Path, version: str) -> float | None:
    """When it began to roll in, the last time that it did (Unix seconds); None where it never did."""
    try:
        return (folder / version / CAME).stat().st_mtime
    except OSError:
        return None


def point(link: Path, version: str) -> None:
    """Never is there a moment without a link."""
    fresh = link.with_name(f"{link.name}.next")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(version)
    fresh.replace(link)
