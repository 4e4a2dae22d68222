"""Migrations whose runner, program or database is killed at any moment: no row is lost, nothing runs twice, and there is a way on."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg

from actions.errors import ActionError
from actions.migrations.snapshot import check_snapshot, list_snapshots
from actions.runner.request import RunSettings
from actions.settings import ActionsSettings
from core.errors import WarroomError
from incidents.events.run import Run
from incidents.journal import Journal, open_journal
from incidents.journal.verify import verify
from incidents.settings import JournalSettings
from response.decision import Refused
from response.identity import Identity
from response.orphans import declare_orphaned
from response.run_guard import Confirmation, Wish
from response.runs import Begun, begin, prepare
from signals.settings import SignalsSettings
from tests.attack.attack import Attack, Broken, Figures, Round
from tests.chimera import DATABASE
from tests.postgres import Restartable, open_folder

ROWS = 3_000
FILL = f"""INSERT INTO user_profiles (discord_user_id, puuid, profile_data)
 SELECT n::text, md5(n::text), jsonb_build_object('level', n) FROM generate_series(1, {ROWS}) n"""
SUM = b"SELECT count(*), md5(string_agg(t::text, '' ORDER BY discord_user_id)) FROM user_profiles t"
ME = Identity("attacker", "attacker")
LONGEST_S = 4.0
"""A run takes about so long; later nothing is left to be killed."""
TIMEOUT_S = 120.0


class Service:
    """A database that is killed and started again, and the runs over it."""

    def __init__(self, database: Restartable, journal: Journal, settings: RunSettings) -> None:
        self.database, self.journal, self.settings = database, journal, settings
        self.sum = ""

    def ask(self, statement: bytes) -> list[tuple[Any, ...]]:
        """Its rows; nothing where it returns none."""
        with psycopg.connect(self.database.server.url, autocommit=True) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def is_up(self) -> bool:
        """Whether the table is there."""
        return self.ask(b"SELECT to_regclass('user_profiles')")[0][0] is not None

    def is_full(self) -> bool:
        """Whether it has every row as it was."""
        return self.is_up() and self.ask(SUM)[0] == (ROWS, self.sum)

    def whole_snapshot(self) -> str | None:
        """One that has every row, proven."""
        with psycopg.connect(self.database.server.url) as connection:
            for snapshot in list_snapshots(connection):
                if snapshot.rows == ROWS:
                    with suppress(ActionError):
                        check_snapshot(connection, snapshot)
                        return snapshot.id
        return None

    def begin(self, action: str, **params: str) -> UUID:
        """Raises `Broken` where there is no way on from the state that a kill left."""
        prepared = prepare(self.settings, action, params, ME.actor)
        if isinstance(prepared, Refused):
            raise Broken(f"{action} is not offered: {prepared}")
        plan = prepared.plan
        begun = begin(
            self.journal,
            self.settings,
            prepared,
            Wish(plan=plan, identity=ME),
            Confirmation(typed=plan.target),
        )
        if not isinstance(begun, Begun):
            raise Broken(f"{action} is refused after a kill: {begun}")
        return begun.run

    def step(self) -> UUID:
        """What comes next from where the database stands."""
        if self.is_full():
            return self.begin("migrate.downgrade")
        snapshot = self.whole_snapshot()
        if snapshot is None:
            raise Broken("rows are neither in the table nor in a snapshot")
        return (
            self.begin("migrate.restore", snapshots=snapshot)
            if self.is_up()
            else self.begin("migrate.upgrade")
        )

    def ended(self, run: UUID) -> Run:
        """How it ended; one whose runner was killed is put to us, and we say that it is orphaned."""
        deadline = time.monotonic() + TIMEOUT_S
        while not (now := self.journal.load_run(run)).has_ended:
            if time.monotonic() > deadline:
                raise Broken(f"{now.action} is {now.state} for ever")
            if now.runner and not Path("/proc", now.runner.removeprefix("pid ")).exists():
                declare_orphaned(self.journal, run, ME)
            time.sleep(0.05)
        return now


def run(this: Round) -> Figures:
    """Down, up and back again, with a kill in each."""
    figures: Figures = {"runs": 0, "kills": 0, "orphaned": 0, "failed": 0, "cancelled": 0, "finished": 0}
    with open_folder() as folder:
        database = Restartable(folder)
        settings = _settings(this.folder, database.server.url)
        journal = open_journal(settings.journal)
        try:
            service = Service(database, journal, settings)
            service.ended(service.begin("migrate.upgrade"))
            service.ask(FILL.encode())
            service.sum = str(service.ask(SUM)[0][1])
            for _ in this.cases():
                _case(this, service, figures)
            if findings := verify(journal.store()).findings:
                raise Broken(f"the journal is broken: {findings[0]}")
        finally:
            journal.close()
            database.close()
    return figures


def _case(this: Round, service: Service, figures: Figures) -> None:
    victim = this.chance.choice(("runner", "program", "database", "nobody"))
    run_id = service.step()
    time.sleep(this.chance.uniform(0.0, LONGEST_S))
    known = service.journal.load_run(run_id)
    if victim == "database":
        service.database.kill()
        service.database.start()
    elif victim != "nobody" and not known.has_ended and known.runner:
        _kill(int(known.runner.removeprefix("pid ")), children=victim == "program")
    end = service.ended(run_id)
    _count(figures, "runs", "kills" if victim != "nobody" else "", end.state)
    if victim == "nobody" and end.state != "finished":
        raise Broken(f"{end.action} {end.state} although nothing was killed: {end.said}")
    if end.state == "finished" and end.verified is False:
        raise Broken(f"{end.action} finished and is not what it should be: {[c.message for c in end.checks]}")
    try:
        kept = service.is_full() or service.whole_snapshot() is not None
    except (psycopg.Error, WarroomError) as error:
        raise Broken(f"after {victim} was killed in {end.action}: {error}") from error
    if not kept:
        raise Broken(f"after {victim} was killed in {end.action}, rows are lost")


def _kill(runner: int, *, children: bool) -> None:
    targets = [runner]
    if children:
        with suppress(OSError):
            text = Path(f"/proc/{runner}/task/{runner}/children").read_text(encoding="ascii")
            targets = [int(word) for word in text.split()] or [runner]
    for target in targets:
        with suppress(ProcessLookupError):
            os.kill(target, signal.SIGKILL)


def _count(figures: Figures, *names: str) -> None:
    for name in names:
        value = figures.get(name)
        if isinstance(value, int):
            figures[name] = value + 1


def _settings(folder: Path, url: str) -> RunSettings:
    return RunSettings(
        service="attacked",
        environment="test",
        signals=SignalsSettings.model_validate({"postgres": {"url": url, **DATABASE}}),
        actions=ActionsSettings.model_validate({"folder": folder / "runs"}),
        journal=JournalSettings.model_validate({"url": f"sqlite:///{folder / 'journal.db'}"}),
    )


ATTACK = Attack("migrations, killed at any moment", run)
