"""Runs that go to an ops host through a real RabbitMQ: whoever is killed, each is done once, or said not to be."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import kombu.pools
import psycopg
import pytest

from actions.runner.remote import QUEUE, TASK, send
from core.errors import SourceError
from incidents.journal import open_journal
from response.run_guard import Wish
from response.runs import Begun, begin
from sandbox.servers import free_port
from signals.connections.broker import open_broker
from signals.settings import CelerySettings, SignalsSettings
from tests.rabbitmq import run_rabbitmq
from tests.response.held import ran
from tests.response.test_runs import ME, YES, ended, kinds, planned, python, settings_with
from tests.response.test_runs_and_the_journal import with_journal
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

    from actions.runner.request import RunSettings
    from incidents.events.run import Run
    from incidents.journal import Journal
    from tests.postgres import Restartable

WORK = (
    "import os, time\nopen(f'ran-{os.getpid()}', 'w')\nwhile not os.path.exists('enough'): time.sleep(0.02)"
)

START_S = 180.0
"""Celery's imports, on a machine that has much else to do."""


class Broker:
    """Killed and started again with the same messages on the same port."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.ports = folder, (free_port(), free_port(), free_port())
        self.start()

    def kill(self) -> None:
        """At once, as in a crash."""
        self._context.__exit__(None, None, None)

    def start(self) -> None:
        """Returns when it answers."""
        self._context = run_rabbitmq(self.folder, self.ports)
        self.url = self._context.__enter__()


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    running = Broker(tmp_path_factory.mktemp("rabbitmq"))
    yield running
    running.kill()


@pytest.fixture
def settings(broker: Broker, postgres_url: str, tmp_path: Path) -> RunSettings:
    """As the responder has them, and in `warroom.toml` as the ops host does."""
    kombu.pools.reset()  # type: ignore[no-untyped-call]  # or it remembers what it declared on the broker before
    own = settings_with(tmp_path, argv=python(WORK), cwd=str(tmp_path), actions={"executor": "celery"})
    own = with_journal(own, postgres_url, tmp_path)
    signals = SignalsSettings.model_validate({"celery": {"broker_url": broker.url, "timeout_s": 10.0}})
    (tmp_path / "warroom.toml").write_text(
        "signals.celery.broker_url = '${BROKER}'\n"
        f"journal = {{ url = '{postgres_url}', spool_file = '{tmp_path}/ops-spool.db', retry_s = 0.2 }}\n"
        f"[actions]\nfolder = '{tmp_path}/runs'\n[[actions.add]]\nid = 'shop.do'\ntitle = 'Do it'\ndanger = 'mitigate'\n"
        f"argv = {json.dumps(own.actions.add[0].argv)}\nresource = 'shop'\ncwd = '{tmp_path}'\n"
    )
    return own.model_copy(update={"signals": signals})


def address(settings: RunSettings) -> str:
    assert settings.signals.celery is not None
    assert settings.signals.celery.broker_url is not None
    return settings.signals.celery.broker_url.get_secret_value()


@contextmanager
def worker(settings: RunSettings, tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A `warroom worker`; killed at the end, if it still runs."""
    with (
        (tmp_path / "worker.log").open("ab") as log,
        subprocess.Popen(
            [sys.executable, "-m", "warroom", "worker", "--no-keep"],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(Path.cwd()), "BROKER": address(settings)},
            stdout=log,
            stderr=log,
        ) as process,
    ):
        try:
            yield process
        finally:
            process.send_signal(signal.SIGKILL)


def sent(journal: Journal, settings: RunSettings) -> UUID:
    prepared = planned(settings)
    begun = begin(journal, settings, prepared, Wish(plan=prepared.plan, identity=ME), YES)
    assert isinstance(begun, Begun)
    return begun.run


def assert_done_once(run: Run, tmp_path: Path, times: int = 1) -> None:
    assert (run.state, kinds(run).count("run_claimed"), ran(tmp_path)) == ("finished", 1, times)


def test_a_worker_killed_before_it_acknowledged_leaves_the_message_to_the_next(
    settings: RunSettings, postgres_url: str, tmp_path: Path
) -> None:
    (tmp_path / "enough").touch()
    with closing(open_journal(settings.journal)) as journal:
        run = sent(journal, settings)
        with psycopg.connect(postgres_url) as other, worker(settings, tmp_path) as first:
            other.execute(
                "LOCK TABLE run IN ACCESS EXCLUSIVE MODE"
            )  # it has the message, and asks for the run
            waits = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'run'::regclass"
            until(lambda: other.execute(waits).fetchone() != (0,), seconds=START_S)
            first.send_signal(signal.SIGKILL)
            first.wait()
        assert journal.load_run(run).state == "approved"
        with worker(settings, tmp_path):
            assert_done_once(ended(journal, run), tmp_path)


def test_a_broker_killed_in_the_middle_costs_no_run_and_no_worker(
    settings: RunSettings, broker: Broker, tmp_path: Path
) -> None:
    with closing(open_journal(settings.journal)) as journal:
        run = sent(journal, settings)
        send(run, settings.signals)  # and once more
        broker.kill()  # with the messages on its disk
        broker.start()
        with worker(settings, tmp_path) as process:
            until(lambda: ran(tmp_path) == 1, seconds=START_S)
            broker.kill()  # with the messages perhaps unacknowledged
            (tmp_path / "enough").touch()
            end = ended(journal, run)
            broker.start()
            assert_done_once(end, tmp_path)
            after = ended(journal, sent(journal, settings))
            assert_done_once(after, tmp_path, times=2)
            assert process.poll() is None
        assert_done_once(journal.load_run(run), tmp_path, times=2)


def test_what_no_broker_took_has_failed_and_never_runs_later(
    settings: RunSettings, broker: Broker, tmp_path: Path
) -> None:
    (tmp_path / "enough").touch()
    with closing(open_journal(settings.journal)) as journal:
        broker.kill()
        try:
            with pytest.raises(SourceError):
                sent(journal, settings)
        finally:
            broker.start()
        ((_, run),) = journal.runs()
        assert (run.state, run.was_begun, run.runner) == ("failed", False, "")
        send(run.id, settings.signals)  # as if it had come to the broker all the same
        with worker(settings, tmp_path):
            assert_done_once(ended(journal, sent(journal, settings)), tmp_path)
        assert journal.load_run(run.id).state == "failed"


def test_messages_that_are_none_of_ours_cost_no_worker(settings: RunSettings, tmp_path: Path) -> None:
    (tmp_path / "enough").touch()
    app, connection = open_broker(settings.signals.celery or CelerySettings(), None)
    with connection:
        for task, args in (
            (TASK, ["\x1b]0;x\x07 no run"]),
            (TASK, []),
            (TASK, [["deep", {}]]),
            ("other.task", [1]),
        ):
            app.send_task(task, args=args, queue=QUEUE, connection=connection)
        with app.amqp.Producer(connection) as producer:
            producer.publish(
                b"\x80not json", routing_key=QUEUE, content_type="application/json", content_encoding="utf-8"
            )
    with closing(open_journal(settings.journal)) as journal, worker(settings, tmp_path) as process:
        assert_done_once(ended(journal, sent(journal, settings)), tmp_path)
        assert process.poll() is None
    log = (tmp_path / "worker.log").read_bytes()
    assert b"\x1b]" not in log
    assert b"Traceback" not in log
    assert log.count(b"names no run") == 2


def test_a_journal_that_is_away_when_the_message_comes_is_waited_for(
    settings: RunSettings, postgres_url: str, database: Restartable, tmp_path: Path
) -> None:
    """The message comes again by itself."""
    (tmp_path / "enough").touch()
    shared = with_journal(settings, database.server.url, tmp_path)
    text = (tmp_path / "warroom.toml").read_text()
    (tmp_path / "warroom.toml").write_text(text.replace(postgres_url, database.server.url))
    with closing(open_journal(shared.journal)) as journal:
        run = sent(journal, shared)
        database.kill()
        with worker(settings, tmp_path):
            until(lambda: b"does not answer" in (tmp_path / "worker.log").read_bytes(), seconds=START_S)
            database.start()
            assert_done_once(ended(journal, run), tmp_path)
