"""The database's revision against the migration scripts, on the panel of releases: a deploy is both.

Where each release has scripts of its own (`[releases.scripts]`), it is those of the release that runs, judged as `release.list` does.
What should be there and is not, and who makes others wait, stand below it.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from actions.releases.fit import SchemaFit, fit_of, unknown_fit
from actions.releases.scripts import KnownScripts
from core.message import say
from core.units import quantity
from panels.enrich.registry import Enricher
from panels.enrich.release import past, releases
from panels.fold import Contribution
from panels.state import Part, Row
from signals.database.model import Drift
from signals.reading import Answer, Reading, Verdict

MAX_COMPARED = 5
"""So many releases of the past are asked what the database's revisions are."""
_WORSE = (Verdict.OK, Verdict.UNKNOWN, Verdict.WARN)
CROWDED = 0.9
"""The share of Postgres' connections from which on the next burst is refused."""

if TYPE_CHECKING:
    from collections.abc import Mapping

    from actions.releases.fit import Fitting
    from actions.releases.scripts import ReleaseSchemas
    from panels.enrich.registry import PanelContext
    from signals.database.model import Blocker, Schema


async def _enrich(context: PanelContext) -> Contribution:
    if context.sources.schema is None:
        return Contribution()
    schema = await context.sources.schema.schema()
    if context.schemas is None:
        return contribute(schema)
    return contribute_fits(schema, await fits(context, context.schemas, schema.revisions))


def contribute(schema: Schema) -> Contribution:
    """Drift, what is missing and what blocks are worth a look."""
    if schema.drift is Drift.NOT_COMPARED:
        return _not_compared(schema)
    text = say(f"panels.schema_{schema.drift.value}", revision=", ".join(schema.revisions) or "–")
    current = schema.drift is Drift.CURRENT
    rows = [Row((text,), Verdict.OK if current else Verdict.WARN), *_trouble(schema)]
    sound = current and len(rows) == 1
    return Contribution(
        verdict=Verdict.OK if sound else Verdict.WARN,
        reason=None if sound else text,
        parts=(Part(text, 2),),
        rows=tuple(rows),
        readings=(_revision(schema, fits=current),),
    )


def _revision(schema: Schema, *, fits: bool) -> Reading:
    return Reading(
        name="revision",
        value=float(fits),
        unit="none",
        at=schema.at,
        source=schema.source,
        query="SELECT version_num FROM alembic_version",
        called=say("panels.reading_revision"),
    )


def _not_compared(schema: Schema) -> Contribution:
    """Where no scripts say what the newest revision is: blockers, indexes and connections can still be judged."""
    revision = say("panels.schema_not_compared", revision=", ".join(schema.revisions) or "–")
    connections = say("panels.connections", count=schema.connections, limit=schema.connection_limit)
    full = schema.connections > CROWDED * schema.connection_limit
    troubles = _trouble(schema)
    reading = Reading(
        "connections",
        float(schema.connections),
        "count",
        schema.at,
        schema.source,
        "SELECT count(*) FROM pg_stat_activity",
        called=say("panels.reading_connections"),
    )
    reason = say("panels.database_not_well" if troubles else "panels.database_well")
    return Contribution(
        verdict=Verdict.WARN if full or troubles else Verdict.OK,
        reason=connections if full and not troubles else reason,
        parts=(Part(connections, 2, Verdict.WARN if full else None), Part(revision, 3)),
        rows=(Row((revision,)), Row((connections,), Verdict.WARN if full else Verdict.OK), *troubles),
        readings=(reading,),
    )


def contribute_fits(schema: Schema, judged: Mapping[str, Fitting]) -> Contribution:
    """Each release that runs against the schema as it is; of none that is known to run nobody can tell."""
    revision = ", ".join(schema.revisions) or "–"
    if not judged:
        text = say("panels.schema_no_release", revision=revision)
        rows = [Row((text,), Verdict.UNKNOWN), *_trouble(schema)]
        return Contribution(
            verdict=Verdict.UNKNOWN, reason=text, parts=(Part(text, 2, Verdict.UNKNOWN),), rows=tuple(rows)
        )
    texts = {
        version: say(f"panels.schema_fit_{fitting.fit.value}", version=version, revision=revision)
        for version, fitting in judged.items()
    }
    verdicts = {version: _verdict(fitting) for version, fitting in judged.items()}
    worst = max(judged, key=lambda version: _WORSE.index(verdicts[version]))
    troubles = _trouble(schema)
    verdict = Verdict.WARN if troubles and verdicts[worst] is Verdict.OK else verdicts[worst]
    readings = (_revision(schema, fits=verdicts[worst] is Verdict.OK),)
    return Contribution(
        verdict=verdict,
        reason=None if verdict is Verdict.OK else texts[worst],
        parts=(Part(texts[worst], 2, None if verdicts[worst] is Verdict.OK else verdicts[worst]),),
        rows=(
            *(
                Row((say("panels.text", text=version), fitting.text), verdicts[version])
                for version, fitting in judged.items()
            ),
            *troubles,
        ),
        readings=readings if verdicts[worst] is not Verdict.UNKNOWN else (),
    )


async def fits(
    context: PanelContext, schemas: ReleaseSchemas, revisions: tuple[str, ...]
) -> dict[str, Fitting]:
    """Whether each release that runs can use the schema, by name; empty where the panel does not know which runs.

    What the database has and a release does not know is looked up in the scripts of those that ran before.
    """
    if not context.spec.queries:
        return {}
    query = context.spec.queries[0]
    current = await context.cache.query(query.expr)
    if not isinstance(current, Answer):
        return {}
    seen = releases(query.by, current, await past(context, query, current.at))[:MAX_COMPARED]
    known = {each.version: await asyncio.to_thread(schemas.read, each.version) for each in seen}
    others = [scripts for scripts in known.values() if isinstance(scripts, KnownScripts)]
    return {
        each.version: fit_of(scripts, revisions, others)
        if isinstance(scripts := known[each.version], KnownScripts)
        else unknown_fit(scripts)
        for each in seen
        if each.running
    }


def _verdict(fitting: Fitting) -> Verdict:
    if fitting.works:
        return Verdict.OK
    return Verdict.UNKNOWN if fitting.fit is SchemaFit.UNKNOWN else Verdict.WARN


def _trouble(schema: Schema) -> list[Row]:
    return [
        *(
            Row((say("panels.text", text=item), say("panels.missing")), Verdict.WARN)
            for item in (*schema.missing, *schema.invalid_indexes)
        ),
        *map(_blocker_row, schema.blockers),
    ]


def _blocker_row(blocker: Blocker) -> Row:
    """Who blocks how many, what kind of session that is, since when, and its last statement."""
    age = say("panels.text", text="?") if blocker.open_s is None else quantity(blocker.open_s, "s")
    return Row(
        (
            say("panels.blocker", pid=blocker.pid, count=len(blocker.waiting_pids)),
            say("panels.blocker_session", application=blocker.application or "?", state=blocker.state),
            say("panels.blocker_open", age=age),
            say("panels.text", text=blocker.query),
        ),
        Verdict.WARN,
    )


ENRICHER = Enricher(id="schema", applies=lambda spec: spec.kind == "release", enrich=_enrich, slow=True)
