"""Downgrades the service's schema and loses no row: what would go is copied, proven, and dropped under one lock."""

from __future__ import annotations

from actions.fits import Fit
from actions.migrations.planned_downgrade import Downgrade, plan, run, verify
from actions.model import Action
from core.message import say

ACTION = Action(
    id="migrate.downgrade",
    title=say("actions_catalogue.migrate_downgrade"),
    why=say("actions_catalogue.migrate_downgrade_why"),
    danger="destructive",
    parameters=Downgrade,
    resource=lambda _: "database/schema",
    plan=plan,
    run=run,
    verify=verify,
    timeout_s=7_200.0,
    fits=(Fit("schema", 4), Fit("release", 6)),
    needs=("signals.postgres",),
    undone_by="migrate.restore",
)
