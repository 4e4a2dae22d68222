"""Whether a release can use the schema as it is: by its own revisions, the database's, and what lies between them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from actions.releases.operations import Change, judge_revision
from core.message import say

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from actions.releases.scripts import KnownScripts
    from core.message import Message


class SchemaFit(StrEnum):
    """A release against the database."""

    OWN = "own"  # the schema is the one that it was made for
    ADDITIVE = "additive"  # the schema has more, which it need not know
    BREAKING = "breaking"  # the schema has something that it can't use
    BEHIND = "behind"  # the schema lacks revisions of its own
    APART = "apart"  # both at once: other branches
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitting:
    """`more` are the revisions that the database has and the release does not know, the newest first, `lacks` the reverse.

    `goal` is the revision to which a downgrade would go, `base` for none at all, empty where none is possible.
    """

    fit: SchemaFit
    text: Message
    heads: tuple[str, ...] = ()
    more: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    goal: str = ""

    @property
    def works(self) -> bool:
        """Whether its code can run on the schema now."""
        return self.fit in (SchemaFit.OWN, SchemaFit.ADDITIVE)


def unknown_fit(why: Message, heads: tuple[str, ...] = ()) -> Fitting:
    """Nobody can tell."""
    return Fitting(fit=SchemaFit.UNKNOWN, text=say("releases.fit_unknown", why=why), heads=heads)


def fit_of(release: KnownScripts, rows: Sequence[str], others: Iterable[KnownScripts]) -> Fitting:
    """`rows` is what Alembic's table holds; `others` are scripts in which its revisions may stand, the likeliest first."""
    heads = release.heads
    strangers = [row for row in rows if row not in release.scripts.known]
    if not strangers:
        return _within(release, rows)
    author = next((each for each in others if set(rows) <= each.scripts.known), None)
    if author is None:
        return unknown_fit(say("releases.no_author", rows=", ".join(strangers)), heads)
    applied = author.scripts.applied(rows)
    more = tuple(
        each.id for each in reversed(author.scripts.pending(())) if each.id in applied - release.scripts.known
    )
    shared = applied & release.scripts.known
    newest = [each for each in shared if not any(each in author.scripts.before[other] for other in shared)]
    lacks = tuple(each.id for each in release.scripts.pending(newest))
    goal = (newest[0] if newest else "base") if len(newest) < 2 and len(rows) == 1 else ""
    if lacks:
        text = say("releases.fit_apart", more=", ".join(more), lacks=", ".join(lacks))
        return Fitting(fit=SchemaFit.APART, text=text, heads=heads, more=more, lacks=lacks)
    judged = {each: judge_revision(author.sources[each]) for each in more}
    worst = max((each.change for each in judged.values()), key=list(Change).index)
    because = [
        f"{each}: {'; '.join(judgement.because)}"
        for each, judgement in judged.items()
        if judgement.change is worst
    ]
    if worst is Change.ADDITIVE:
        text = say("releases.fit_additive", more=", ".join(more))
        return Fitting(fit=SchemaFit.ADDITIVE, text=text, heads=heads, more=more, goal=goal)
    if worst is Change.BREAKING:
        text = say("releases.fit_breaking", because=" · ".join(because), goal=goal or "–")
        return Fitting(fit=SchemaFit.BREAKING, text=text, heads=heads, more=more, goal=goal)
    why = say("releases.not_readable", because=" · ".join(because))
    return Fitting(
        fit=SchemaFit.UNKNOWN, text=say("releases.fit_unknown", why=why), heads=heads, more=more, goal=goal
    )


def _within(release: KnownScripts, rows: Sequence[str]) -> Fitting:
    """The database knows nothing that the release does not: it is its own, or behind."""
    lacks = tuple(each.id for each in release.scripts.pending(rows))
    if lacks:
        text = say("releases.fit_behind", lacks=", ".join(lacks))
        return Fitting(fit=SchemaFit.BEHIND, text=text, heads=release.heads, lacks=lacks)
    return Fitting(
        fit=SchemaFit.OWN, text=say("releases.fit_own", rows=", ".join(rows) or "–"), heads=release.heads
    )


def upgrade_is_additive(release: KnownScripts, lacks: Iterable[str]) -> bool | None:
    """Whether what runs now runs on while these revisions come; None where their text does not say it."""
    changes = {judge_revision(release.sources[each]).change for each in lacks}
    if Change.BREAKING in changes:
        return False
    return None if Change.UNKNOWN in changes else True
