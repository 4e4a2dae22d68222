"""Runs by real runners: planned, approved, started, recorded; refused from every side."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from actions.runner.execute import claim
from actions.runner.folder import RunFolder
from actions.runner.request import RunSettings
from actions.runner.watch import ORPHANED_S
from actions.settings import ActionsSettings
from incidents.events.run_body import RunApproved, RunPlanned
from incidents.journal import open_journal
from incidents.journal.errors import WriteConflict
from incidents.settings import JournalSettings
from response.decision import Reason, Refused
from response.identity import Identity
from response.run_guard import Confirmation, Wish
from response.runs import Begun, Prepared, begin, cancel, prepare
from signals.settings import SignalsSettings
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from incidents.events.run import Run
    from incidents.journal import Journal

ME = Identity("tester", "tester")
YES = Confirmation(yes=True)


@pytest.fixture
def settings(tmp_path: Path) -> RunSettings:
    return settings_with(tmp_path)


def settings_with(tmp_path: Path, *, actions: dict[str, Any] | None = None, **own: Any) -> RunSettings:
    """One action of the team's, `shop.do`, which runs `own` argv."""
    spec: dict[str, Any] = {
        "id": "shop.do",
        "title": "Do it",
        "danger": "mitigate",
        "argv": [sys.executable, "-c", "print('done')"],
        "resource": "shop",
    }
    return RunSettings(
        service="shop",
        environment="test",
        signals=SignalsSettings(),
        actions=ActionsSettings.model_validate(
            {"folder": tmp_path / "runs", "add": [spec | own], **(actions or {})}
        ),
        journal=JournalSettings.model_validate({"url": f"sqlite:///{tmp_path / 'journal.db'}"}),
        secrets=("s3cr3t-of-the-configuration",),
    )


@pytest.fixture
def journal(settings: RunSettings) -> Iterator[Journal]:
    opened = open_journal(settings.journal)
    yield opened
    opened.close()


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def planned(settings: RunSettings, **params: str) -> Prepared:
    prepared = prepare(settings, "shop.do", params, ME.actor)
    assert isinstance(prepared, Prepared)
    return prepared


def started(journal: Journal, settings: RunSettings, **params: str) -> UUID:
    prepared = planned(settings, **params)
    begun = begin(journal, settings, prepared, Wish(plan=prepared.plan, identity=ME), YES)
    assert isinstance(begun, Begun)
    return begun.run


def ended(journal: Journal, run: UUID) -> Run:
    until(lambda: journal.load_run(run).has_ended)
    return journal.load_run(run)


def output(settings: RunSettings, run: UUID) -> str:
    return RunFolder.of(settings.actions, run).output.read_text()


def kinds(run: Run) -> list[str]:
    return [event.body.kind for event in run.events]


def test_a_run_records_itself_from_plan_to_end(journal: Journal, settings: RunSettings) -> None:
    run = ended(journal, started(journal, settings))
    assert kinds(run) == ["run_planned", "run_approved", "run_claimed", "run_started", "run_finished"]
    assert run.state == "finished"
    assert run.exit_code == 0
    assert output(settings, run.id).startswith("done\n")
    assert run.output is not None
    import hashlib

    raw = RunFolder.of(settings.actions, run.id).output.read_bytes()
    assert (run.output.size, run.output.sha256) == (len(raw), hashlib.sha256(raw).hexdigest())
    assert {event.actor for event in run.events} == {"tester"}


def test_it_has_no_terminal_and_a_session_that_is_not_ours(journal: Journal, tmp_path: Path) -> None:
    code = (
        "import os,json\n"
        "try: os.open('/dev/tty', os.O_RDWR); tty = True\n"
        "except OSError: tty = False\n"
        "print(json.dumps([os.getsid(0), os.getsid(os.getppid()), tty, os.read(0, 1).decode()]))"
    )
    settings = settings_with(tmp_path, argv=python(code))
    run = ended(journal, started(journal, settings))
    session, of_runner, tty, read = json.loads(output(settings, run.id).splitlines()[0])
    assert os.getsid(0) not in (session, of_runner)
    assert (tty, read) == (False, "")


def test_a_program_that_fails_is_a_run_that_failed(journal: Journal, tmp_path: Path) -> None:
    settings = settings_with(tmp_path, argv=python("print('half'); raise SystemExit(7)"))
    run = ended(journal, started(journal, settings))
    assert run.state == "failed"
    assert run.said is not None
    assert run.said.message.values["code"] == 7
    assert "half" in output(settings, run.id)


@pytest.mark.parametrize("expect", ["== 0", "some"])
def test_what_can_not_be_verified_is_not_verified(journal: Journal, tmp_path: Path, expect: str) -> None:
    settings = settings_with(tmp_path, verify=[{"promql": "up", "expect": expect}])
    run = ended(journal, started(journal, settings))
    assert run.state == "finished"
    assert run.verified is None, "nobody could look: that is no failed check"
    assert "run_verified" in kinds(run)


def test_what_was_confirmed_is_what_runs(journal: Journal, tmp_path: Path) -> None:
    """The configuration changed between confirm and run: nothing is done."""
    before = settings_with(tmp_path, argv=python("open('ran', 'w')"), cwd=str(tmp_path))
    after = settings_with(tmp_path, argv=python("open('ran', 'w') and 1"), cwd=str(tmp_path))
    prepared = planned(before)
    begun = begin(journal, after, prepared, Wish(plan=prepared.plan, identity=ME), YES)
    assert isinstance(begun, Begun)
    run = ended(journal, begun.run)
    assert run.state == "failed"
    assert run.said is not None
    assert run.said.key == "actions.plan_stale"
    assert not run.was_begun
    assert not (tmp_path / "ran").exists()


def test_secrets_are_in_no_file(journal: Journal, tmp_path: Path) -> None:
    secret = "hunter2/§ wörld%40"  # spellings differ
    code = (
        "import os,base64,json,urllib.parse,sys\n"
        "s = os.environ['TOKEN']\n"
        "for t in (s, urllib.parse.quote(s), urllib.parse.quote_plus(s), json.dumps(s), repr(s), \n"
        "          base64.b64encode(s.encode()).decode(), s[:3] + '\\x1b[0m' + s[3:], 's3cr3t-of-the-configuration'):\n"
        "    print('value', t, flush=True); print(t, file=sys.stderr)\n"
        "raise SystemExit(s)"
    )
    settings = settings_with(
        tmp_path, argv=python(code), parameters={"token": {"secret": True}}, environment={"TOKEN": "{token}"}
    )
    run = ended(journal, started(journal, settings, token=secret))
    assert run.state == "failed"
    import base64
    from urllib.parse import quote, quote_plus

    spellings = [secret, quote(secret), quote_plus(secret), json.dumps(secret)[1:-1], "s3cr3t-of-the"]
    spellings.append(base64.b64encode(secret.encode()).decode())
    files = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert len(files) >= 3
    assert "value" in output(settings, run.id)
    for file in files:
        for spelling in spellings:
            assert spelling.encode() not in file.read_bytes(), (file.name, spelling)


def test_output_can_not_steer_a_terminal(journal: Journal, tmp_path: Path) -> None:
    code = "import sys; sys.stdout.buffer.write(b'\\x1b]52;c;ZXZpbA==\\x07a\\x1b[2Jb\\x9b31m\\xff[red]c[/red]\\r\\n50%\\r100%\\n')"
    settings = settings_with(tmp_path, argv=python(code))
    run = ended(journal, started(journal, settings))
    text = output(settings, run.id)
    assert text.splitlines()[:2] == ["ab\ufffd31m\ufffd[red]c[/red]", "100%"]
    assert "\x1b" not in text


def test_a_long_output_keeps_beginning_and_end(journal: Journal, tmp_path: Path) -> None:
    code = "for i in range(20000): print(f'line {i:05}')"
    settings = settings_with(tmp_path, argv=python(code), actions={"output_bytes": 50_000})
    run = ended(journal, started(journal, settings))
    text = output(settings, run.id)
    assert "line 00000" in text
    assert "line 19999" in text
    assert "bytes are left out here" in text
    assert run.output is not None
    assert run.output.size == len(text.encode()) < 130_000


@pytest.mark.parametrize("stubborn", [False, True])
def test_cancel_ends_the_whole_group(journal: Journal, tmp_path: Path, stubborn: bool) -> None:  # noqa: FBT001  # a table
    ignore = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\n" if stubborn else ""
    code = (
        ignore + "import subprocess,sys,time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "print('child', child.pid, flush=True); time.sleep(60)"
    )
    settings = settings_with(tmp_path, argv=python(code))
    run = started(journal, settings)
    folder = RunFolder.of(settings.actions, run)
    until(lambda: folder.output.exists() and "child" in folder.output.read_text())
    child = int(folder.output.read_text().split()[1])
    assert cancel(journal, settings, run, Identity("ic1", "ic1")) is None
    end = ended(journal, run)
    assert (end.state, end.cancelled_by) == ("cancelled", "ic1")
    until(
        lambda: (
            not Path(f"/proc/{child}").exists() or "Z" in Path(f"/proc/{child}/stat").read_text().split()[2]
        )
    )
    refused = cancel(journal, settings, run, ME)
    assert isinstance(refused, Refused)
    assert refused.reason is Reason.RUN_NOT_ACTIVE


def test_its_time_limit_ends_it(journal: Journal, tmp_path: Path) -> None:
    settings = settings_with(tmp_path, argv=python("import time; time.sleep(60)"), timeout_s=0.5)
    run = ended(journal, started(journal, settings))
    assert run.state == "failed"
    assert run.said is not None
    assert run.said.key in ("actions.timed_out", "runs.too_long")


def test_it_goes_on_when_whoever_started_it_is_killed(tmp_path: Path) -> None:
    """The starter's whole session gets SIGHUP and is killed, as when an SSH connection is lost."""
    settings = settings_with(
        tmp_path, argv=python("import time; print('begun', flush=True); time.sleep(1.5); print('whole')")
    )
    code = (
        "import sys, time; from tests.response.test_runs import *\n"
        f"settings = settings_with(Path({str(tmp_path)!r}), argv={settings.actions.add[0].argv!r})\n"
        "print(started(open_journal(settings.journal), settings), flush=True); time.sleep(60)"
    )
    starter = subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
        cwd=Path.cwd(),
    )
    assert starter.stdout is not None
    run = UUID(starter.stdout.readline().strip())
    folder = RunFolder.of(settings.actions, run)
    until(lambda: folder.output.exists() and "begun" in folder.output.read_text())
    os.killpg(starter.pid, signal.SIGHUP)
    os.killpg(starter.pid, signal.SIGKILL)
    starter.wait()
    starter.stdout.close()
    journal = open_journal(settings.journal)
    end = ended(journal, run)
    journal.close()
    assert end.state == "finished"
    assert "whole" in output(settings, run)


def test_of_fifty_starts_at_once_one_runs(journal: Journal, tmp_path: Path) -> None:
    code = (
        "import time, os; open(f'ran-{os.getpid()}', 'w')\n"
        "while not os.path.exists('enough'): time.sleep(0.05)"
    )
    settings = settings_with(tmp_path, argv=python(code), cwd=str(tmp_path))
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(10) as pool:
        runs = list(pool.map(lambda _: started(journal, settings), range(50)))
    until(lambda: sum(journal.load_run(run).has_ended for run in runs) == 49, seconds=60)
    (tmp_path / "enough").touch()
    ends = [ended(journal, run) for run in runs]
    assert [end.state for end in ends].count("finished") == 1
    refused = [end for end in ends if end.state == "failed"]
    assert len(refused) == 49
    assert {end.said.key for end in refused if end.said} == {"journal.resource_held"}
    assert len(list(tmp_path.glob("ran-*"))) == 1


def test_a_killed_runner_is_an_orphan_that_nobody_runs_again(journal: Journal, tmp_path: Path) -> None:
    code = "import os, time; print(os.getpid(), flush=True); time.sleep(60)"
    settings = settings_with(tmp_path, argv=python(code))
    run = started(journal, settings)
    written = RunFolder.of(settings.actions, run).output
    until(lambda: written.exists() and "\n" in written.read_text())
    process = journal.load_run(run).process
    assert process is not None
    os.kill(process, signal.SIGKILL)
    program = Path("/proc") / written.read_text().strip()
    until(lambda: not program.exists() or "State:\tZ" in (program / "status").read_text())
    beats = journal.heartbeats()[run]
    assert beats.age_s < ORPHANED_S
    assert journal.load_run(run).state == "started"
    other = ended(journal, started(journal, settings))  # the resource is not free until a person says so
    assert other.said is not None
    assert other.said.key == "journal.resource_held"


def test_an_approval_between_start_and_claim_costs_no_run_and_two_claims_do(
    journal: Journal, settings: RunSettings
) -> None:
    run = journal.plan_run("op1", RunPlanned(action="shop.do", danger="mitigate", resource="shop")).chain
    seen = journal.load_run(run)
    journal.append(run, "op2", RunApproved(digest="d", identity="op2"))
    claim(journal, seen, "op1")
    assert journal.load_run(run).state == "claimed"
    with pytest.raises(WriteConflict):
        claim(journal, seen, "op1")
