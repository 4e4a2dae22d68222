"""A scenario's file: read as it is meant, and every mistake with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import WarroomError
from drills.scenarios.library import find_scenario, load_scenarios, scenario_folders
from drills.scenarios.read import read_scenario
from drills.scenarios.yaml_file import MAX_BYTES, MAX_DEPTH, MAX_NODES
from drills.settings import DrillsSettings

VALID = """\
id: slow
title: {en: Slow, zh: 慢}
about: {en: It is slow, zh: 很慢}
runbook: latency
steady:
  - id: quick
    check:
      promql: p95
      expect: < 3
timeline:
  - fault: chaos-llm-latency
    params: {ms: 3000, who: no}
signals:
  - id: shown
    check:
      promql: p95
      expect: > 3
oracles:
  - id: noticed
    kind: acknowledged
    title: {en: Noticed, zh: 已发现}
    checks:
      - promql: p95
        expect: != 3
recovered:
  - id: quick-again
    check: {promql: p95, expect: < 3}
"""


def problems(text: str) -> list[tuple[int, str]]:
    return [(problem.line, problem.rule) for problem in read_scenario(text, "slow.yaml").problems]


def test_what_stands_there_is_taken_as_it_is_written() -> None:
    scenario = read_scenario(VALID, "slow.yaml").scenario
    assert scenario is not None
    assert scenario.timeline[0].params == {"ms": "3000", "who": "no"}
    assert scenario.signals[0].check.expect == "> 3"
    assert scenario.oracles[0].checks[0].expect == "!= 3"
    assert scenario.title.of("zh") == "慢"


def test_checks_of_a_team_ask_no_host_that_the_configuration_does_not_name() -> None:
    team, bundled = (read_scenario(VALID, "slow.yaml", bundled=bundled).scenario for bundled in (False, True))
    assert team is not None
    assert bundled is not None
    for each in (team.steady[0], team.signals[0], team.recovered[0]):
        assert not each.check.check().bundled
    assert not team.oracles[0].checks[0].check().bundled
    assert bundled.steady[0].check.check().bundled


@pytest.mark.parametrize(
    ("old", "new", "line", "rule"),
    [
        ("zh: 慢", "de: x", 2, "scenario-key"),
        ("title: {en: Slow, zh: 慢}", "title: {en: Slow}", 2, "missing-language"),
        ("runbook: latency\n", "", 1, "scenario-missing"),
        ("expect: < 3\ntimeline", "expect: less\ntimeline", 7, "scenario-value"),
        ("kind: acknowledged", "kindd: acknowledged", 20, "scenario-key"),
        ("kind: acknowledged", "weight: 0\n    kind: acknowledged", 20, "scenario-value"),
        ("kind: acknowledged", "kind: a\n    kind: b", 21, "yaml-twice"),
        ("expect: > 3", "expect: > 3\n      of_team_profile: false", 18, "scenario-key"),
        ("promql: p95\n      expect: > 3", "&a promql: *a\n      expect: > 3", 16, "yaml-alias"),
        ("kind: acknowledged", "kind: !!python/name:os.system acknowledged", 20, "yaml-tag"),
        ("kind: acknowledged", "kind: [", 22, "yaml-broken"),
    ],
)
def test_a_mistake_has_its_line(old: str, new: str, line: int, rule: str) -> None:
    assert old in VALID
    assert (line, rule) in problems(VALID.replace(old, new, 1))


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("a: " + "[" * 500 + "]" * 500, "yaml-too-deep"),
        ("a: [" + "1," * (MAX_NODES + 1) + "]", "yaml-too-large"),
        ("- a\n- b\n", "yaml-no-mapping"),
        ("", "yaml-no-mapping"),
        ("a: " + "[" * 20_000, "yaml-too-deep"),
        ("? [a, b]\n: c\n", "yaml-no-mapping"),
        ("a: \x07", "yaml-broken"),
    ],
    ids=["brackets", "nodes", "list", "empty", "open brackets", "key", "control"],
)
def test_a_hostile_file_is_refused_at_once(text: str, rule: str) -> None:
    assert MAX_DEPTH < 500
    assert problems(text)[0][1] == rule


def test_a_file_that_is_too_long_is_a_problem_of_the_library(tmp_path: Path) -> None:
    (tmp_path / "long.yaml").write_text("#" * (MAX_BYTES + 1))
    assert [problem.rule for problem in load_scenarios([tmp_path]).problems] == ["unreadable"]


def test_a_link_that_leads_round_is_a_problem_of_the_library(tmp_path: Path) -> None:
    (tmp_path / "round.yaml").symlink_to("round.yaml")
    assert [problem.rule for problem in load_scenarios([tmp_path]).problems] == ["unreadable"]


def test_a_wrong_part_of_a_list_is_one_problem() -> None:
    assert problems(VALID.replace("timeline:\n  - fault", "timeline:\n  - at_s: -1\n    fault")) == [
        (11, "scenario-value")
    ]


def test_the_later_folder_wins_and_the_first_of_two_files(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second):
        folder.mkdir()
        (folder / "slow.yaml").write_text(VALID.replace("en: Slow", f"en: {folder.name}"), "utf-8")
    (second / "twice.yaml").write_text(VALID, "utf-8")
    library = load_scenarios([first, second])
    assert [(each.id, each.title.en) for each in library.scenarios] == [("slow", "second")]
    assert [(problem.file, problem.rule) for problem in library.problems] == [
        (str(second / "twice.yaml"), "duplicate-scenario")
    ]


def test_what_is_asked_for_and_not_there_is_said(tmp_path: Path) -> None:
    (tmp_path / "slow.yaml").write_text(VALID, "utf-8")
    (tmp_path / "broken.yaml").write_text("id: [", "utf-8")
    for asked, key in (("slo", "no_such_near"), ("broken", "broken"), ("what", "no_such")):
        with pytest.raises(WarroomError) as raised:
            find_scenario([tmp_path], asked)
        assert raised.value.message.key == f"scenarios.{key}"


def test_every_bundled_scenario_can_be_read() -> None:
    library = load_scenarios(scenario_folders(DrillsSettings()))
    assert library.problems == ()
    assert library.scenarios
