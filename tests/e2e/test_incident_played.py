"""A Cloudflare ban played by two responders in two terminals, from the burning panel to the postmortem file."""

from __future__ import annotations

import json
import os
import signal
from typing import TYPE_CHECKING

from tests.exporter import refusals_exporter
from tests.program import run_program
from tests.terminal import PROGRAM, Terminal
from tests.webhook import webhook_server

if TYPE_CHECKING:
    from pathlib import Path

    from tests.webhook import Post

LONG = 40
"""Seconds that a busy machine may take for one screen."""


class Seat:
    """One responder: what is pressed waits for what it must bring about."""

    def __init__(self, folder: Path, actor: str, hook: str, size: tuple[int, int]) -> None:
        self.terminal = Terminal(
            [PROGRAM, "--config", "warroom.toml"],
            *size,
            cwd=folder,
            WARROOM_ACTOR=actor,
            HOOK=hook,
            WARROOM_LOG=str(folder / f"{actor}.log"),
        )

    def press(self, keys: str, then: str) -> None:
        self.terminal.press(keys)
        self.see(then)

    def see(self, text: str) -> None:
        self.terminal.wait_for(text, LONG)

    def kill(self) -> None:
        os.kill(self.terminal.pid, signal.SIGKILL)
        os.waitpid(self.terminal.pid, 0)


def test_two_responders_play_a_ban_from_the_panel_to_the_postmortem(tmp_path: Path) -> None:
    with refusals_exporter() as (address, refused), webhook_server() as (hook, posted):
        (tmp_path / "warroom.toml").write_text(
            f"""
service.profile = "chimera"
[signals.scrape]
targets = [{{ url = "{address}", interval_s = 1 }}]
[panels]
show = ["ban"]
[journal]
url = "sqlite:///{tmp_path}/journal.db"
[incidents.updates.webhooks.status]
kind = "slack"
secret_url = "${{HOOK}}"
""",
            encoding="utf-8",
        )
        lead, helper = Seat(tmp_path, "ic1", hook, (80, 24)), Seat(tmp_path, "op1", hook, (120, 40))
        lead.see("invalid in 10 min 0")  # a counter's rise is known from its second sample
        refused.inc(7000)
        lead.see("over 5000")
        _open(lead, helper)
        _work(lead, helper)
        # The lead's connection breaks without a word: what was shown as done is there again.
        lead.kill()
        lead = Seat(tmp_path, "ic1", hook, (80, 24))
        lead.see("INC-1 SEV1")
        lead.press("i", "– 1.2")
        assert "▲ 1.1" in lead.terminal.screen  # ticked, with a check that had not passed
        _close(lead, helper, posted)
        lead.press("w", "into a folder")
        lead.press("\r", "files are in")
        for seat in (lead, helper):
            seat.terminal.press("q")
            assert seat.terminal.wait_end(LONG) == 0
    _read(tmp_path)


def _open(lead: Seat, helper: Seat) -> None:
    """`r` on the panel, a new incident, the lead is IC; the other one joins."""
    lead.press("r", "Which runbook")
    lead.press("\r", "in a new incident")
    lead.press("\r", "Enter opens it")
    lead.press("\r", "1.1 !")
    helper.see("INC-1 SEV1")
    helper.press("i", "1.1 !")


def _work(lead: Seat, helper: Seat) -> None:
    """Roles, a tick with its check, a skip, evidence, and a pause point that only the IC may pass."""
    lead.see("not yet  7")  # the check is live
    lead.press(" ", "ic1 ticked 1.1")
    helper.see("ic1 ticked 1.1")
    helper.press("x", "take operations")
    helper.press("1\r", "ops op1")
    lead.see("ops op1")
    lead.press("s", "reason")
    lead.press("far from the ban\r", "1.2 is skipped")
    helper.see("skipped 1.2")
    lead.press("e", "Ban forecast is pinned")
    helper.press("\x1b[B" * 8, "›‖")
    helper.press(" ", "the incident commander (ic1) confirms a pause point")
    lead.press("x", "offer incident command")
    lead.press("3\r", "Esc cancel")
    lead.press("op1\r", "offered incident command to op1")
    helper.see("offers you incident command")
    helper.press("x", "accept incident command")
    helper.press("1\r", "IC op1")
    helper.press(" ", "Go on anyway?")
    helper.press("\r", "op1 confirmed the pause point")
    lead.see("op1 confirmed the pause point")


def _close(lead: Seat, helper: Seat, posted: list[Post]) -> None:
    """A status update after its dry run, work for afterwards, mitigated, resolved."""
    helper.press("c", "Status update")
    helper.press("We throttle the fetches.\r", "goes to status (slack")
    assert not posted
    helper.press("\r", "was sent to all 1")
    assert "We throttle the fetches." in json.loads(posted[0].body)["text"]
    helper.press("\t\t\tn", "work for afterwards")
    helper.press("Cap retries", "Cap retries")
    helper.terminal.press("\t")
    helper.terminal.read_for(1)
    helper.press("op1", "owner             op1")
    helper.press("\r", "noted")
    helper.press("m", "Set the status")
    helper.press("1\r", "INC-1 SEV1 mitigated ")
    helper.press("m", "Set the status")
    helper.press("1\r", "the incident does not look resolved. Go on anyway?")
    helper.press("\r", "INC-1 SEV1 resolved ")
    lead.see("INC-1 SEV1 resolved ")


def _read(folder: Path) -> None:
    """What a stakeholder opens: the draft with its evidence, and a journal that nobody altered."""
    page = (folder / "inc-1" / "postmortem.md").read_text(encoding="utf-8")
    for part in (
        "# INC-1: Cloudflare ban",
        "**ic1** ticked 1.1 See how near the ban is",
        "skipped 1.2 Throttle both tasks",
        "far from the ban",
        "Cap retries | op1",
        "### 1. Ban forecast",  # seconds of history make no chart; its data is there all the same
        "Give every retry a budget",
    ):
        assert part in page, page
    command = ("journal", "verify", "--config", str(folder / "warroom.toml"))
    proof = run_program(*command, env=os.environ | {"HOOK": "http://127.0.0.1/"}, cwd=folder)
    assert proof.returncode == 0, proof.stdout + proof.stderr
