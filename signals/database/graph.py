"""What a set of revisions means together: heads, what has to come before, and what a database still lacks.

As Alembic counts: `down` makes branches and merges, `depends_on` only an order; a head is a revision on which no other
builds. A database holds the newest applied revision of each branch; all that these build on or depend on is applied.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from signals.database.revision import Revision


class BrokenScripts(ValueError):
    """Scripts that Alembic would refuse, too. Its words say why."""


@dataclass(frozen=True, slots=True)
class Scripts:
    """Every revision by its id. `before` are the ids that each builds on or depends on."""

    revisions: Mapping[str, Revision]
    before: Mapping[str, tuple[str, ...]]

    @property
    def heads(self) -> tuple[str, ...]:
        """The revisions on which no other builds, by id."""
        built_on = {down for revision in self.revisions.values() for down in revision.down}
        return tuple(sorted(self.revisions.keys() - built_on))

    @property
    def known(self) -> frozenset[str]:
        """All ids."""
        return frozenset(self.revisions)

    def applied(self, database: Iterable[str]) -> frozenset[str]:
        """All that a database with these rows has; rows that no script has count for nothing."""
        reached: set[str] = set()
        waiting = [each for each in database if each in self.revisions]
        while waiting:
            each = waiting.pop()
            if each not in reached:
                reached.add(each)
                waiting.extend(self.before[each])
        return frozenset(reached)

    def pending(self, database: Iterable[str]) -> tuple[Revision, ...]:
        """What a database with these rows lacks, in an order in which it can be applied."""
        applied = self.applied(database)
        return tuple(self.revisions[each] for each in _in_order(self.before) if each not in applied)


def make_scripts(revisions: Iterable[Revision]) -> Scripts:
    """The scripts of one place; raises `BrokenScripts`."""
    by_id = {revision.id: revision for revision in revisions}
    before = {}
    for revision in by_id.values():
        if missing := [down for down in revision.down if down not in by_id]:
            raise BrokenScripts(f"{revision.id} builds on {missing[0]}, which no script has")
        needed = tuple(_resolve(reference, revision, by_id) for reference in revision.depends_on)
        before[revision.id] = (*revision.down, *needed)
    _in_order(before)
    return Scripts(by_id, before)


def _resolve(reference: str, revision: Revision, by_id: Mapping[str, Revision]) -> str:
    """A dependency is an id, a branch's label, or the beginning of an id (alembic/script/revision.py)."""
    wanted = reference.rpartition("@")[2]
    if wanted in by_id:
        return wanted
    labelled = [each.id for each in by_id.values() if wanted in each.labels]
    started = [each for each in by_id if len(wanted) >= 4 and each.startswith(wanted)]
    candidates = labelled or started
    if len(candidates) != 1:
        raise BrokenScripts(f"{revision.id} depends on {reference}, which no script has")
    return candidates[0]


def _in_order(before: Mapping[str, tuple[str, ...]]) -> list[str]:
    """Every id after all that come before it; raises `BrokenScripts` where that goes in a circle."""
    left = {each: set(needed) for each, needed in before.items()}
    after: dict[str, list[str]] = {each: [] for each in before}
    for each, needed in left.items():
        for down in needed:
            after[down].append(each)
    ready = sorted(each for each, needed in left.items() if not needed)
    ordered = []
    while ready:
        each = ready.pop()
        ordered.append(each)
        for later in after[each]:
            left[later].discard(each)
            if not left[later]:
                ready.append(later)
    if len(ordered) != len(before):
        circle = sorted(before.keys() - set(ordered))
        raise BrokenScripts(f"{circle[0]} builds on itself, through {len(circle)} revisions")
    return ordered
