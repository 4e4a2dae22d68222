"""Holds the schema against what it should be, not by names alone, and sends a canary row through each table."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from actions.errors import ActionRefused
from actions.fits import Fit
from actions.migrations.canary import try_canary
from actions.model import Action, Draft, Fact, Outcome, Undo, Verification
from actions.parameters import Parameters
from actions.step import Step
from core.message import say
from core.text import clean
from signals.database.model import Drift
from signals.database.postgres import PostgresSchema

if TYPE_CHECKING:
    from actions.model import Context, Plan
    from signals.settings import PostgresSettings


class Verify(Parameters):
    """`canary` false: only look."""

    canary: bool = True


def _settings(context: Context) -> PostgresSettings:
    if context.signals.postgres is None:
        raise ActionRefused(say("actions.not_configured", section="signals.postgres"))
    return context.signals.postgres


def plan(params: Verify, context: Context) -> Draft:
    """What is looked at."""
    postgres, at = _settings(context), context.clock()
    steps = [
        Step(kind="sql", text=f"INSERT, SELECT, DELETE {table} (warroom-canary-…)")
        for table in postgres.tables
        if params.canary
    ]
    return Draft(
        target=clean(context.databases.place.rpartition("/")[2]),
        steps=tuple(steps),
        facts=(Fact(label=say("migrations.fact_tables"), value=", ".join(postgres.tables) or "–", at=at),),
        undo=Undo(say("migrations.undo_verify")),
    )


def run(params: Verify, _: Plan, context: Context) -> Outcome:
    """Everything that is not as it should be is a finding."""
    checks = _checks(params, context)
    wrong = [check for check in checks if check.ok is not True]
    return Outcome(text=say("migrations.verified", count=len(checks), wrong=len(wrong)), findings=len(wrong))


def verify(params: Verify, _: Plan, context: Context) -> tuple[Verification, ...]:
    """The same once more, item by item, without another canary."""
    return _checks(Verify(canary=False), context) if params.canary else ()


def _checks(params: Verify, context: Context) -> tuple[Verification, ...]:
    postgres = _settings(context)
    schema = asyncio.run(PostgresSchema(postgres).schema())
    checks = []
    if schema.drift is not Drift.NOT_COMPARED:
        text = say("migrations.at", rows=", ".join(schema.revisions) or "–", wanted=", ".join(schema.heads))
        checks.append(Verification(text, schema.drift is Drift.CURRENT))
    wanted = [f"{table}.{name}" for table, columns in postgres.tables.items() for name in columns]
    wanted += [name for indexes in postgres.indexes.values() for name in indexes]
    for name in wanted:
        there = name not in schema.missing and name not in schema.invalid_indexes
        actual = next((each for each in schema.unexpected if each.startswith(f"{name} ")), "")
        text = (
            say("migrations.shape_is", name=name)
            if there
            else say("migrations.shape_not", name=name, actual=actual or "–")
        )
        checks.append(Verification(text, there))
    checks += [
        Verification(say("migrations.invalid", index=index), ok=False)
        for index in schema.invalid_indexes
        if index not in wanted
    ]
    if params.canary:
        with context.databases.session(timeout_s=30) as connection:
            checks += [
                Verification(*try_canary(connection, table, columns))
                for table, columns in postgres.tables.items()
            ]
    for check in checks:
        mark = {True: "ok", False: "NOT OK", None: "unknown"}[check.ok]
        context.print_line(f"{mark}  {' '.join(str(value) for value in check.text.values.values())}")
    return tuple(checks)


ACTION = Action(
    id="migrate.verify",
    title=say("actions_catalogue.migrate_verify"),
    why=say("actions_catalogue.migrate_verify_why"),
    danger="mitigate",
    parameters=Verify,
    plan=plan,
    run=run,
    verify=verify,
    resource=lambda _: "database/canary",
    timeout_s=300.0,
    fits=(Fit("schema", 2), Fit("release", 4)),
    needs=("signals.postgres",),
)
