"""`warroom incident` leads a whole incident from scripts, and says why it does not do what has no effect."""

from __future__ import annotations

import json
import signal
import subprocess
from typing import TYPE_CHECKING

import pytest

from sandbox.servers import free_port
from tests.bad_servers import body, serve
from tests.terminal import PROGRAM
from tests.tui.cli.desk import Desk
from tests.webhook import webhook_server

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_a_whole_incident(desk: Desk) -> None:
    opening = ("open", "--title", "Ban near", "--severity", "SEV2", "--runbook", "our-own-words")
    opened = desk("incident", *opening)
    assert (opened.returncode, opened.stdout) == (0, "INC-1\n")
    assert opened.stderr == "there is no runbook our-own-words; see warroom runbook list\n"
    assert desk.fact("role", "INC-1", "take", "ic", "--as", "ic1").endswith("ic1 took incident command")
    desk.fact("tick", "INC-1", "1.1", "--observed", "12/min")
    desk.fact("skip", "INC-1", "1.2", "--reason", "nobody to ask")
    desk.fact("note", "INC-1", "[red]spike[/red] starts with v2.2.1")
    desk.fact("undo", "INC-1")
    desk.fact("resolve", "INC-1", "--at", "2026-11-24T04:00:00Z")
    found = json.loads(desk.fact("show", "INC-1", "--json"))
    assert (found["status"], found["roles"], found["notes"]) == ("resolved", {"ic": "ic1"}, [])
    assert [(step["runbook"], step["step"], step["state"]) for step in found["steps"]] == [
        ("our-own-words", "1.1", "ticked"),
        ("our-own-words", "1.2", "skipped"),
    ]
    assert found["times"]["resolved"] == "2026-11-24T04:00:00.000000Z"
    assert "INC-1  SEV2  resolved" in desk.fact("list", "--status", "resolved")
    assert desk.fact("list", "--search", "no such thing") == ""
    assert "op1** ~~noted: \\[red\\]spike" in desk.fact("timeline", "INC-1")
    assert "跳过步骤 1.2：nobody to ask" in desk.fact("timeline", "INC-1", "--lang", "zh")
    whole = desk("journal", "verify")
    assert whole.returncode == 0
    assert "8 events of 1 incidents" in whole.stdout


def test_a_phase_is_skipped_by_its_name_without_what_is_done(desk: Desk) -> None:
    desk.fact("open", "--title", "leak", "--severity", "SEV1", "--runbook", "key-leak")
    for phase in ("first", "riot"):
        desk.fact("confirm", "1", phase, "--yes")
    desk.fact("tick", "1", "3.2", "--no-check")
    told = desk.fact("skip", "1", "discord", "--reason", "not affected").splitlines()
    assert len(told) == 6
    assert all("skipped 3." in line and line.endswith(": not affected") for line in told)
    states = {one["step"]: one["state"] for one in json.loads(desk.fact("show", "1", "--json"))["steps"]}
    assert states.pop("discord-webhook") == "ticked"
    assert set(states.values()) == {"skipped"}
    again = desk("incident", "skip", "1", "3", "--reason", "not affected")
    assert (again.returncode, again.stdout) == (2, "")
    assert "has no open step" in again.stderr


def test_what_has_no_effect_is_said_and_not_written(desk: Desk) -> None:
    desk.fact("open", "--title", "x", "--severity", "SEV3")
    desk.fact("role", "1", "take", "ic", "--as", "ic1")
    for arguments, code, reason in (
        (("role", "1", "take", "ic"), 2, "ic1 has incident command"),
        (("role", "1", "accept", "ic"), 2, "nobody has offered"),
        (("confirm", "1", "phase-1"), 2, "ic1) confirms"),
        (("reopen", "1", "--reason", "why not"), 2, "is open"),
        (("undo", "1", "1"), 2, "nothing to undo"),
        (("note", "1", "  "), 3, "text must not be empty"),
        (("title", "1", "  "), 3, "title must not be empty"),
        (("mark", "1", "mitigated", "--at", "yesterday"), 3, "yesterday"),
        (("note", "INC-2", "x"), 3, "no incident INC-2"),
        (("follow-up", "1", "x", "--due", "soon"), 3, "soon"),
    ):
        done = desk("incident", *arguments)
        assert (done.returncode, done.stdout) == (code, "")
        assert reason in done.stderr
        assert done.stderr.count("\n") == 1
    assert json.loads(desk.fact("show", "1", "--json"))["sequence"] == 3


def test_events_of_others_are_printed_as_they_come(desk: Desk) -> None:
    desk.fact("open", "--title", "x", "--severity", "SEV3")
    command = [PROGRAM, "incident", "watch"]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=desk.environment,
        cwd=desk.folder,
    ) as watching:
        try:
            assert watching.stdout is not None
            assert watching.stderr is not None
            assert "watching" in watching.stderr.readline()
            desk.fact("note", "1", "seen by others", "--as", "op2")
            line = watching.stdout.readline()
            assert line.startswith("INC-1 #3 ")
            assert line.endswith("op2 noted: seen by others\n")
            watching.send_signal(signal.SIGINT)
            assert watching.wait(80) == 130
            assert "Traceback" not in watching.stderr.read()
        finally:
            watching.kill()


def test_an_update_is_shown_first_and_sent_when_asked(desk: Desk) -> None:
    desk.fact("open", "--title", "Ban near", "--severity", "SEV1")
    config = desk.folder / "warroom.toml"
    config.write_text(
        '[incidents.updates.webhooks.team]\nkind = "slack"\nsecret_url = "${HOOK}"\ntries = 1\n'
    )
    with serve(body(b"ok")) as url:
        desk.environment["HOOK"] = f"{url}/SECRET"
        dry = desk("incident", "update", "1", "We throttle.", "--send", "--dry-run")
        assert dry.returncode == 0
        assert dry.stdout.startswith("SEV1 INC-1: Ban near\n")
        assert "would go to team (slack at 127.0.0.1:" in dry.stderr
        assert json.loads(desk.fact("show", "1", "--json"))["updates"] == []
        sent = desk("incident", "update", "1", "We throttle.", "--send")
    assert (sent.returncode, sent.stderr) == (0, "sent to team (HTTP 200)\n")
    desk.environment["HOOK"] = f"http://127.0.0.1:{free_port()}/SECRET"
    failed = desk("incident", "update", "1", "Again.", "--send")
    assert failed.returncode == 1
    assert "NOT sent to team" in failed.stderr
    assert "SECRET" not in dry.stderr + sent.stderr + failed.stderr
    updates = json.loads(desk.fact("show", "1", "--json"))["updates"]
    assert [[each["ok"] for each in update["deliveries"]] for update in updates] == [[True], [False]]


def test_an_update_of_a_drill_is_written_down_and_goes_nowhere(desk: Desk) -> None:
    desk.fact("open", "--title", "Ban near", "--severity", "SEV1", "--drill")
    (desk.folder / "warroom.toml").write_text(
        '[incidents.updates.webhooks.team]\nkind = "slack"\nsecret_url = "${HOOK}"\ntries = 1\n'
    )
    with webhook_server() as (url, got):
        desk.environment["HOOK"] = url
        for options in (["--send"], ["--send", "--to", "team"], ["--send", "--json"]):
            sent = desk("incident", "update", "1", "We throttle.", *options)
            assert sent.returncode == 0
            assert "go nowhere" in sent.stderr
        assert json.loads(sent.stdout)["outcomes"] == json.loads(sent.stdout)["plan"] == []
        assert got == []
    updates = json.loads(desk.fact("show", "1", "--json"))["updates"]
    assert [(update["text"].split()[0], update["deliveries"]) for update in updates] == [("DRILL", [])] * 3


def test_a_drill_is_in_no_statistics_of_incidents(desk: Desk) -> None:
    for minutes, more in ((60, ()), (20, ("--drill",))):
        opened = ("open", "--title", "Ban", "--severity", "SEV2", "--detected", "2026-11-24T03:00:00Z")
        label = json.loads(desk.fact(*opened, *more, "--json"))["incident"]
        desk.fact("tick", label, "1.1")
        ended = f"2026-11-24T{3 + minutes // 60:02}:{minutes % 60:02}:00Z"
        desk.fact("mark", label, "resolved", "--at", ended)
    for options, minutes in (((), 60), (("--drill",), 20)):
        stats = json.loads(desk.fact("stats", *options, "--json"))
        assert (stats["incidents"], stats["spans"]["mttr"]["mean_s"]) == (1, 60 * minutes)
        assert [step["ticked"] for step in stats["steps"]] == [1]


def test_a_webhooks_address_does_not_stand_in_the_file(desk: Desk) -> None:
    (desk.folder / "warroom.toml").write_text(
        '[incidents.updates.webhooks.team]\nkind = "slack"\nsecret_url = "https://hooks.slack.com/T0/B0/x"\n'
    )
    done = desk("incident", "list")
    assert done.returncode == 3
    assert "secrets are not allowed in this file" in done.stderr


def test_the_postmortem_is_a_file_and_the_past_is_counted(desk: Desk) -> None:
    desk.fact("open", "--title", "Ban near", "--severity", "SEV2", "--detected", "2026-11-24T03:00:00Z")
    desk.fact("mark", "1", "resolved", "--at", "2026-11-24T04:00:00Z")
    done = desk("incident", "postmortem", "1", "--out", "pm.md", "--lang", "zh")
    assert (done.returncode, done.stdout) == (0, "")
    assert "## 促成因素" in (desk.folder / "pm.md").read_text(encoding="utf-8")
    assert desk.fact("postmortem", "1").startswith("# INC-1: Ban near\n")
    assert "time to resolve: mean 1:00:00" in desk.fact("stats")
    assert json.loads(desk.fact("stats", "--json"))["spans"]["mttr"]["mean_s"] == 3600
    missing = desk("incident", "postmortem", "1", "--out", "no/such/folder.md")
    assert missing.returncode == 3
    assert "Traceback" not in missing.stderr


def test_the_postmortem_names_steps_and_prevention_as_the_runbook_does_in_the_asked_language(
    desk: Desk,
) -> None:
    desk.fact("open", "--title", "Ban near", "--severity", "SEV2", "--runbook", "cloudflare-ban")
    desk.fact("tick", "1", "throttle")
    desk.fact("skip", "1", "stop-bot", "--reason", "far from the ban")
    english = desk.fact("postmortem", "1")
    assert "- 1.2 Throttle both tasks that write to Discord: " in english
    assert "- [ ] Give production an address of its own" in english
    assert "- [ ] See how near" not in english
    chinese = desk("incident", "postmortem", "1", "--lang", "zh").stdout
    assert "- 1.2 给两个会写 Discord 的任务限速：" in chinese
    assert "- [ ] 生产环境使用独立的出口地址" in chinese
    gone = desk.folder / "own.md"
    gone.write_text("# Own\n\n## First\n\n- do it\n")
    desk.fact("open", "--title", "Own", "--severity", "SEV3", "--runbook", str(gone))
    assert desk.fact("tick", "2", "1.1").endswith("op1 ticked 1.1 do it")
    gone.unlink()
    left = desk("incident", "postmortem", "2")
    assert left.returncode == 0
    assert "own" in left.stderr
    assert "Traceback" not in left.stderr


def test_steps_and_runbooks_have_names_wherever_they_are_read(desk: Desk) -> None:
    """By number or by id, in the asked language, in the order of the runbook."""
    desk.fact("open", "--title", "Ban near", "--severity", "SEV2", "--runbook", "cloudflare-ban")
    assert desk.fact("skip", "1", "stop-bot", "--reason", "far").endswith(
        "op1 skipped 1.5 Stop the bot if the ban is there, or less than five minutes away: far"
    )
    assert desk.fact("tick", "1", "1.2").endswith("op1 ticked 1.2 Throttle both tasks that write to Discord")
    desk.fact("confirm", "1", "1", "--yes")
    desk.fact("undo", "1")
    english, chinese = (desk.fact("timeline", "1", "--lang", code).splitlines() for code in ("en", "zh"))
    assert english[4].endswith("Ban near (runbook: Cloudflare ban: a storm of invalid requests)")
    assert english[-1].endswith("undid “confirmed the pause point after phase 1 Stop the storm”")
    assert chinese[4].endswith("Ban near（手册：Cloudflare 封禁：无效请求风暴）")
    assert "完成步骤 1.2 给两个会写 Discord 的任务限速" in chinese[7]
    texts = [event["text"] for event in json.loads(desk.fact("timeline", "1", "--json", "--lang", "zh"))]
    assert texts[3] == "完成步骤 1.2 给两个会写 Discord 的任务限速"
    shown = desk.fact("show", "1")
    assert shown.index("✔ 1.2 Throttle") < shown.index("– 1.5 Stop the bot")


def test_a_panel_is_pinned_with_its_data(desk: Desk) -> None:
    """The service's own page is scraped; the pinned line stands in the postmortem."""
    page = b"# TYPE discord_invalid_requests_total counter\ndiscord_invalid_requests_total 5\n"
    desk.fact("open", "--title", "Ban near", "--severity", "SEV2")
    with serve(body(page)) as url:
        (desk.folder / "warroom.toml").write_text(
            f'[signals]\nmetrics = ["scrape"]\n[signals.scrape]\ntargets = [{{ url = "{url}" }}]\n'
            '[panels]\nshow = ["own"]\n[[panels.add]]\nid = "own"\ntitle = "Own"\n'
            'queries = [{ name = "invalid", expr = "discord_invalid_requests_total" }]\n'
        )
        unknown = desk("incident", "pin", "1", "nonsense")
        assert unknown.returncode == 3
        assert "there is no panel nonsense" in unknown.stderr
        name = unknown.stderr.split("there are: ")[1].split(",")[0].strip()
        assert "#3" in desk.fact("pin", "1", name)
        (found,) = json.loads(desk.fact("show", "1", "--json"))["evidence"]
        assert (found["panel"], found["by"]) == (name, "op1")
        assert found["line"]
        assert found["verdict"]
        assert found["line"][:20] in desk.fact("postmortem", "1")


def test_while_the_teams_journal_is_away_everything_goes_on_and_says_so(desk: Desk) -> None:
    (desk.folder / "warroom.toml").write_text(
        f'[journal]\nurl = "postgresql://me@127.0.0.1:{free_port()}/none"\n'
    )
    opened = desk("incident", "open", "--title", "Ban near", "--severity", "SEV2")
    name = opened.stdout.strip()
    assert (opened.returncode, name.startswith("INC-~")) == (0, True)
    assert "2 events wait in the spool" in opened.stderr
    assert opened.stderr.count("\n") == 1, "one remark, no log lines"
    assert "noted: alone" in desk("incident", "note", name, "alone").stdout
    assert name in desk("incident", "list").stdout
    assert "3 waiting in the spool" in desk("journal", "stats").stdout
    verified = desk("journal", "verify")
    assert (verified.returncode, verified.stdout) == (2, "")
    assert desk("incident", "note", "INC-3", "x").returncode == 3


def test_the_title_is_changed(desk: Desk) -> None:
    desk.fact("open", "--title", "x", "--severity", "SEV3", "--lead")
    assert desk.fact("title", "1", "Ban near").endswith("op1 renamed the incident: Ban near")
    shown = json.loads(desk.fact("show", "1", "--json"))
    assert (shown["title"], shown["roles"]) == ("Ban near", {"ic": "op1"})
