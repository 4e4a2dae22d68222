"""Fifty starts of one migration at once, from two hosts' worth of programs over one team's journal: one runs."""

from __future__ import annotations

import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from uuid import UUID

import psycopg

from actions.runner.request import RunSettings
from actions.settings import ActionsSettings
from incidents.journal import Journal, open_journal
from incidents.settings import JournalSettings
from response.identity import Identity
from response.run_guard import Confirmation, Wish
from response.runs import Begun, Prepared, begin, prepare
from sandbox.servers import run_postgres
from signals.settings import SignalsSettings
from tests.attack.attack import Attack, Broken, Figures, Round
from tests.chimera import DATABASE
from tests.postgres import open_folder

HOSTS, STARTS, FEW, AT_ONCE = 2, 25, 3, 5
LONG_S = 60.0
"""Fifty runners take a minute and more: a shorter round starts a few."""
TIMEOUT_S = 400.0
HOST = "import sys; from tests.attack.starts import start; start(*sys.argv[1:])"


def run(this: Round) -> Figures:
    """One round; there is time for no more."""
    starts = STARTS if this.until - time.monotonic() > LONG_S else FEW
    with open_folder() as folder, run_postgres(folder / "data") as server:
        with psycopg.connect(server.url, autocommit=True) as connection:
            connection.execute("CREATE DATABASE journal")
        hosts = [this.folder / f"host{number}" for number in range(HOSTS)]
        for host in hosts:
            host.mkdir()
        programs = [
            subprocess.Popen(
                [sys.executable, "-c", HOST, str(host), server.url, str(starts)],
                stdout=subprocess.PIPE,
                text=True,
            )
            for host in hosts
        ]
        runs = [
            UUID(line) for program in programs for line in program.communicate(timeout=TIMEOUT_S)[0].split()
        ]
        with closing(open_journal(_settings(hosts[0], server.url).journal)) as journal:
            ended = _wait(journal, runs)
            began = sum(journal.load_run(run).was_begun for run in runs)
    if len(runs) != HOSTS * starts or ended["finished"] != 1 or began != 1:
        raise Broken(f"{len(runs)} started, {ended} ended, {began} began")
    return {"starts": len(runs), "ran": began, "refused": ended["failed"]}


def start(host: str, url: str, starts: str) -> None:
    """What a host does: one plan, and all its starts as nearly at once as it can. Prints the runs."""
    from concurrent.futures import ThreadPoolExecutor

    settings, me = _settings(Path(host), url), Identity("attacker", "attacker")
    with closing(open_journal(settings.journal)) as journal:
        prepared = prepare(settings, "migrate.upgrade", {}, me.actor)
        assert isinstance(prepared, Prepared)
        confirmation = Confirmation(typed=prepared.plan.target)

        def one(_: int) -> str:
            begun = begin(journal, settings, prepared, Wish(plan=prepared.plan, identity=me), confirmation)
            assert isinstance(begun, Begun)
            return str(begun.run)

        with ThreadPoolExecutor(AT_ONCE) as pool:
            sys.stdout.write("\n".join(pool.map(one, range(int(starts)))))


def _wait(journal: Journal, runs: list[UUID]) -> dict[str, int]:
    deadline = time.monotonic() + TIMEOUT_S
    while True:
        states = [journal.load_run(run).state for run in runs]
        if all(state in ("finished", "failed") for state in states):
            return {state: states.count(state) for state in ("finished", "failed")}
        if time.monotonic() > deadline:
            raise Broken(f"not ended: {sorted(set(states))}")
        time.sleep(0.5)


def _settings(folder: Path, url: str) -> RunSettings:
    team = url.rpartition("/")[0] + "/journal"
    return RunSettings(
        service="attacked",
        environment="test",
        signals=SignalsSettings.model_validate({"postgres": {"url": url, **DATABASE}}),
        actions=ActionsSettings.model_validate({"folder": folder / "runs"}),
        journal=JournalSettings.model_validate(
            {"url": team, "spool_file": folder / "spool.db", "patience_s": 60}
        ),
    )


ATTACK = Attack("fifty starts of one migration from two hosts", run)
