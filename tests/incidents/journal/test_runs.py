"""A run is a chain of its own: claimed once, its resource held by one, its output proven by what it ended with."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import psycopg
import pytest

from incidents.events import run_body as r
from incidents.events.body import Noted, Opened
from incidents.journal import Journal, export_lines, import_lines, open_journal
from incidents.journal.errors import JournalAway, JournalError, NoSuchIncident, ResourceHeld, WriteConflict
from incidents.journal.kinds import RUNS
from incidents.journal.verify import verify
from incidents.journal.watch import watch
from incidents.settings import JournalSettings
from sandbox.servers import free_port

if TYPE_CHECKING:
    from pathlib import Path
    from uuid import UUID

    from tests.postgres import Restartable

THROTTLE = r.RunPlanned(
    action="queue.throttle", danger="mitigate", params={"rate": "10/m"}, resource="celery", digest="d1"
)
STATUS = r.RunPlanned(action="migrate.status", danger="observe")
OUTPUT = r.Output(size=12, sha256="a" * 64)


def open_at(url: str, folder: Path) -> Journal:
    values = {"url": url, "spool_file": folder / "spool.db", "retry_s": 0.01, "timeout_s": 10}
    return open_journal(JournalSettings.model_validate(values))


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/journal.db"
    address: str = request.getfixturevalue("postgres_url")
    return address


def claim(journal: Journal, run: UUID, host: str = "ops1", expected: int = 1) -> int:
    body = journal.claim_run(run, "op1", host=host, expected_sequence=expected).body
    assert isinstance(body, r.RunClaimed)
    return body.token


def test_a_run_goes_its_way_without_any_incident(url: str, tmp_path: Path) -> None:
    journal = open_at(url, tmp_path)
    run = journal.plan_run("op1", THROTTLE).chain
    assert (journal.run_label(run), journal.find_run("RUN-1"), journal.find_run("1")) == ("RUN-1", run, run)
    journal.append(run, "op2", r.RunApproved(digest="d1"))
    assert claim(journal, run, expected=2) == 1
    journal.append(run, "op1", r.RunStarted(host="ops1", process=4711))
    assert [(label, known.state) for label, known in journal.runs(active=True)] == [("RUN-1", "started")]
    assert journal.holder("celery") == run
    assert journal.beat(run)
    assert journal.heartbeats()[run].beats == 1
    assert journal.heartbeats()[run].age_s < 60
    journal.append(run, "op1", r.RunVerified(ok=True))
    journal.append(run, "op1", r.RunFinished(exit_code=0, output=OUTPUT))
    known = journal.load_run(run)
    assert (known.state, known.verified, known.token, known.process) == ("finished", True, 1, 4711)
    assert (known.output, known.approvals[0].by, known.has_ended) == (OUTPUT, "op2", True)
    assert not journal.beat(run), "who ended it took the resource back"
    assert (journal.holder("celery"), journal.heartbeats(), journal.runs(active=True)) == (None, {}, [])
    journal.append(run, "op1", r.RunUndone(detail="rate 100/m again"))
    assert journal.load_run(run).state == "undone"
    assert journal.history() == []
    proof = verify(journal.store())
    assert (proof.incidents, proof.runs, proof.events, proof.findings) == (0, 1, 7, ())
    journal.close()


def test_a_run_and_an_incident_are_numbered_and_found_apart(url: str, tmp_path: Path) -> None:
    journal = open_at(url, tmp_path)
    incident = journal.open_incident("ic1", Opened(title="429 storm", severity="SEV2")).chain
    linked = journal.plan_run("op1", THROTTLE.model_copy(update={"incident": incident})).chain
    alone = journal.plan_run("op1", STATUS).chain
    assert [label for label, _ in journal.runs()] == ["RUN-2", "RUN-1"]
    assert [run.id for _, run in journal.runs(incident=incident)] == [linked]
    assert (journal.label(incident), journal.run_label(alone)) == ("INC-1", "RUN-2")
    with pytest.raises(NoSuchIncident):
        journal.append(alone, "op1", Noted(text="not here"))
    with pytest.raises(JournalError):
        journal.append(incident, "op1", r.RunStarted(host="x"))
    journal.close()


def test_fifty_claimers_of_one_run_and_one_has_it(url: str, tmp_path: Path) -> None:
    journal = open_at(url, tmp_path)
    run = journal.plan_run("op1", THROTTLE).chain
    journals = [open_at(url, tmp_path / str(index)) for index in range(5)]

    def attempt(index: int) -> str:
        try:
            claim(journals[index % 5], run, host=f"h{index}")
        except WriteConflict:
            return ""
        return f"h{index}"

    with ThreadPoolExecutor(50) as pool:
        winners = [host for host in pool.map(attempt, range(50)) if host]
    assert len(winners) == 1
    assert journal.load_run(run).host == winners[0]
    for each in (journal, *journals):
        each.close()


def test_fifty_runs_want_one_resource_and_the_holder_is_named(url: str, tmp_path: Path) -> None:
    journal = open_at(url, tmp_path)
    runs = [journal.plan_run(f"op{index}", THROTTLE).chain for index in range(50)]
    journals = [open_at(url, tmp_path / str(index)) for index in range(5)]

    def attempt(index: int) -> tuple[UUID, str]:
        try:
            claim(journals[index % 5], runs[index], host=f"h{index}")
        except ResourceHeld as error:
            return runs[index], str(error.message.values["run"])
        return runs[index], ""

    with ThreadPoolExecutor(50) as pool:
        results = list(pool.map(attempt, range(50)))
    (winner,) = [run for run, holder in results if not holder]
    label = journal.run_label(winner)
    assert {holder for _, holder in results if holder} == {label}
    assert journal.holder("celery") == winner
    assert verify(journal.store()).findings == ()
    for each in (journal, *journals):
        each.close()


def test_who_was_declared_orphaned_learns_it_and_the_next_token_is_higher(url: str, tmp_path: Path) -> None:
    journal = open_at(url, tmp_path)
    first, second = (journal.plan_run("op1", THROTTLE).chain for _ in range(2))
    assert claim(journal, first) == 1
    with pytest.raises(ResourceHeld):
        claim(journal, second)
    assert journal.load_run(second).state == "planned"
    journal.append(first, "op2", r.RunOrphaned(detail="host ops1 is gone"))
    assert claim(journal, second) == 2
    assert not journal.beat(first)
    assert journal.beat(second)
    journal.append(first, "op1", r.RunFinished(exit_code=0, output=OUTPUT))
    late = journal.load_run(first)
    assert (late.state, late.output) == ("finished", OUTPUT), "the runner knew it after all"
    assert journal.holder("celery") == second, "and takes nothing from who came after it"
    journal.close()


def test_what_ended_is_never_claimed_again(url: str, tmp_path: Path) -> None:
    journal = open_at(url, tmp_path)
    run = journal.plan_run("op1", STATUS).chain
    assert claim(journal, run) == 0, "it needs no resource"
    journal.append(run, "op1", r.RunFailed(exit_code=3))
    with pytest.raises(WriteConflict):
        claim(journal, run, expected=3)
    journal.close()


def test_while_the_journal_is_away_only_what_needs_no_claim_goes_on(tmp_path: Path) -> None:
    journal = open_at(f"postgresql://me@127.0.0.1:{free_port()}/none", tmp_path)
    needs = journal.plan_run("op1", THROTTLE).chain
    with pytest.raises(JournalAway):
        claim(journal, needs)
    with pytest.raises(JournalAway, match="celery"):
        journal.append(needs, "op1", r.RunStarted(host="ops1"))
    observes = journal.plan_run("op1", STATUS).chain
    journal.append(observes, "op1", r.RunStarted(host="ops1"))
    journal.append(observes, "op1", r.RunFinished(exit_code=0, output=OUTPUT))
    assert journal.load_run(observes).state == "finished"
    assert [(run.action, run.state) for _, run in journal.runs()] == [
        ("migrate.status", "finished"),
        ("queue.throttle", "planned"),
    ]


def test_the_outcome_of_a_run_waits_in_the_spool_and_frees_the_resource_on_return(
    database: Restartable, tmp_path: Path
) -> None:
    journal = open_at(database.server.url, tmp_path)
    run = journal.plan_run("op1", THROTTLE).chain
    claim(journal, run)
    database.kill()
    journal.append(run, "op1", r.RunFinished(exit_code=0, output=OUTPUT))
    again = open_at(database.server.url, tmp_path)
    assert again.load_run(run).output == OUTPUT, "another program of this user knows the run and its end"
    database.start()
    while journal.spooled():
        try:
            journal.merge()
        except JournalError:
            continue
    assert (journal.load_run(run).state, journal.holder("celery")) == ("finished", None)
    assert verify(journal.store()).findings == ()
    journal.close()


def test_runs_are_exported_imported_and_proven(url: str, tmp_path: Path) -> None:
    journal = open_at(url, tmp_path)
    journal.open_incident("ic1", Opened(title="one", severity="SEV2"))
    run = journal.plan_run("op1", THROTTLE).chain
    claim(journal, run)
    journal.append(run, "op1", r.RunFinished(exit_code=0, output=OUTPUT))
    lines = list(export_lines(journal.store()))
    copy = open_at(f"sqlite:///{tmp_path}/copy.db", tmp_path)
    assert import_lines(copy.store(), lines) == (4, 4)
    assert copy.load_run(run).output == OUTPUT
    assert list(export_lines(copy.store())) == lines
    assert verify(copy.store()).findings == ()
    spoil = "UPDATE event SET body = replace(body, '\"size\":12', '\"size\":13') WHERE kind = 'run_finished'"
    if url.startswith("sqlite"):
        with journal.store().database.write() as connection:
            connection.exec_driver_sql("DROP TRIGGER event_no_update")
            connection.exec_driver_sql(spoil)
    else:
        with psycopg.connect(url, autocommit=True) as direct:
            direct.execute("ALTER TABLE event DISABLE TRIGGER USER")
            direct.execute(spoil.encode())
    (finding,) = verify(journal.store()).findings
    assert (finding.label, finding.damage, finding.sequence) == ("RUN-1", "altered", 3)
    copy.close()
    journal.close()


async def test_others_see_a_run_go_on(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/journal.db"
    writer, reader = open_at(url, tmp_path), open_at(url, tmp_path)
    run = writer.plan_run("op1", STATUS).chain
    seen = []
    async for changed in watch(reader, RUNS):
        seen.append(changed)
        if changed:
            break
        writer.append(run, "op1", r.RunStarted(host="ops1"))
    assert seen == [frozenset(), {run}]
    writer.close()
    reader.close()
