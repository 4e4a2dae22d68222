"""The report: what it says, in both languages, with charts that are XML, and nothing from outside that is more than text."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from drills.faults.model import Injection
from drills.record import MasterNote, Sample
from drills.records import begin, load_all, record_of, save
from drills.report import drill_report
from drills.score import score
from incidents.events import body as b
from tests.drills.build import at, facts, incident, response, run, scenario
from tests.drills.test_score import ORACLES
from tui.i18n import Language

if TYPE_CHECKING:
    from pathlib import Path

    from drills.records import DrillRecord

PLAYED = scenario(ORACLES)


@pytest.fixture
def record(tmp_path: Path) -> DrillRecord:
    samples = [Sample("quick", at(0), 0.4, met=True)]
    samples += [Sample("shown", at(20 + 5 * step), 1.0 + step, met=step > 2) for step in range(10)]
    samples += [Sample("quick-again", at(100 + 5 * step), 0.5, met=True) for step in range(10)]
    played = incident(
        *((90, b.StepSkipped(step=step, reason="nobody *is* there")) for step in ("ask", "tell"))
    )
    asked = response(
        PLAYED,
        played,
        [run(verified=None)],
        recovered_at=at(200),
        samples=tuple(samples),
        budget_burnt=0.0123,
        shown={"shown": at(35)},
        injections=(
            Injection(
                id="i",
                fault="chaos-llm-latency",
                params={"ms": "3000"},
                state="lifted",
                since=at(10),
                until=at(600),
                lifted_at=at(120),
            ),
        ),
        notes=(MasterNote(at(100), "look <b>there</b>", is_hint=True), MasterNote(at(110), "slow")),
        unknown=("quick-again",),
    )
    save(tmp_path, record_of(asked.facts, asked.scenario, score(asked)))
    return load_all(tmp_path).records[0]


def test_the_page_says_what_happened_and_what_the_runbook_lacked(record: DrillRecord) -> None:
    made = drill_report(record, Language("en").say, "en")
    for line in (
        "# DRILL slow: Slow",
        "- **35 of 100; ended because all was well again**",
        "- Unknown, and so not counted as passed: mended",
        "- Hints: 1 (they cost 5 points)",
        "| noticed | 50 s |",
        "| mitigated | – |",
        "| well again | 3 min 10 s |",
        "Error budget burnt: 1.23 % of what the requests measured so far may lose (those of 30 days at most).",
        "| yes | Slow | 2 | kim opened the incident at 03:01:00 UTC (50 s after the first fault) |",
        "| chaos-llm-latency ms=3000 | 03:00:10Z | 03:02:00Z |",
        "- latency/ask, latency/tell: left out by kim: nobody \\*is\\* there",
        "- 03:01:40Z hint: look &lt;b&gt;there&lt;/b&gt;",
        "## For the owner of the runbook latency",
        "- [ ] latency/ask, latency/tell: left out by kim: nobody \\*is\\* there",
        "- [ ] degrade.set: it ended, and nobody could verify what it did",
        "- [ ] quick-again: this check of the scenario could not be measured",
    ):
        assert line in made.markdown.splitlines(), made.markdown


def test_a_runbook_that_nobody_followed_is_not_said_to_lack_nothing(tmp_path: Path) -> None:
    asked = response(PLAYED, None, [])
    save(tmp_path, record_of(asked.facts, asked.scenario, score(asked)))
    made = drill_report(load_all(tmp_path).records[0], Language("en").say, "en")
    assert made.markdown.endswith("Nobody worked off a step of it: what it lacks did not show.\n")


def test_charts_shade_the_time_of_the_fault(record: DrillRecord) -> None:
    made = drill_report(record, Language("en").say, "en")
    ((name, picture),) = made.charts.items()
    assert f"]({name})" in made.markdown
    root = ET.fromstring(picture)  # noqa: S314  # ours
    shades = [each for each in root.iter() if each.get("fill-opacity")]
    assert len(shades) == 1
    assert "chaos-llm-latency" in picture
    lifted = float(shades[0].get("x", 0)) + float(shades[0].get("width", 0))
    assert 70 < float(shades[0].get("x", 0)) < lifted < 705


def test_it_speaks_chinese(record: DrillRecord) -> None:
    made = drill_report(record, Language("zh").say, "zh")
    assert "慢" in made.markdown.splitlines()[0]
    assert "35 分（满分 100）" in made.markdown
    assert "drill_report." not in made.markdown


def test_one_that_was_cut_off_has_a_page_too(tmp_path: Path) -> None:
    begin(tmp_path, replace(facts(), ending="aborted"), PLAYED)
    made = drill_report(load_all(tmp_path).records[0], Language("en").say, "en")
    assert "No score: aborted" in made.markdown
    assert made.charts == {}
