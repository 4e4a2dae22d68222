"""The database's revision against the migration scripts, on the panel of releases: a deploy is both.

What should be there and is not, and who makes others wait, stand below it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.message import say
from core.units import quantity
from panels.enrich.registry import Enricher
from panels.fold import Contribution
from panels.state import Part, Row
from signals.database.model import Drift
from signals.reading import Reading, Verdict

CROWDED = 0.9
"""The share of Postgres' connections from which on the next burst is refused."""

if TYPE_CHECKING:
    from panels.enrich.registry import PanelContext
    from signals.database.model import Blocker, Schema


async def _enrich(context: PanelContext) -> Contribution:
    if context.sources.schema is None:
        return Contribution()
    return contribute(await context.sources.schema.schema())


def contribute(schema: Schema) -> Contribution:
    """Drift, what is missing and what blocks are worth a look."""
    if schema.drift is Drift.NOT_COMPARED:
        return _not_compared(schema)
    text = say(f"panels.schema_{schema.drift.value}", revision=", ".join(schema.revisions) or "–")
    current = schema.drift is Drift.CURRENT
    rows = [Row((text,), Verdict.OK if current else Verdict.WARN), *_trouble(schema)]
    sound = current and len(rows) == 1
    reading = Reading(
        name="revision",
        value=float(current),
        unit="none",
        at=schema.at,
        source=schema.source,
        query="SELECT version_num FROM alembic_version",
        called=say("panels.reading_revision"),
    )
    return Contribution(
        verdict=Verdict.OK if sound else Verdict.WARN,
        reason=None if sound else text,
        parts=(Part(text, 2),),
        rows=tuple(rows),
        readings=(reading,),
    )


def _not_compared(schema: Schema) -> Contribution:
    """Where no scripts say what the newest revision is: blockers, indexes and connections can still be judged."""
    revision = say("panels.schema_not_compared", revision=", ".join(schema.revisions) or "–")
    connections = say("panels.connections", count=schema.connections, limit=schema.connection_limit)
    full = schema.connections > CROWDED * schema.connection_limit
    trouble = _trouble(schema)
    reading = Reading(
        "connections",
        float(schema.connections),
        "count",
        schema.at,
        schema.source,
        "SELECT count(*) FROM pg_stat_activity",
        called=say("panels.reading_connections"),
    )
    reason = say("panels.database_not_well" if trouble else "panels.database_well")
    return Contribution(
        verdict=Verdict.WARN if full or trouble else Verdict.OK,
        reason=connections if full and not trouble else reason,
        parts=(Part(connections, 2, Verdict.WARN if full else None), Part(revision, 3)),
        rows=(Row((revision,)), Row((connections,), Verdict.WARN if full else Verdict.OK), *trouble),
        readings=(reading,),
    )


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
