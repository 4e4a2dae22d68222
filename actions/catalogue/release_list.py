"""Lists the service's releases: version, image, since when, which is live, and whether each fits the schema."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from actions.fits import Fit
from actions.model import Action, Draft, Fact, Outcome, Verification
from actions.parameters import Parameters
from actions.releases.look import look
from actions.releases.model import in_slot
from actions.releases.move import standing_facts
from actions.releases.probe import instance_is_not
from core.message import say

if TYPE_CHECKING:
    from actions.model import Context, Plan
    from actions.releases.look import Standing
    from actions.releases.model import Release
    from core.message import Message


class Nothing(Parameters):
    """It needs no parameter."""


def plan(_: Nothing, context: Context) -> Draft:
    """Everything that is known: looking is all that there is to do."""
    standing, at = look(context), context.clock()
    releases = tuple(
        Fact(
            label=say("releases.fact_release", version=in_slot(release.version, release.slot)),
            value=_line(release, standing),
            at=at,
        )
        for release in standing.sighting.releases
    )
    return Draft(
        target=context.releases.name,
        steps=(),
        facts=(*standing_facts(standing, at), *releases),
        warnings=_wrong_with(standing),
    )


def run(_: Nothing, __: Plan, context: Context) -> Outcome:
    """A line a release; what is wrong is a finding."""
    standing = look(context)
    for release in standing.sighting.releases:
        note = f" · {release.note}" if release.note else ""
        context.print_line(f"{release.version}  {_line(release, standing)}{note}")
    for name, said in standing.instances.items():
        context.print_line(f"{name}  {said.version or '?'}")
    wrong = _wrong_with(standing)
    document = {
        "live": [release.version for release in standing.live] or None,
        "live_slot": standing.sighting.live_slot or None,
        "answers": standing.answers.version,
        "instances": {name: each.version for name, each in standing.instances.items()},
        "database": None if standing.rows is None else list(standing.rows),
        "releases": [_document(release, standing) for release in standing.sighting.releases],
    }
    return Outcome(text=standing.describe(), findings=len(wrong), document=document)


def verify(_: Nothing, __: Plan, ___: Context) -> tuple[Verification, ...]:
    """Looking changes nothing that could be looked at again."""
    return ()


def _line(release: Release, standing: Standing) -> str:
    """What does not change by itself: `live · since … · shop:v2 · schema a1b2 (additive)`; a question mark is not known."""
    fitting = standing.fit(release.version) if release.is_usable else None
    heads = ", ".join(fitting.heads) if fitting else ""
    parts = (
        {True: "live", False: "not live", None: "live: ?"}[release.live],
        f"in {release.slot}" if release.slot else "",
        f"since {_utc(release.since)}",
        release.ref,
        f"schema {heads or '?'} ({fitting.fit.value if fitting else 'unknown'})",
    )
    return " · ".join(part for part in parts if part)


def _utc(at: float | None) -> str:
    return "?" if at is None else dt.datetime.fromtimestamp(at, dt.UTC).strftime("%Y-%m-%d %H:%M:%SZ")


def _document(release: Release, standing: Standing) -> dict[str, object]:
    fitting = standing.fit(release.version) if release.is_usable else None
    return {
        "version": release.version,
        "ref": release.ref or None,
        "since": release.since,
        "slot": release.slot or None,
        "live": release.live,
        "handle": release.handle or None,
        "note": release.note or None,
        "usable": release.is_usable,
        "schema": list(fitting.heads) if fitting and fitting.heads else None,
        "fit": fitting.fit.value if fitting else "unknown",
    }


def _wrong_with(standing: Standing) -> tuple[Message, ...]:
    """What is half-way, does not fit or is not known, each as a sentence with the way out."""
    notes = []
    live, answered = standing.live_version, standing.answers
    if live is None:
        names = ", ".join(dict.fromkeys(each.version for each in standing.live))
        notes.append(say("releases.several_live", versions=names) if names else say("releases.none_live"))
    if answered.why is not None:
        notes.append(answered.why)
    elif live is not None and answered.version != live:
        notes.append(say("releases.answers_other", version=live, other=answered.version or "?"))
    for name, said in standing.instances.items():
        if said.why is not None or (live is not None and said.version != live):
            notes.append(instance_is_not(name, live or "?", said))
    for release in standing.live:
        fitting = standing.fit(release.version)
        if not fitting.works:
            notes.append(say("releases.live_unfit", version=release.version, why=fitting.text))
    return tuple(notes)


ACTION = Action(
    id="release.list",
    title=say("actions_catalogue.release_list"),
    why=say("actions_catalogue.release_list_why"),
    danger="observe",
    parameters=Nothing,
    plan=plan,
    run=run,
    verify=verify,
    timeout_s=300.0,
    fits=(Fit("release", 1), Fit("schema", 7)),
    needs=("releases.adapter",),
)
