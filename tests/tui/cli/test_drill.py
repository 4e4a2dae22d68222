"""`warroom drill list|lint|new|report|compare`, on scenarios and records of a team's own folder."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from tests.bad_servers import body, serve
from tests.drills.test_compare import keep
from tests.tui.config.test_config import warroom as run_warroom
from tui.runtime.exit import ExitCode

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path


def warroom(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return run_warroom(*arguments, folder=folder, WARROOM_CONFIG=str(folder / "warroom.toml"))


@pytest.fixture
def team(tmp_path: Path) -> Path:
    """A configuration with a folder of scenarios and one of records."""
    (tmp_path / "games").mkdir()
    (tmp_path / "warroom.toml").write_text('[drills]\nscenarios = ["games"]\nrecords = "records"\n')
    return tmp_path


@pytest.mark.parametrize("language", ["en", "zh"])
def test_what_new_writes_lacks_its_queries_alone_and_can_be_played(team: Path, language: str) -> None:
    written = warroom("--lang", language, "drill", "new", "mine", folder=team)
    assert written.returncode == ExitCode.OK, written.stderr
    assert (team / "games" / "mine.yaml").is_file()
    linted = warroom("drill", "lint", "mine", "--json", folder=team)
    rules = [each["rule"] for each in json.loads(linted.stdout)]
    assert (linted.returncode, rules) == (ExitCode.OK, ["constant-check"] * 3)
    listed = json.loads(warroom("drill", "list", "--json", folder=team).stdout)
    assert "mine" in [each["id"] for each in listed]


def test_the_drill_master_reads_what_it_is_about_and_how_people_join(team: Path) -> None:
    config = team / "warroom.toml"
    config.write_text(config.read_text() + '[service]\nname = "shop"\nenvironment = "staging"\n')
    assert warroom("drill", "new", "mine", folder=team).returncode == ExitCode.OK
    done = warroom("--config", str(config), "drill", "run", "mine", folder=team)
    assert done.returncode == ExitCode.UNKNOWN, "staging is no sandbox"
    assert "What the drill master reads before the drill." in done.stderr
    assert f"responders: warroom --config {config}\n" in done.stderr
    assert "at the latest" in done.stderr


def test_new_breaks_what_the_team_can_break_on_its_own_system(team: Path) -> None:
    with (team / "warroom.toml").open("a") as file:
        file.write(
            '[service]\nname = "shop"\nenvironment = "staging"\n[actions.chaos.slow-search]\n'
            'blast = "all"\nredis = {}\nset = { slow = "1" }\n'
        )
    assert warroom("drill", "new", "mine", folder=team).returncode == ExitCode.OK
    path = team / "games" / "mine.yaml"
    text = path.read_text()
    assert "where: configured\n" in text
    assert "    fault: slow-search\n" in text
    assert warroom("drill", "lint", "mine", folder=team).returncode == ExitCode.OK
    path.write_text(text.replace("fault: slow-search", "fault: slow-serch"))
    line = text.splitlines().index("    fault: slow-search") + 1
    done = warroom("drill", "lint", "mine", folder=team)
    assert (done.returncode, f"{path}:{line}: certain unknown-fault" in done.stdout) == (
        ExitCode.BURNING,
        True,
    )
    assert "slow-search" in done.stdout


def test_new_takes_one_as_its_beginning_and_overwrites_nothing(team: Path) -> None:
    assert warroom("drill", "new", "first", folder=team).returncode == ExitCode.OK
    assert warroom("drill", "new", "second", "--from", "first", folder=team).returncode == ExitCode.OK
    first, second = ((team / "games" / f"{name}.yaml").read_text() for name in ("first", "second"))
    assert second == first.replace("id: first", "id: second")
    again = warroom("drill", "new", "first", folder=team)
    assert again.returncode == ExitCode.USAGE
    assert again.stderr.count("\n") == 1
    assert (team / "games" / "first.yaml").read_text() == first
    assert warroom("drill", "new", "../out", folder=team).returncode == ExitCode.USAGE
    assert "first" in warroom("drill", "new", "x", "--from", "firs", folder=team).stderr


def test_lint_says_file_and_line_and_exits_1(team: Path) -> None:
    assert warroom("drill", "new", "mine", folder=team).returncode == ExitCode.OK
    path = team / "games" / "mine.yaml"
    text = path.read_text().replace("chaos-llm-latency", "chaos-llm-latenci")
    path.write_text(text)
    line = text.splitlines().index("    fault: chaos-llm-latenci") + 1
    done = warroom("drill", "lint", str(path), folder=team)
    assert done.returncode == ExitCode.BURNING
    assert f"{path}:{line}: certain unknown-fault" in done.stdout
    assert "chaos-llm-latency" in done.stdout
    path.write_text(re.sub("^title.*$", "title: {en: x}", text, flags=re.MULTILINE))
    zh = warroom("--lang", "zh", "drill", "lint", folder=team)
    assert zh.returncode == ExitCode.BURNING
    assert "missing-language" in zh.stdout


def test_lint_live_names_the_metric_that_is_not_there_and_who_did_not_answer(team: Path) -> None:
    assert warroom("drill", "new", "mine", folder=team).returncode == ExitCode.OK
    path = team / "games" / "mine.yaml"
    before, _, after = path.read_text().partition("promql: vector(1)\n      expect: > 0")
    path.write_text(f"{before}promql: queue_lenght\n      expect: > 0{after}")
    line = before.count("\n") + 1
    config = team / "warroom.toml"
    with serve(body(b"queue_length 7\n")) as url:
        scrape = f'[signals.scrape]\ntargets = [{{ url = "{url}", timeout_s = 30 }}]\n'
        config.write_text(config.read_text() + scrape)
        unasked = warroom("drill", "lint", "mine", folder=team)
        assert "metric-missing" not in unasked.stdout, "without --live nobody is asked"
        done = warroom("drill", "lint", "mine", "--live", "--json", folder=team)
    (finding,) = (each for each in json.loads(done.stdout) if each["rule"] != "constant-check")
    assert (finding["rule"], finding["file"], finding["confidence"]) == (
        "metric-missing",
        str(path),
        "likely",
    )
    assert finding["line"] == line - 1, "where the check begins"
    assert "queue_length" in json.dumps(finding), "what may be meant"
    silent = warroom("drill", "lint", "mine", "--live", folder=team)
    assert "metric-missing" not in silent.stdout, "what nobody could read is not called missing"
    assert "not checked: scrape can't be reached" in silent.stderr


def test_every_bundled_scenario_lints_clean(team: Path) -> None:
    done = warroom("drill", "lint", folder=team)
    assert (done.returncode, done.stdout) == (ExitCode.OK, "")


@pytest.fixture
def played(team: Path) -> Path:
    for days, points in ((1, 40), (2, 60), (3, 80), (4, 90)):
        keep(team / "records", days, points)
    keep(team / "records", 5, 100, autopilot="good")
    return team


def test_a_report_is_printed_written_and_json(played: Path) -> None:
    printed = warroom("drill", "report", folder=played)
    assert printed.returncode == ExitCode.OK, printed.stderr
    assert printed.stdout.startswith("# DRILL slow: Slow\n")
    assert "Played by the autopilot (good)" in printed.stdout
    out = played / "page.md"
    assert warroom("--lang", "zh", "drill", "report", "d2", "--out", str(out), folder=played).stdout == ""
    assert "60 分" in out.read_text("utf-8")
    document = json.loads(warroom("drill", "report", "d2", "--json", folder=played).stdout)
    assert (document["score"], document["times"]["detect_s"]) == (60, None)
    missing = warroom("drill", "report", "zzz", folder=played)
    assert (missing.returncode, missing.stderr.count("\n")) == (ExitCode.USAGE, 1)


def test_compare_says_first_best_last_and_the_trend(played: Path) -> None:
    done = warroom("drill", "compare", folder=played)
    assert "first 40, best 90, last 90" in done.stdout
    assert "it gets better (4 results)" in done.stdout
    assert "left out: 1" in done.stderr
    (group,) = json.loads(
        warroom("drill", "compare", "slow", "--by", "person", "--json", folder=played).stdout
    )
    assert (group["who"], [each["score"] for each in group["results"]]) == ("kim", [40, 60, 80, 90])
    few = warroom("--lang", "zh", "drill", "compare", "other", folder=played)
    assert (few.stdout, few.returncode) == ("", ExitCode.OK)
    assert "还没有可对比的结果" in few.stderr


def test_without_any_record_that_is_said(team: Path) -> None:
    done = warroom("drill", "report", folder=team)
    assert (done.returncode, done.stderr.count("\n")) == (ExitCode.USAGE, 1)
    assert "no drill has been played yet" in done.stderr
