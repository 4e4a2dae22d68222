"""What the screen asks before it writes, `warroom incident` asks or refuses, too."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.exporter import depth_board, depth_exporter
from tests.terminal import PROGRAM, Terminal
from tests.tui.cli.desk import Desk
from tests.tui.incident.stage import RUNBOOK

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@pytest.fixture
def gated(desk: Desk) -> Desk:
    """An incident that follows a runbook with killer items, a gate and a pause point."""
    book = desk.folder / "books" / "en" / "ban-near.md"
    book.parent.mkdir(parents=True)
    book.write_text(RUNBOOK.replace("expect: < 10", "expect: < 10\n  for: 10m"), encoding="utf-8")
    (desk.folder / "warroom.toml").write_text('[runbooks]\nfolders = ["books"]\n')
    desk.fact("open", "--title", "x", "--severity", "SEV2", "--runbook", "ban-near")
    return desk


def test_the_rules_of_the_checklist_hold_for_scripts(gated: Desk) -> None:
    for arguments, reason in (
        (("tick", "1", "raise"), "pause point: the IC has not confirmed 'Stop the storm' yet"),
        (("start", "1", "raise"), "has not confirmed 'Stop the storm'"),
        (("skip", "1", "return", "--reason", "r"), "has not confirmed 'Stop the storm'"),
        (("tick", "1", "budget"), "part of the postmortem"),
        (("confirm", "1", "stop"), "killer items of this phase are NOT done: not done: 1.1 Declare"),
        (("tick", "1", "throttle"), "this gate is NOT green yet: check not run"),
        (("tick", "1", "throttle", "--observed", "looks fine"), "--yes goes on anyway"),
    ):
        done = gated("incident", *arguments)
        assert (done.returncode, done.stdout) == (2, ""), done.stderr
        assert reason in done.stderr
        assert done.stderr.count("\n") == 1
    assert json.loads(gated.fact("show", "1", "--json"))["sequence"] == 2


def test_yes_answers_the_question_and_the_journal_says_so(gated: Desk) -> None:
    assert gated.fact("tick", "1", "throttle", "--yes").endswith(
        "(the gate was not green: confirmed with --yes)"
    )
    told = gated.fact("confirm", "1", "stop", "--yes")
    assert told.endswith("(not done: 1.1 Declare, take command: confirmed with --yes)")
    gated.fact("tick", "1", "declare", "--yes")
    events = json.loads(gated.fact("timeline", "1", "--json"))
    answers = [(event["kind"], event["body"].get("answers")) for event in events[2:]]
    assert answers == [
        ("step_ticked", [{"question": "gate_not_green", "about": [], "how": "--yes"}]),
        ("pause_confirmed", [{"question": "killers_open", "about": ["declare"], "how": "--yes"}]),
        ("step_ticked", []),
    ]
    assert "用 --yes 继续" in gated.fact("timeline", "1", "--lang", "zh")
    assert gated("journal", "verify").returncode == 0


def test_on_a_terminal_the_question_is_asked(gated: Desk) -> None:
    command = [PROGRAM, "incident", "confirm", "1", "stop", "--config", str(gated.folder / "warroom.toml")]
    environment = {
        name: gated.environment[name] for name in ("HOME", "XDG_DATA_HOME", "WARROOM_LOG", "WARROOM_ACTOR")
    }
    for answer, code in (("n", 2), ("", 2), ("y", 0)):
        terminal = Terminal(command, 120, 24, **environment)
        terminal.wait_for("Go on anyway? [y/N]")
        assert "not done: 1.2 Throttle the retrying task" in terminal.screen
        terminal.press(f"{answer}\r")
        assert terminal.wait_end() == code, terminal.screen
    refused = Terminal([*command, "--no-input"], 120, 24, **environment)
    assert refused.wait_end() == 2
    event = json.loads(gated.fact("timeline", "1", "--json"))[-1]
    assert event["body"]["answers"][0]["how"] == "asked"


@pytest.mark.parametrize("verb", [("resolve", "1"), ("mark", "1", "resolved")])
def test_resolving_while_something_burns_or_fires_again_asks(desk: Desk, verb: tuple[str, ...]) -> None:
    rules = "groups: [{name: g, rules: [{alert: Backlog, expr: depth > 100, labels: {severity: ticket}}]}]"
    (desk.folder / "rules.yml").write_text(rules)
    with depth_exporter(500) as (address, depth):
        board = depth_board(address).replace('show = ["depth"]', 'show = ["depth", "alerts"]')
        (desk.folder / "warroom.toml").write_text(f'{board}\n[signals.scrape]\nrule_files = ["rules.yml"]\n')
        desk.fact("open", "--title", "Backlog", "--severity", "SEV2", "--alert", "Backlog")
        desk.fact("alert", "1", "resolved", "Backlog", "--fingerprint", fingerprint(desk))
        asked = desk("incident", *verb)
        assert (asked.returncode, asked.stdout) == (2, "")
        assert "Depth" in asked.stderr
        assert "500" in asked.stderr
        assert "the alert Backlog still fires" in asked.stderr
        depth.set(3)
        desk.fact(*verb)


def test_resolving_while_no_panel_has_an_answer_asks(desk: Desk) -> None:
    (desk.folder / "warroom.toml").write_text(depth_board("http://127.0.0.1:9"))
    desk.fact("open", "--title", "Backlog", "--severity", "SEV2")
    asked = desk("incident", "resolve", "1")
    assert (asked.returncode, asked.stdout) == (2, "")
    assert "no panel has an answer: whether something burns is not known" in asked.stderr
    desk.fact("resolve", "1", "--yes")


def fingerprint(desk: Desk) -> str:
    (alert,) = json.loads(desk.fact("show", "1", "--json"))["alerts"]
    return str(alert)


def test_what_is_written_after_the_end_is_told(desk: Desk) -> None:
    desk.fact("open", "--title", "Ban near", "--severity", "SEV2", "--runbook", "cloudflare-ban")
    desk.fact("tick", "1", "throttle")
    again = desk("incident", "tick", "1", "1.2", "--lang", "zh")
    assert again.stderr == "warroom：1.2 给两个会写 Discord 的任务限速：op1 早已标记为“已完成”\n"
    early = desk("incident", "resolve", "1")
    assert (early.returncode, early.stdout) == (2, "")
    assert "the incident does not look resolved: not done: 1.1" in early.stderr
    desk.fact("resolve", "1", "--at", "2026-11-24T04:00:00Z", "--yes")
    for arguments, code, said in (
        (("resolve", "1"), 2, "INC-1 was already resolved at 2026-11-24 04:00:00Z"),
        (("resolve", "1", "--at", "2026-11-24T05:00:00Z"), 0, ""),
        (("tick", "1", "1.1"), 0, "INC-1 was resolved at 2026-11-24 05:00:00Z"),
        (("tick", "1", "9.9"), 3, "no step 9.9; 'warroom runbook show cloudflare-ban'"),
        (("tick", "1", "throtle"), 3, "no step throtle; did you mean throttle?"),
        (("skip", "1", "2.2"), 3, "--reason"),
        (("role", "1", "offer", "ops"), 3, "--to must not be empty"),
    ):
        done = desk("incident", *arguments)
        assert done.returncode == code, done.stderr
        assert said in done.stderr
        assert done.stderr.count("\n") <= 1
