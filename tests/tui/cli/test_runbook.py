"""`warroom runbook` and the steps of an incident, from the shell."""

from __future__ import annotations

import json
import os
import pty
import select
import subprocess
from pathlib import Path

import pytest

from tests.bad_servers import body, serve
from tests.terminal import PROGRAM
from tests.tui.cli.desk import Desk
from tui.cli.main import main

BOOK = """\
---
id: queue-stuck
title: Queue stuck
severity: SEV2
alerts: [QueueLong]
---

What it is about.

## Stop <!-- id: stop -->

- [ ] **!** Hold the queue <!-- id: hold -->

  ```sh
  celery control cancel_consumer ai
  ```

  **Expect:** every worker answers.

  **Undo:** `celery control add_consumer ai`

- [ ] See that it falls <!-- id: falls -->

  ```check
  promql: queue_length
  expect: < 100
  within: 2m
  ```

> The IC confirms. <!-- pause -->

## Later <!-- id: later prevention -->

- [ ] Write it down <!-- id: write -->
"""


class HereDesk(Desk):
    """The same in this process, which starts faster."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch, captured: pytest.CaptureFixture[str]) -> None:
        super().__init__(folder)
        self._patch, self._captured = patch, captured
        patch.chdir(folder)

    def __call__(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        for name, value in self.environment.items():
            self._patch.setenv(name, value)
        try:
            code = main(arguments)
        except SystemExit as ended:
            code = int(ended.code or 0)
        out, err = self._captured.readouterr()
        return subprocess.CompletedProcess(arguments, code, out, err)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Desk:
    (tmp_path / "books").mkdir()
    (tmp_path / "books" / "queue-stuck.md").write_text(BOOK)
    (tmp_path / "warroom.toml").write_text('service.profile = "chimera"\n[runbooks]\nfolders = ["books"]\n')
    return HereDesk(tmp_path, monkeypatch, capsys)


def test_the_list_names_every_runbook_and_those_that_answer_an_alert(desk: Desk) -> None:
    done = desk("runbook", "list")
    assert (done.returncode, done.stderr) == (0, "")
    assert "queue-stuck" in done.stdout
    found = json.loads(desk("runbook", "list", "--alert", "QueueLong", "--json").stdout)
    assert [(one["id"], one["severity"], one["steps"]) for one in found] == [("queue-stuck", "SEV2", 3)]


def test_a_printed_checklist_has_boxes_numbers_and_commands_as_they_are_typed(desk: Desk) -> None:
    done = desk("runbook", "show", "queue-stuck", "--plain")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "Queue stuck",
        "queue-stuck · SEV2 · QueueLong",
        "=" * 80,
        "What it is about.",
        "",
        "1  Stop",
        "-" * 80,
        "",
        "[ ] 1.1 ! Hold the queue",
        "        celery control cancel_consumer ai",
        "    Expect: every worker answers.",
        "    Undo: `celery control add_consumer ai`",
        "",
        "[ ] 1.2 See that it falls",
        "    Check: queue_length",
        "        expected < 100, within 2 min",
        "",
        "[ ] == PAUSE: The IC confirms. ==",
        "",
        "2  Later",
        "-" * 80,
        "Not now: this goes into the postmortem.",
        "",
        "[ ] 2.1 Write it down",
    ]


def test_a_checklist_opens_when_the_configuration_is_broken_and_when_there_is_none(
    desk: Desk, tmp_path: Path
) -> None:
    config = desk.folder / "warroom.toml"
    config.write_text("[runbooks]\nfolders = 7\n")
    broken = desk("runbook", "show", "books/queue-stuck.md", "--plain")
    assert broken.returncode == 0
    assert "[ ] 1.1 ! Hold the queue" in broken.stdout
    assert "folders" in broken.stderr
    config.unlink()
    assert desk("runbook", "show", "books/queue-stuck.md", "--plain").stderr == ""


def test_a_narrow_terminal_gets_narrow_lines(desk: Desk) -> None:
    desk.environment["COLUMNS"] = "40"
    lines = desk("runbook", "show", "queue-stuck").stdout.splitlines()
    assert "=" * 40 in lines
    assert max(len(line) for line in lines if "celery" not in line) <= 40


def test_json_holds_everything(desk: Desk) -> None:
    found = json.loads(desk("runbook", "show", "queue-stuck", "--json").stdout)
    assert (found["id"], found["plain"], found["phases"][0]["pause"]) == (
        "queue-stuck",
        False,
        "The IC confirms.",
    )
    hold, falls = found["phases"][0]["steps"]
    assert (hold["id"], hold["killer"], [one["kind"] for one in hold["blocks"]]) == (
        "hold",
        True,
        ["command", "text", "text"],
    )
    assert (falls["blocks"][0]["expect"], falls["blocks"][0]["value"], falls["blocks"][0]["within_s"]) == (
        "< 100",
        100,
        120,
    )


def test_a_terminal_gets_colours_and_the_same_words(desk: Desk) -> None:
    master, slave = pty.openpty()
    environment = {**desk.environment, "TERM": "xterm-256color", "COLUMNS": "80"}
    environment.pop("NO_COLOR", None)
    process = subprocess.Popen(
        [PROGRAM, "runbook", "show", "queue-stuck"],
        stdout=slave,
        stderr=slave,
        env=environment,
        cwd=desk.folder,
    )
    os.close(slave)
    seen = b""
    while select.select([master], [], [], 30)[0]:
        try:
            part = os.read(master, 65536)
        except OSError:
            break
        if not part:
            break
        seen += part
    assert process.wait(120) == 0
    text = seen.decode()
    assert "\x1b[" in text
    for word in ("Hold the queue", "celery control cancel_consumer ai", "PAUSE:", "expected < 100"):
        assert word in text


def test_an_unknown_runbook_is_told_with_the_nearest_name(desk: Desk) -> None:
    done = desk("runbook", "show", "queue-stuk")
    assert (done.returncode, done.stdout) == (3, "")
    assert "did you mean queue-stuck" in done.stderr
    gone = desk("runbook", "show", "books/none.md")
    assert (gone.returncode, "none.md" in gone.stderr) == (3, True)


def test_a_lint_tells_file_line_and_what_to_do_and_fails_from_the_asked_confidence_on(desk: Desk) -> None:
    (desk.folder / "books" / "bad.md").write_text(
        "---\nid: bad\ntitel: Bad\ntitle: Bad\n---\n## Do <!-- id: do -->\n- [ ] a <!-- id: a -->\n"
        "\n  ```sh\n  systemctl restart x\n  ```\n\n  ```check\n  promql: sum(\n  expect: < 5\n  ```\n"
    )
    done = desk("runbook", "lint", "bad")
    assert done.returncode == 1
    assert "books/bad.md:3: certain unknown-key-near:" in done.stdout
    assert "books/bad.md:14: certain promql-syntax:" in done.stdout
    assert "2 certain, 0 likely, 1 hints in 1 files" in done.stderr
    found = json.loads(desk("runbook", "lint", "books/bad.md", "--json", "--lang", "zh").stdout)
    assert {(one["line"], one["rule"], one["confidence"]) for one in found} == {
        (3, "unknown-key-near", "certain"),
        (10, "no-undo", "hint"),
        (14, "promql-syntax", "certain"),
    }
    assert set(found[0]) == {"file", "line", "rule", "message", "confidence", "evidence", "fix"}
    assert "是否想用" in found[0]["message"]
    assert desk("runbook", "lint", "queue-stuck", "--fail-on", "hint").returncode == 0
    (desk.folder / "books" / "bad.md").write_text("---\nid: bad\ntitle: B\n---\n## Do <!-- id: do -->\n")
    assert [
        desk("runbook", "lint", "bad", "--fail-on", level).returncode for level in ("certain", "likely")
    ] == [0, 1]


def test_a_lint_knows_the_alert_rules_of_the_configuration(desk: Desk) -> None:
    (desk.folder / "rules.yml").write_text(
        "groups: [{name: g, rules: [{alert: QueueTooLong, expr: queue_length > 50}]}]\n"
    )
    (desk.folder / "warroom.toml").write_text(
        '[runbooks]\nfolders = ["books"]\n[signals.scrape]\nrule_files = ["rules.yml"]\n'
    )
    found = json.loads(desk("runbook", "lint", "queue-stuck", "--json").stdout)
    assert [(one["line"], one["rule"], one["fix"]) for one in found] == [
        (5, "unknown-alert", "did you mean QueueTooLong?")
    ]


def test_a_live_lint_asks_the_sources(desk: Desk) -> None:
    with serve(body(b"queue_len 7\n")) as url:
        (desk.folder / "warroom.toml").write_text(
            f'[runbooks]\nfolders = ["books"]\n[signals.scrape]\ntargets = [{{ url = "{url}", timeout_s = 30 }}]\n'
        )
        found = json.loads(desk("runbook", "lint", "queue-stuck", "--live", "--json").stdout)
    assert [(one["line"], one["rule"]) for one in found] == [(25, "metric-missing")]
    (desk.folder / "warroom.toml").unlink()
    assert desk("runbook", "lint", "--live").returncode == 3


def test_a_first_runbook_is_written_once_and_lacks_its_query_alone(desk: Desk) -> None:
    for language in ("en", "zh"):
        done = desk("runbook", "new", f"disk-full-{language}", "--lang", language, "--title", "'Disk: full'")
        assert (done.returncode, done.stderr) == (0, "")
        lint = desk("runbook", "lint", f"disk-full-{language}", "--fail-on", "hint", "--json")
        assert [each["rule"] for each in json.loads(lint.stdout)] == ["constant-check"]
    path = desk.folder / "books" / "disk-full-en.md"
    assert "title: Disk: full'" in path.read_text()
    path.write_text("mine")
    again = desk("runbook", "new", "disk-full-en")
    assert (again.returncode, path.read_text()) == (3, "mine")
    assert "exists already" in again.stderr
    assert desk("runbook", "new", "Disk Full").returncode == 3


def steps(desk: Desk) -> dict[str, tuple[str, str]]:
    found = json.loads(desk.fact("show", "1", "--json"))["steps"]
    return {one["step"]: (one["state"], one["observed"]) for one in found}


def test_a_steps_number_is_journalled_as_its_id_and_an_unknown_step_is_refused(desk: Desk) -> None:
    desk.fact("open", "--title", "x", "--severity", "SEV2", "--runbook", "queue-stuck")
    desk.fact("role", "1", "take", "ic")
    desk.fact("tick", "1", "1.1")
    desk.fact("skip", "1", "falls", "--reason", "no time")
    desk.fact("confirm", "1", "1")
    assert steps(desk) == {"hold": ("ticked", ""), "falls": ("skipped", "")}
    desk.fact("reopen", "1", "1.2")
    assert steps(desk)["falls"][0] == "open"
    for arguments, near in (
        (("tick", "1", "fals"), "falls"),
        (("tick", "1", "1.9"), "runbook show queue-stuck"),
        (("confirm", "1", "stopp"), "stop"),
    ):
        refused = desk("incident", *arguments)
        assert (refused.returncode, refused.stdout) == (3, "")
        assert near in refused.stderr
    desk.fact("tick", "1", "anything", "--runbook", "somewhere-else")
    assert steps(desk)["anything"] == ("ticked", "")


def test_a_tick_measures_its_check_and_journals_what_it_saw(desk: Desk) -> None:
    desk.fact("open", "--title", "x", "--severity", "SEV2", "--runbook", "queue-stuck")
    with serve(body(b"queue_length 143\n")) as url:
        (desk.folder / "warroom.toml").write_text(
            f'[runbooks]\nfolders = ["books"]\n[signals.scrape]\ntargets = [{{ url = "{url}", timeout_s = 30 }}]\n'
        )
        done = desk("incident", "tick", "1", "1.2")
        assert done.returncode == 0
        assert "check NOT passed: 143, expected < 100" in done.stderr
        assert steps(desk)["falls"] == ("ticked", "check NOT passed: 143, expected < 100")
        desk.fact("reopen", "1", "falls")
        desk.fact("tick", "1", "falls", "--observed", "12 by hand")
        assert steps(desk)["falls"][1] == "12 by hand"
        desk.fact("reopen", "1", "falls")
        desk.fact("tick", "1", "falls", "--no-check")
        assert steps(desk)["falls"][1] == ""
    desk.fact("reopen", "1", "falls")
    down = desk("incident", "tick", "1", "falls")
    assert (down.returncode, steps(desk)["falls"][0]) == (0, "ticked")
    assert steps(desk)["falls"][1].startswith("check unknown: NO DATA: scrape has no metrics at all")


def test_a_manual_is_held_against_a_repository(desk: Desk) -> None:
    repo = desk.folder / "repo"
    (repo / "scripts").mkdir(parents=True)
    (repo / "scripts" / "sync.py").write_text("print('synced')\n")
    manual = desk.folder / "ops.md"
    manual.write_text("# Ops\n\n- run `python scripts/sync.py`\n- then `python scripts/audit.py`\n")
    done = desk("runbook", "lint", "ops.md", "--repo", "repo", "--json")
    found = json.loads(done.stdout)
    assert done.returncode == 1
    assert [(one["file"], one["line"], one["confidence"]) for one in found] == [("ops.md", 4, "certain")]
    assert "scripts/audit.py" in found[0]["message"]
    refused = desk("runbook", "lint", "ops.md", "--repo", "nowhere")
    assert (refused.returncode, "nowhere" in refused.stderr) == (3, True)


def test_the_rules_of_the_repository_lint_are_listed_and_explained(desk: Desk) -> None:
    listed = desk("runbook", "lint", "--rules")
    assert listed.returncode == 0
    assert (
        "metric-missing: A metric that nothing exports (certain, likely, hint)" in listed.stdout.splitlines()
    )
    assert {"id", "title", "why", "confidence", "live", "bad", "good"} == set(
        json.loads(desk("runbook", "lint", "--rules", "--json").stdout)[0]
    )
    explained = desk("runbook", "lint", "--explain", "unknown-make-target", "--lang", "zh").stdout
    assert "不存在的 make 目标" in explained
    assert "    make deploi" in explained.splitlines()
    refused = desk("runbook", "lint", "--explain", "no-such-rule")
    assert (refused.returncode, "there is no rule no-such-rule" in refused.stderr) == (3, True)
