"""Runs with a team's journal on a real Postgres: who is proven, a second role, a server that is away; a runner that is killed."""

from __future__ import annotations

import os
import signal
import socket
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from incidents.events.run_body import RunOrphaned
from incidents.journal import open_journal
from incidents.journal.errors import JournalAway
from incidents.settings import JournalSettings
from response.decision import Reason, Refused
from response.identity import Identity, login_name, read_identity
from response.run_guard import Wish
from response.runs import Begun, approve, begin, prepare, start
from tests.response.test_runs import ME, YES, ended, planned, python, settings_with, started
from tests.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from actions.runner.request import RunSettings
    from incidents.journal import Journal
    from tests.postgres import Restartable


def with_journal(settings: RunSettings, url: str, tmp_path: Path) -> RunSettings:
    own = {"url": url, "spool_file": tmp_path / "spool.db", "retry_s": 0.2}
    return settings.model_copy(update={"journal": JournalSettings.model_validate(own)})


def test_a_second_person_is_another_role_of_the_database(postgres_url: str, tmp_path: Path) -> None:
    import psycopg

    settings = settings_with(tmp_path, actions={"two_person": ["mitigate"]})
    mine = with_journal(settings, postgres_url, tmp_path)
    with closing(open_journal(mine.journal)) as journal:
        me = read_identity(journal)
        prepared = planned(mine)
        begun = begin(journal, mine, prepared, Wish(plan=prepared.plan, identity=me), YES)
        assert isinstance(begun, Begun)
        assert isinstance(begun.waits, Refused)
        again = approve(journal, mine, begun.run, Identity("another login", me.proven))
        assert isinstance(again, Refused)
        assert again.reason is Reason.SAME_PERSON
        too_early = start(journal, mine, begun.run, me, {})
        assert isinstance(too_early, Refused)
        assert too_early.reason is Reason.SECOND_PERSON
        with psycopg.connect(postgres_url, autocommit=True) as connection:
            connection.execute("DROP ROLE IF EXISTS second")
            connection.execute("CREATE ROLE second LOGIN SUPERUSER PASSWORD 'second'")
        address = f"postgresql://second:second@{postgres_url.rpartition('@')[2]}"
        with closing(open_journal(with_journal(settings, address, tmp_path).journal)) as theirs:
            second = read_identity(theirs)
            assert (second.actor, second.proven) == (login_name(), "second")
            assert not isinstance(approve(theirs, mine, begun.run, second), Refused)
        assert isinstance(start(journal, mine, begun.run, me, {}), Begun)
        assert ended(journal, begun.run).state == "finished"
        with psycopg.connect(postgres_url, autocommit=True) as connection:
            connection.execute("DROP ROLE second")


def test_while_the_journal_is_away_nothing_that_needs_a_resource_begins(
    database: Restartable, tmp_path: Path
) -> None:
    settings = with_journal(settings_with(tmp_path), database.server.url, tmp_path)
    looks = with_journal(
        settings_with(tmp_path, danger="observe", resource=""), database.server.url, tmp_path
    )
    with closing(open_journal(settings.journal)) as journal:
        known = ended(journal, started(journal, settings))
        database.kill()
        prepared = planned(settings)
        with pytest.raises(JournalAway):
            begin(journal, settings, prepared, Wish(plan=prepared.plan, identity=ME), YES)
        run = started(journal, looks)
        folder = tmp_path / "runs" / str(run) / "output.log"
        until(lambda: folder.exists() and "done" in folder.read_text())
        database.start()
        until(lambda: journal_has_ended(journal, run))
        assert journal.load_run(run).state == "finished"
        assert journal.load_run(known.id).state == "finished"


def journal_has_ended(journal: Journal, run: object) -> bool:
    from uuid import UUID

    try:
        journal.merge()
        return journal.load_run(UUID(str(run))).has_ended
    except JournalAway:
        return False


@pytest.mark.parametrize("when", ["preflight", "verify"])
def test_a_runner_killed_before_or_after_the_work_leaves_an_orphan(tmp_path: Path, when: str) -> None:
    """Its check waits for a server that does not answer; the runner dies there."""
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        silent.settimeout(60)
        check = {
            "probe": "http",
            "url": f"http://127.0.0.1:{silent.getsockname()[1]}",
            "expect": "status 200",
        }
        checks: dict[str, Any] = {when: [check | {"within": "60s"}]}
        plain = settings_with(tmp_path, argv=python("open('ran', 'a')"), cwd=str(tmp_path))
        settings = settings_with(
            tmp_path,
            argv=python("open('ran', 'a')"),
            cwd=str(tmp_path),
            **checks,
        )
        with closing(open_journal(settings.journal)) as journal:
            prepared = planned(plain)
            begun = begin(journal, settings, prepared, Wish(plan=prepared.plan, identity=ME), YES)
            assert isinstance(begun, Begun)
            connection, _ = silent.accept()
            with connection:
                run = journal.load_run(begun.run)
                assert run.runner.startswith("pid ")
                os.kill(int(run.runner.removeprefix("pid ")), signal.SIGKILL)
            killed = journal.load_run(begun.run)
            assert killed.state == ("claimed" if when == "preflight" else "started")
            assert killed.was_begun == (tmp_path / "ran").exists() == (when == "verify")
            held = ended(journal, started(journal, plain))
            assert held.said is not None
            assert held.said.key == "journal.resource_held"
            journal.append(begun.run, "ic1", RunOrphaned())
            assert ended(journal, started(journal, plain)).state == "finished"
            assert journal.load_run(begun.run).state == "orphaned", "nobody runs it again"


def test_what_is_read_only_or_not_allowed_is_not_even_planned(tmp_path: Path) -> None:
    settings = settings_with(tmp_path, actions={"allow": ["queue.*"]})
    assert isinstance(prepare(settings, "shop.do", {}, "me"), Refused)
    assert isinstance(prepare(settings_with(tmp_path), "shop.do", {}, "me", read_only=True), Refused)
