"""The audit as an action: what it plans, prints and counts."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from actions.catalogue import secrets_audit
from actions.catalogue.secrets_audit import ACTION, AuditParameters
from actions.errors import BadParameter
from actions.parameters import read_parameters
from actions.planning import make_plan
from actions.secrets import kingfisher
from tests.actions.build import context
from tests.actions.secrets.planted import plant, riot_key
from tests.program import run_program

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path


def test_every_place_is_a_line_without_its_value(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "service"
    folder.mkdir()
    key, other = riot_key(), riot_key()
    (folder / "a.py").write_text(f"A = '{key}'\nB = '{key}'\n")
    (folder / ".env").write_text(f"KEY={other}\n")
    monkeypatch.chdir(folder)
    monkeypatch.setattr(kingfisher, "program", lambda: None)  # its rules take seconds to compile
    printed: list[str] = []
    desk = replace(context(printed), folder=tmp_path / "ours")
    params = read_parameters(AuditParameters, {"path": ".", "second_opinion": "false"})
    assert params.path == folder, "the runner stands elsewhere"
    plan = make_plan(ACTION, params, desk)
    outcome = ACTION.run(params, plan, desk)
    assert (outcome.findings, outcome.text.key) == (2, "secrets.result")
    assert {line.split(" ", 1)[1] for line in printed if "riot-api-key" in line and "seen" not in line} == {
        "open tree a.py:1 riot-api-key",
        "open tree a.py:2 riot-api-key",
        "open env .env:1 riot-api-key",
    }
    assert not [line for line in printed if key in line or other in line]
    assert [item.ok for item in ACTION.verify(params, plan, desk)] == [True]
    assert [(item.place, item.places) for item in outcome.items] == [("a.py:1", 2), (".env:1", 1)]
    monkeypatch.setattr(secrets_audit, "MAX_ROWS", 1)
    assert [item.place for item in ACTION.run(params, plan, desk).items] == ["a.py:1"]
    assert printed[-1].startswith("1 more values are no rows")
    (folder / "link").symlink_to("/etc/passwd")
    assert ACTION.run(params, plan, desk).text.key == "secrets.result_unread"
    assert [item.ok for item in ACTION.verify(params, plan, desk)] == [None]


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadParameter):
        read_parameters(AuditParameters, {"path": str(tmp_path / "none")})


@pytest.mark.skipif(kingfisher.program() is None, reason="kingfisher-bin is not installed")
def test_the_command_gives_every_planted_place_and_writes_no_value(tmp_path: Path) -> None:
    folder, home = tmp_path / "service", tmp_path / "home"
    values = plant(folder)
    home.mkdir()
    environment = {**os.environ, "HOME": str(home), "XDG_DATA_HOME": str(home / "data"), "LANG": "C.UTF-8"}
    command = ("run", "secrets.audit", "--param", f"path={folder}", "--json")
    done = run_program(*command, env=environment, cwd=home, timeout=480)
    assert done.returncode == 1, done.stderr
    document = json.loads(done.stdout)
    assert {finding["where"] for finding in document["findings"]} == {"tree", "history", "log", "env"}
    assert len({finding["fingerprint"] for finding in document["findings"]}) == len(values)
    assert document["scanned"]["unread"] == []
    verdicts = _decide(home, environment, document["findings"])
    written = b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file())
    assert b"riot-api-key" in written, "the run's output is there"
    shown = written + (done.stdout + done.stderr + verdicts).encode()
    assert [name for name, value in values.items() if value.encode() in shown] == []


def _decide(home: Path, environment: dict[str, str], findings: list[dict[str, str]]) -> str:
    """A verdict for two values on the command line; what it printed."""

    def warroom(*arguments: str) -> subprocess.CompletedProcess[str]:
        return run_program("secrets", *arguments, env=environment, cwd=home)

    one, two = sorted({finding["fingerprint"] for finding in findings})[:2]
    assert warroom("accepted", one[:12], "--reason", "dead since May").returncode == 3, "it has no end"
    assert warroom("false", two).returncode == 3, "it has no reason"
    assert warroom("true", "ffff0000ffff").returncode == 3, "nobody has seen it"
    said = [
        warroom("accepted", one[:12], "--reason", "dead since May", "--until", "30d"),
        warroom("false", two, "--reason", "an example"),
    ]
    assert [done.returncode for done in said] == [0, 0], said
    listed = warroom("--json")
    assert listed.returncode == 1
    (audit,) = json.loads(listed.stdout)
    known = {item["fingerprint"]: item["verdict"] for item in audit["items"]}
    assert (known[one], known[two]) == ("accepted", "false")
    assert sorted(set(known.values())) == ["accepted", "false", "open"]
    text: str = warroom().stdout
    assert "dead since May" in text
    return text + listed.stdout + "".join(done.stdout + done.stderr for done in said)
