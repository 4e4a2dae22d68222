"""What a person may say about schema and release, and what follows from it where it is left to us."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

from actions.releases.fit import SchemaFit
from core.message import say

if TYPE_CHECKING:
    from actions.releases.fit import Fitting
    from actions.releases.look import Standing
    from core.message import Message

DatabaseChoice: TypeAlias = Literal["auto", "keep"]
"""auto: what the revisions of both releases ask for · keep: the schema stays, whatever they say."""


def name_blockers(standing: Standing, version: str) -> tuple[Message, ...]:
    """A name from outside that may not stand in an argv, or a release that can't be had."""
    known = standing.find(version)
    if known is not None and not known.is_usable:
        return (say("releases.bad_name", version=version),)
    if known is None and standing.adapter.lists_all:
        names = ", ".join(each.version for each in standing.sighting.releases[:10])
        return (say("releases.no_release", version=version, known=names or "–"),)
    return ()


def slot_blockers(standing: Standing) -> tuple[Message, ...]:
    """Blue-green without knowing which slot is live is a coin toss with users' requests."""
    if standing.context.releases.is_blue_green and not standing.sighting.live_slot:
        return (say("releases.no_live_slot"),)
    return ()


def fit_blockers(fitting: Fitting, database: str) -> tuple[Message, ...]:
    """What speaks against running a release on the schema as it is or will be."""
    if database == "keep" or fitting.works or fitting.fit is SchemaFit.BEHIND:
        return ()
    if fitting.fit is SchemaFit.BREAKING:
        return (say("releases.needs_rollback", why=fitting.text),)
    return (say("releases.say_schema", why=fitting.text),)


def kept_warning(fitting: Fitting, database: str) -> tuple[Message, ...]:
    """That somebody wants to keep a schema which the release may not be able to use."""
    return (
        (say("releases.kept_anyway", why=fitting.text),) if database == "keep" and not fitting.works else ()
    )
