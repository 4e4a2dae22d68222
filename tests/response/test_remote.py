"""Runs on an ops host: a real worker on a real broker, with a team's journal on a real Postgres; what is refused there."""

from __future__ import annotations

import datetime as dt
import json
import os
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import kombu.pools
import pytest

from actions.runner.keeper import last_round
from actions.runner.remote import LATE_S, send
from incidents.events.run_body import RunApproved
from incidents.journal import open_journal
from response.decision import Reason, Refused
from response.remote import take
from response.run_guard import Wish
from response.runs import Begun, begin
from signals.settings import SignalsSettings
from tests.response.test_runs import ME, YES, ended, kinds, output, planned, python, settings_with
from tests.response.test_runs_and_the_journal import with_journal
from tests.waiting import until

if TYPE_CHECKING:
    from incidents.journal import Journal

CELERY = {"executor": "celery"}


def now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def test_a_worker_does_what_was_sent_once_and_its_end_does_not_end_the_run(
    redis_url: str, postgres_url: str, tmp_path: Path
) -> None:
    kombu.pools.reset()  # type: ignore[no-untyped-call]  # or it remembers what it declared on the broker before
    code = "import os, time\nopen(f'ran-{os.getpid()}', 'w')\nwhile not os.path.exists('enough'): time.sleep(0.02)"
    settings = with_journal(
        settings_with(tmp_path, argv=python(code), cwd=str(tmp_path), actions=CELERY), postgres_url, tmp_path
    )
    signals = SignalsSettings.model_validate({"redis": {"url": redis_url}})
    settings = settings.model_copy(update={"signals": signals})
    spec = settings.actions.add[0]
    (tmp_path / "warroom.toml").write_text(
        f"signals.redis.url = '{redis_url}'\n"
        f"journal = {{ url = '{postgres_url}', spool_file = '{tmp_path}/ops-spool.db' }}\n"
        f"[actions]\nfolder = '{tmp_path}/runs'\n[[actions.add]]\nid = 'shop.do'\ntitle = 'Do it'\ndanger = 'mitigate'\n"
        f"argv = {json.dumps(spec.argv)}\nresource = 'shop'\ncwd = '{tmp_path}'\n"
    )
    with closing(open_journal(settings.journal)) as journal:
        prepared = planned(settings)
        begun = begin(journal, settings, prepared, Wish(plan=prepared.plan, identity=ME), YES)
        assert isinstance(begun, Begun)
        for _ in range(3):
            send(begun.run, signals)  # a broker may bring a message again
        worker = subprocess.Popen(
            [sys.executable, "-m", "warroom", "worker"],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(Path.cwd())},
        )
        try:
            until(lambda: list(tmp_path.glob("ran-*")))
            until(lambda: last_round(settings.actions) is not None)
        finally:
            worker.send_signal(signal.SIGKILL)
            worker.wait()
        (tmp_path / "enough").touch()
        end = ended(journal, begun.run)
        assert end.state == "finished"
        assert kinds(end).count("run_claimed") == 1
        assert len(list(tmp_path.glob("ran-*"))) == 1
        assert output(settings, begun.run) == ""


@pytest.mark.parametrize(
    ("actions", "approved", "late_s", "said"),
    [
        ({}, True, LATE_S + 60, "runs.came_late"),
        ({"allow": ["other.*"]}, True, 0.0, "response.action_not_allowed"),
        ({"read_only": True}, True, 0.0, "response.actions_read_only"),
        ({}, False, 0.0, "response.not_confirmed"),
        ({"two_person": ["mitigate"]}, True, 0.0, "response.second_person"),
    ],
)
def test_what_the_ops_host_does_not_do_ends_with_the_reason(
    tmp_path: Path,
    actions: dict[str, Any],
    approved: bool,  # noqa: FBT001  # a table
    late_s: float,
    said: str,
) -> None:
    settings = settings_with(tmp_path)
    with closing(open_journal(settings.journal)) as journal:
        run = written(journal, settings, approved=approved)
        ops = settings_with(tmp_path, actions=actions)
        message = take(journal, ops, run, now() + dt.timedelta(seconds=late_s))
        assert message.key == "runs.refused_here"
        end = journal.load_run(run)
        assert end.state == "failed"
        assert not end.was_begun
        assert end.said is not None
        assert end.said.key == said
        assert take(journal, ops, run, now()).key == "runs.not_taken"


def written(journal: Journal, settings: Any, *, approved: bool) -> Any:
    """A run as another host wrote it, not started."""
    from response import runs

    prepared = planned(settings)
    planned_body = runs._planned(journal, settings, prepared, Wish(plan=prepared.plan, identity=ME))
    run = journal.plan_run("tester", planned_body).chain
    if approved:
        journal.append(run, "tester", RunApproved(digest=prepared.plan.digest, identity="tester"))
    return run


def test_what_can_not_be_sent_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    settings = settings_with(tmp_path, actions=CELERY)
    shared = with_journal(
        settings_with(
            tmp_path,
            argv=["true"],
            parameters={"token": {"secret": True}},
            environment={"T": "{token}"},
            actions=CELERY,
        ),
        "postgresql://u@127.0.0.1:1/none",
        tmp_path,
    )
    with closing(open_journal(settings.journal)) as journal:
        for own, values, reason in (
            (settings, {}, Reason.EXECUTOR_NEEDS_JOURNAL),
            (shared, {"token": "hunter2"}, Reason.EXECUTOR_NOT_TOLD),
        ):
            prepared = planned(own, **values)
            refused = begin(journal, own, prepared, Wish(plan=prepared.plan, identity=ME), YES)
            assert isinstance(refused, Refused)
            assert refused.reason is reason
        assert journal.runs() == []
