"""What each kind of oracle says about a response: passed, failed, or nobody knows; and by what."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from drills.oracles.judge import judge_all
from drills.oracles.registry import oracle_kinds
from incidents.events import body as b
from incidents.events.run_body import UndoCall
from tests.drills.build import at, incident, response, run, samples, scenario
from tui.i18n import Language

if TYPE_CHECKING:
    from drills.oracles.model import OracleResult, Response

WORDS = Language("en")
DEGRADE = {"kind": "done", "any_of": [{"action": "degrade.set", "params": {"to": "on"}}]}
STEP = {"kind": "done", "any_of": [{"step": "latency/degrade"}]}
NO_PURGE = {"kind": "avoided", "any_of": [{"action": "queue.purge"}, {"step": "latency/purge"}]}
CHECKED = {"kind": "check", "checks": [{"promql": "p95", "expect": "< 3"}]}
ON = run(params={"to": "on", "what": "template"})
LOOKED = run("secrets.audit", danger="observe")
TICK = b.StepTicked(step="degrade")
RESOLVED = b.Marked(moment="resolved", at=at(0))
BACK = UndoCall(action="degrade.set", params={"to": "off"})


def judged(asked: Response) -> OracleResult:
    return judge_all(asked)[-1]


@pytest.mark.parametrize(
    ("asked", "passed", "words"),
    [
        (
            response({"kind": "acknowledged", "by_s": 60}, incident()),
            True,
            "kim opened the incident at 03:01:00",
        ),
        (response({"kind": "acknowledged", "by_s": 30}, incident()), False, "20 s too late"),
        (response({"kind": "acknowledged"}), False, "nobody opened"),
        (response({"kind": "acknowledged"}, ended_at=None), None, "not decided yet"),
        (response({"kind": "roles"}, incident((70, b.RoleTaken(role="ic")))), True, "kim took the lead"),
        (response({"kind": "roles"}, incident((70, b.RoleTaken(role="ops")))), False, "nobody took"),
        (response({"kind": "communicated"}, incident((70, b.UpdateWritten(text="hm")))), True, "kim wrote"),
        (response({"kind": "communicated"}, incident()), False, "no status update"),
        (
            response(DEGRADE, incident(), [ON]),
            True,
            "RUN-1 (degrade.set to=on what=template) by kim, verified at 03:02:05",
        ),
        (response(DEGRADE | {"by_s": 60}, incident(), [ON]), False, "55 s too late"),
        (response(DEGRADE, incident(), [run(params={"to": "off"})]), False, "not done"),
        (response(DEGRADE, incident(), [run(params={"to": "on"}, verified=False)]), False, "did not do"),
        (
            response(DEGRADE, incident(), [run(params={"to": "on"}, verified=None)]),
            None,
            "nobody could verify",
        ),
        (response(DEGRADE, incident(), [run(params={"to": "on"}, end="")]), None, "has not ended"),
        (response(DEGRADE, incident(), [run(params={"to": "on"}, end="refused")]), False, "not done"),
        (response(STEP, incident((90, TICK))), True, "kim ticked latency/degrade"),
        (
            response(STEP, incident((90, b.StepTicked(step="degrade", outcome="not_passed")))),
            False,
            "not met",
        ),
        (response(STEP, incident((90, b.StepSkipped(step="degrade", reason="no")))), False, "not done"),
        (response(NO_PURGE, incident(), [ON]), True, "nobody ran queue.purge"),
        (response(NO_PURGE, incident(), [run("queue.purge", end="failed")]), False, "was begun at"),
        (response(NO_PURGE, incident((90, b.StepTicked(step="purge")))), False, "ticked latency/purge"),
        (response(NO_PURGE, incident(), [run("queue.purge", end="refused"), ON]), True, "nobody ran"),
        (response(NO_PURGE, incident()), False, "nobody did anything"),
        (response(NO_PURGE, incident(), [ON], ended_at=None), None, "not decided yet"),
        (
            response(
                CHECKED, incident(), [ON], samples=samples("x/1", (100, True), (130, False), (140, True))
            ),
            True,
            "03:02:20",
        ),
        (
            response(CHECKED, incident(), [ON], samples=samples("x/1", (100, True), (130, False))),
            False,
            "not met",
        ),
        (
            response(CHECKED, incident(), [ON], samples=samples("x/1", (130, None))),
            None,
            "could not be measured",
        ),
        (response(CHECKED, incident(), samples=samples("x/1", (130, True))), False, "nobody did anything"),
        (response({"kind": "recovered"}, incident(), [ON], recovered_at=at(200)), True, "well again at"),
        (response({"kind": "recovered"}, incident(), [ON], recovered_at=at(110)), False, "by itself"),
        (response({"kind": "recovered"}, recovered_at=at(200)), False, "by itself"),
        (response({"kind": "recovered"}, incident(), [LOOKED], recovered_at=at(200)), False, "by itself"),
        (response({"kind": "recovered"}, incident(), [ON]), False, "not well again"),
        (response({"kind": "recovered"}, incident(), [ON], unknown=("quick-again",)), None, "quick-again"),
        (
            response({"kind": "resolved"}, incident((210, RESOLVED)), recovered_at=at(200)),
            True,
            "resolved the",
        ),
        (
            response({"kind": "resolved"}, incident((195, RESOLVED)), recovered_at=at(200)),
            True,
            "resolved the",
        ),
        (
            response({"kind": "resolved"}, incident((180, RESOLVED)), recovered_at=at(200)),
            False,
            "before it was over",
        ),
        (response({"kind": "resolved"}, incident((180, RESOLVED))), False, "before it was over"),
        (
            response({"kind": "resolved"}, incident((180, RESOLVED)), unknown=("quick-again",)),
            None,
            "measured",
        ),
        (response({"kind": "resolved"}, incident(), recovered_at=at(200)), False, "nobody resolved"),
        (
            response(
                {"kind": "undone"}, incident(), [run(undo=BACK), run(began_s=300, params={"to": "off"})]
            ),
            True,
            "(1)",
        ),
        (response({"kind": "undone"}, incident(), [run(undo=BACK)]), False, "was not taken back"),
        (response({"kind": "undone"}, incident(), [run()]), False, "nothing was put in force"),
        (response({"kind": "nonsense"}, incident()), None, "no kind of oracle nonsense"),
    ],
)
def test_a_kind_judges(asked: Response, *, passed: bool | None, words: str) -> None:
    result = judged(asked)
    assert (result.passed, words in WORDS.say(result.evidence)) == (passed, True), WORDS.say(result.evidence)
    assert result.is_pending == (words == "not decided yet")


def test_an_undo_that_names_its_run_takes_it_back() -> None:
    first = run(undo=BACK)
    result = judged(response({"kind": "undone"}, incident(), [first, run("other", 300, undoes=first.id)]))
    assert result.passed
    assert result.at == at(305)


def test_kinds_are_found_by_being_there() -> None:
    assert list(oracle_kinds()) == [
        "acknowledged", "avoided", "check", "communicated", "done", "order", "recovered", "resolved", "roles", "undone",
    ]  # fmt: skip


def ordered(kind: str) -> list[dict[str, object]]:
    return [
        {
            "id": "second",
            "kind": kind,
            "any_of": [{"action": "queue.release"}],
            "after": ["first"],
            "by_s": 100,
        },
        {"id": "first", **DEGRADE},
    ]


@pytest.mark.parametrize(
    ("kind", "releases", "passed"),
    [
        ("done", [200], True),
        ("done", [60], False),
        ("done", [60, 200], True),
        ("done", [300], False),
        ("order", [200], True),
        ("order", [60, 200], False),
        ("order", [], False),
    ],
)
def test_what_comes_after_another_counts_from_there(
    kind: str, releases: list[float], *, passed: bool
) -> None:
    runs = [ON, *(run("queue.release", began_s) for began_s in releases)]
    second, first = judge_all(response(scenario(ordered(kind)), incident(), runs))
    assert (second.passed, first.passed) == (passed, True)


def test_without_the_first_the_second_is_no_merit_and_unknown_stays_unknown() -> None:
    released = run("queue.release", 200)
    second, _ = judge_all(response(scenario(ordered("done")), incident(), [released]))
    assert second.passed is False
    assert "first has to be met before" in WORDS.say(second.evidence)
    unverified = run(params={"to": "on"}, verified=None)
    second, _ = judge_all(response(scenario(ordered("done")), incident(), [unverified, released]))
    assert second.passed is None


def test_oracles_that_wait_for_each_other_are_unknown() -> None:
    circle = [{"id": name, "kind": "roles", "after": [after]} for name, after in (("a", "b"), ("b", "a"))]
    assert [each.passed for each in judge_all(response(scenario(circle)))] == [None, None]
