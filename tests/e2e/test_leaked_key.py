"""A leaked key over the real stack: revoked at the provider, replaced and proved by the actions of the runbook, audited."""

from __future__ import annotations

import json
import os
import re
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from sandbox.keys import read_keys
from tests import plain_http, waiting
from tests.e2e.stack import Stack, processes_in, running
from tests.program import run_program

if TYPE_CHECKING:
    import subprocess

TIMEOUT_S = 40


def test_a_leaked_key_from_the_page_to_the_postmortem(tmp_path: Path) -> None:
    """Each step by its action: the rotation ticks its own, the proofs theirs, and what the audit finds are rows."""
    with running() as stack:
        env = Path(stack.told["env"])
        old = read_keys(env)["riot"]
        _wait_for_more(stack, "success")
        new = plain_http.post(stack.url("outside", "/portal/riot"), headers=stack.control()).json()[
            "RIOT_API_KEY"
        ]
        _wait_for_more(stack, "error")
        given = tmp_path / "new-key"
        given.write_text(new + "\n")
        workers = _workers(stack)
        _incident(stack, "open", "--title", "leak", "--severity", "SEV1", "--runbook", "key-leak")
        _incident(stack, "confirm", "1", "first", "--yes")
        rotated = _run(stack, "rotate", "riot-env", "secret=riot", "--param-file", f"value={given}", "--yes")
        assert rotated.returncode == 0, rotated.stderr + rotated.stdout
        given.unlink()
        assert read_keys(env)["riot"] == new
        _wait_for_more(stack, "success")
        assert {one.pid for one in workers}.isdisjoint({one.pid for one in _workers(stack)})
        dead = _run(stack, "prove", "riot-old-dead", "secret=riot", "--param", "backup=last")
        alive = _run(stack, "prove", "riot-new-alive", "secret=riot")
        assert (dead.returncode, alive.returncode) == (0, 0), dead.stderr + alive.stderr
        taken_back = _warroom(stack, "runs", "undo", "1", "--yes")
        assert taken_back.returncode == 2, "the old key is dead"
        folder = tmp_path / "repository"
        folder.mkdir()
        (folder / "a.py").write_text(f"KEY = 'RGAPI-{uuid.uuid4()}'\n")
        (folder / "b.md").write_text(f"an example: RGAPI-{uuid.uuid4()}\n")
        for phase in ("riot", "discord", "llm", "database", "dependants"):
            _incident(stack, "skip", "1", phase, "--reason", "not affected", "--yes", may_fail=True)
            _incident(stack, "confirm", "1", phase, "--yes")
        audit = _run(stack, "audit", "audit-tree", f"path={folder}", "--param", "second_opinion=false")
        assert audit.returncode == 1, audit.stderr
        known = json.loads(_incident(stack, "show", "1", "--json"))
        ticked = {step["step"] for step in known["steps"] if step["state"] == "ticked"}
        assert {"riot-env", "riot-old-dead", "riot-new-alive"} <= ticked
        item, example = known["found_items"]
        false = ("false", example["fingerprint"], "--reason", "an example", "--incident", "1")
        assert _warroom(stack, "secrets", *false).returncode == 0
        shown = _incident(stack, "show", "1")
        assert f"a.py:1  {item['fingerprint']}" in shown
        _incident(stack, "tick", "1", f"item-{item['fingerprint']}", "--observed", "revoked and removed")
        shown = _incident(stack, "show", "1")
        assert "revoked and removed" in shown
        assert "false: an example" in shown
        said = _incident(stack, "postmortem", "1") + shown + rotated.stdout + rotated.stderr + dead.stdout
        assert "secrets.rotate" in said
        journal = b"".join(path.read_bytes() for path in Path(stack.told["config"]).parent.glob("journal*"))
        assert not [value for value in (old, new) if value in said or value.encode() in journal]


def _workers(stack: Stack) -> list[psutil.Process]:
    """The two that were started, without the processes that they fork."""
    own = [psutil.Process(pid) for pid in processes_in(stack.folder)]
    ran_by = {one.pid: one.cmdline() for one in own}
    return [one for one in own if "worker" in ran_by[one.pid] and "worker" not in ran_by.get(one.ppid(), ())]


def _wait_for_more(stack: Stack, status: str) -> None:
    """Until the service counts another call to Riot with this outcome."""
    sample = re.compile(rf'^chimera_riot_api_requests_total{{.*status="{status}".*}} (\S+)$', re.MULTILINE)

    def count() -> float:
        return sum(map(float, sample.findall(plain_http.get(stack.url("service", "/metrics")).text)))

    before, deadline = count(), waiting.deadline(TIMEOUT_S)
    while count() <= before:
        assert time.monotonic() < deadline, f"no call to Riot ended as {status!r}"
        time.sleep(0.5)


def _incident(stack: Stack, *words: str, may_fail: bool = False) -> str:
    done = _warroom(stack, "incident", *words)
    assert may_fail or done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def _run(stack: Stack, action: str, step: str, param: str, *words: str) -> subprocess.CompletedProcess[str]:
    place = ("--incident", "1", "--runbook", "key-leak", "--step", step)
    return _warroom(stack, "run", f"secrets.{action}", "--param", param, *place, *words)


def _warroom(stack: Stack, *words: str) -> subprocess.CompletedProcess[str]:
    command = (*words, "--config", stack.told["config"])
    return run_program(*command, env=os.environ, cwd=Path.cwd(), timeout=480)
