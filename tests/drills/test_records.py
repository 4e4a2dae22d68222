"""Records on the disk: what was saved comes back, is the user's alone, and outlives whoever was cut off."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from core.errors import WarroomError
from drills.records import begin, load_all, record_of, save, save_anywhere
from drills.score import score
from tests.drills.build import at, facts, incident, response, run, samples, scenario
from tests.drills.test_score import ORACLES
from tui.i18n import Language

if TYPE_CHECKING:
    from pathlib import Path

PLAYED = scenario(ORACLES)
WORDS = Language("en")


def test_what_was_saved_comes_back(tmp_path: Path) -> None:
    measured = samples("shown", (20, True), (40, None))
    asked = response(PLAYED, incident(), [run()], recovered_at=at(200), samples=measured, budget_burnt=0.01)
    made = score(asked)
    path = save(tmp_path / "records", record_of(asked.facts, PLAYED, made))
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    (record,) = load_all(path.parent).records
    assert record.definition == PLAYED
    assert record.score is not None
    assert record.score.score == made.score
    assert record.score.times.to_json() == made.times.to_json()
    assert [(each.at, each.met) for each in record.samples] == [(at(20), True), (at(40), None)]
    for kept, result in zip(record.score.oracles, made.oracles, strict=True):
        assert (kept.id, kept.passed, kept.evidence.message) == (result.id, result.passed, result.evidence)
    assert record.is_result


def test_in_a_folder_that_a_group_may_read_it_may_read_the_records(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o2770)
    assert begin(shared, facts(), PLAYED).stat().st_mode & 0o777 == 0o640
    assert begin(shared, facts(), PLAYED).stat().st_mode & 0o777 == 0o640


def test_a_drill_that_was_cut_off_reads_as_aborted(tmp_path: Path) -> None:
    running = facts(ended_at=None, ending="running", started_at=at(0))
    path = begin(tmp_path, running, PLAYED)
    gone = os.posix_spawn("/bin/true", ["true"], {})
    os.waitpid(gone, 0)
    path.write_text(path.read_text().replace(f'"process": {os.getpid()}', f'"process": {gone}'))
    (record,) = load_all(tmp_path).records
    assert (record.ending, record.score, record.is_result) == ("aborted", None, False)


def test_one_that_is_conducted_now_runs_and_its_end_takes_its_place(tmp_path: Path) -> None:
    import datetime as dt

    running = facts(ended_at=None, ending="running", started_at=dt.datetime.now(dt.UTC))
    begin(tmp_path, running, PLAYED)
    assert [record.ending for record in load_all(tmp_path).records] == ["running"]
    ended = replace(running, ended_at=dt.datetime.now(dt.UTC), ending="timed_out")
    save(tmp_path, record_of(ended, PLAYED, score(replace(response(PLAYED), facts=ended))))
    assert [record.ending for record in load_all(tmp_path).records] == ["timed_out"]


def test_what_is_no_record_is_told_and_the_others_are_read(tmp_path: Path) -> None:
    begin(tmp_path, facts(), PLAYED)
    (tmp_path / "a.json").write_text("{")
    (tmp_path / "b.json").write_text('{"format": 2}')
    (tmp_path / "c.json").write_text("[" * 100_000)
    os.mkfifo(tmp_path / "d.json")
    theirs = json.loads(next(tmp_path.glob("*Z-*.json")).read_text())
    never = theirs | {"started_at": "0001-01-01T00:00:00+14:00"}
    (tmp_path / "f.json").write_text(json.dumps(never))
    (tmp_path / "e.txt").write_text("not ours")
    read = load_all(tmp_path)
    assert len(read.records) == 1
    assert len(read.problems) == 5
    newer = f"{tmp_path / 'b.json'} has a format that this version does not know: a newer Warroom wrote it"
    assert WORDS.say(read.problems[1]) == newer
    assert all(str(tmp_path) in WORDS.say(problem) for problem in read.problems)


def test_a_result_that_finds_no_room_is_kept_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    (tmp_path / "full").touch()
    asked = response(PLAYED, incident(), [run()], recovered_at=at(200))
    place, problem = save_anywhere(tmp_path / "full", record_of(asked.facts, PLAYED, score(asked)))
    assert problem is not None
    assert WORDS.say(problem).endswith(f"; it is kept in {place}")
    assert [record.id for record in load_all(place.parent).records] == [asked.facts.id]
    assert save_anywhere(tmp_path / "records", record_of(asked.facts, PLAYED, score(asked)))[1] is None


def test_times_without_a_zone_are_utc_and_the_end_of_time_is_one(tmp_path: Path) -> None:
    path = begin(tmp_path, facts(started_at=at(0)), PLAYED)
    theirs = json.loads(path.read_text())
    (tmp_path / "a.json").write_text(json.dumps(theirs | {"id": "a", "started_at": "2020-01-01T00:00:00"}))
    end = {"id": "z", "started_at": "9999-12-31T23:59:59Z", "ending": "running", "host": "elsewhere"}
    (tmp_path / "z.json").write_text(json.dumps(theirs | end))
    assert [record.id for record in load_all(tmp_path).records] == ["a", theirs["id"], "z"]


def test_a_folder_that_is_not_there_has_no_records(tmp_path: Path) -> None:
    assert load_all(tmp_path / "none").records == ()


def test_a_place_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(WarroomError):
        begin(tmp_path / "file", facts(), PLAYED)
