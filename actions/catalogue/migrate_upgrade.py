"""Upgrades the service's schema by its own Alembic, under a lock against other migrations, patient with other locks."""

from __future__ import annotations

from actions.fits import Fit
from actions.migrations.planned_upgrade import Upgrade, plan, run, verify
from actions.model import Action
from core.message import say

ACTION = Action(
    id="migrate.upgrade",
    title=say("actions_catalogue.migrate_upgrade"),
    why=say("actions_catalogue.migrate_upgrade_why"),
    danger="destructive",
    parameters=Upgrade,
    resource=lambda _: "database/schema",
    plan=plan,
    run=run,
    verify=verify,
    timeout_s=7_200.0,
    fits=(Fit("schema", 3), Fit("release", 5)),
    needs=("signals.postgres",),
    undone_by="migrate.downgrade",
)
