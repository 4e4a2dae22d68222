"""The stress plan with real load: on the sandbox, by a command, by HTTP; and what ends it."""

from __future__ import annotations

import json
import os
import signal
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import redis
import trustme

from core.errors import WarroomError
from core.message import say
from drills.stress.run import run_stress
from drills.stress.senders import open_sender
from drills.stress.settings import Step, StressSettings
from drills.target import Target
from sandbox.access import Access
from sandbox.load import Load
from signals.settings import HttpSettings, SignalsSettings
from tests.e2e.stack import Stack, running
from tests.program import run_program
from tests.terminal import PROGRAM


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with running() as started:
        yield started


STAGING = Target(config=Path("warroom.toml"), environment="staging")


def test_a_run_on_the_sandbox_names_the_first_step_that_breaks_and_what_held_it_up(
    stack: Stack, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    run = run_program(
        *("stress", "run", "--steps", "1:5,40:6", "--json", "--out", str(out)),
        *("--config", stack.told["config"]),
        env=os.environ,
        cwd=".",
    )
    assert run.returncode == 1, run.stdout + run.stderr
    calm, flooded = json.loads(run.stdout)["steps"]
    assert (calm["sent"], flooded["sent"]) == (5, 240)
    assert flooded["is_steady"] is False
    assert flooded["drift_per_s"] > 10
    assert flooded["bottleneck"] == "workers", flooded["evidence"]
    assert "queue" in [each["objective"] for each in flooded["violations"]]
    page = (out / "stress.md").read_text()
    assert "| 40/s × 6 s |" in page
    assert (out / "stress-waiting.svg").read_text().startswith("<svg")
    again = run_program("stress", "report", str(out / "stress.json"), env=os.environ, cwd=".")
    assert (again.returncode, again.stdout.rstrip()) == (1, page.rstrip())


def test_the_generator_sends_200_a_second_at_an_even_pace(stack: Stack) -> None:
    load = Load(Path(stack.folder), stack.told["valkey"])
    try:
        began = time.monotonic()
        load.run(200, 2, threading.Event())
        took_s = time.monotonic() - began
    finally:
        load.close()
    assert load.sent == 400
    assert took_s < 3, "200 a second and no less"
    password = Access(Path(stack.folder)).valkey_password_file.read_text()
    with redis.Redis(port=stack.told["valkey"], password=password) as broker:
        assert broker.llen("ai") > 200, "as tasks in the queue of the workers"
        broker.delete("ai")


def test_too_many_that_wait_and_ctrl_c_end_it_and_what_was_measured_is_told(stack: Stack) -> None:
    config = Path(stack.told["config"])
    rails = config.with_name("rails.toml")
    rails.write_text(
        config.read_text().replace("[drills.probes]", "[drills.stress]\nstop_waiting = 20\n\n[drills.probes]")
    )
    run = run_program(
        *("stress", "run", "--steps", "100:30,1:1", "--json", "--config", str(rails)), env=os.environ, cwd="."
    )
    result = json.loads(run.stdout)
    assert result["ended"] == "stress.ended_waiting"
    assert (len(result["steps"]), result["planned"], result["steps"][0]["took_s"] < 15) == (1, 2, True)
    password = Access(Path(stack.folder)).valkey_password_file.read_text()
    with redis.Redis(port=stack.told["valkey"], password=password) as broker:
        broker.delete("ai")
    program = subprocess.Popen(
        [PROGRAM, "stress", "run", "--steps", "1:60", "--json", "--config", str(config)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert program.stderr is not None
    program.stderr.readline()  # the step has begun
    program.send_signal(signal.SIGINT)
    output, _ = program.communicate(timeout=120)
    assert json.loads(output)["ended"] == "stress.ended_by_hand"


def test_an_open_incident_ends_it_before_it_begins(stack: Stack) -> None:
    config = ("--config", stack.told["config"])
    opened = run_program(
        "incident", "open", "--title", "a real one", "--severity", "SEV2", *config, env=os.environ, cwd="."
    )
    assert opened.returncode == 0, opened.stderr
    run = run_program("stress", "run", "--steps", "1:5", "--json", *config, env=os.environ, cwd=".")
    result = json.loads(run.stdout)
    assert (run.returncode, result["ended"], result["steps"]) == (2, "stress.ended_incident", [])


def settings(**more: object) -> StressSettings:
    return StressSettings.model_validate({"steps": [{"per_s": 5, "for_s": 1}], "drain_s": 0, **more})


def test_a_command_sends_at_its_word_and_its_failure_ends_the_test(tmp_path: Path) -> None:
    note = tmp_path / "note"
    script = "import sys; open(sys.argv[1], 'w').write(' '.join(sys.argv[2:]))"
    sending = settings(send=(sys.executable, "-c", script, str(note), "{rate}", "{seconds}"))
    result = run_stress(STAGING, sending, SignalsSettings())
    assert (note.read_text(), result.steps[0].sent) == ("5 1", 5)
    assert result.steps[0].is_steady is None, "nobody looked into a queue"
    assert result.left_waiting is None
    failing = settings(send=(sys.executable, "-c", "raise SystemExit(3)"))
    result = run_stress(STAGING, failing, SignalsSettings())
    assert (result.ended, result.values, result.steps[0].sent) == ("stress.command_failed", {"code": 3}, 0)


def test_a_command_that_never_ends_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("drills.stress.senders.LATE_S", 0.5)
    hanging = settings(send=(sys.executable, "-c", "import time; time.sleep(300)"))
    result = run_stress(STAGING, hanging, SignalsSettings())
    assert (result.ended, result.steps[0].sent) == ("stress.command_late", 0)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_task_is_posted_each_and_only_what_was_taken_was_sent(scheme: str, tmp_path: Path) -> None:
    """With an authority of their own, too, as every other address in the settings."""
    bodies: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(202 if len(bodies) % 2 else 503)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    authority, ca_file = trustme.CA(), tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(ca_file))
    if scheme == "https":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1").configure_cert(context)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    address = HttpSettings(url=f"{scheme}://127.0.0.1:{server.server_port}/x", ca_file=ca_file)
    sending = settings(enqueue=address, body={"match": "M"})
    result = run_stress(STAGING, sending, SignalsSettings())
    server.shutdown()
    server.server_close()
    assert [json.loads(each) for each in bodies] == [{"match": "M"}] * len(bodies)
    assert 4 <= len(bodies) <= 6
    assert result.steps[0].sent == (len(bodies) + 1) // 2


def test_without_a_sender_nothing_begins_and_other_systems_are_named_first(tmp_path: Path) -> None:
    with pytest.raises(WarroomError):
        open_sender(STAGING, StressSettings(), SignalsSettings())
    for environment, key in (("staging", "--yes"), ("prod", "allow_chaos")):
        (tmp_path / "warroom.toml").write_text(f'[service]\nenvironment = "{environment}"\n')
        run = run_program("stress", "run", "--config", "warroom.toml", env=os.environ, cwd=tmp_path)
        assert (run.returncode, key in run.stderr) == (2, True), run.stderr


def test_somebody_outside_can_end_it() -> None:
    sending = settings(send=("sleep", "30"), steps=(Step(per_s=1, for_s=30).model_dump(),) * 2)
    began = time.monotonic()
    asked: list[int] = []

    def outside() -> object:
        asked.append(1)
        return say("stress.ended_incident", label="INC-1") if len(asked) > 1 else None

    result = run_stress(STAGING, sending, SignalsSettings(), outside=outside)  # type: ignore[arg-type]
    assert (result.ended, len(result.steps)) == ("stress.ended_incident", 1)
    assert time.monotonic() - began < 40, "the command is ended, too"
