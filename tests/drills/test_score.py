"""The score: shares of weights, what hints cost, times since the first fault, and what nobody can earn by waiting."""

from __future__ import annotations

from drills.oracles.registry import oracle_kinds
from drills.record import MasterNote
from drills.score import HINT_COST, score, times
from incidents.events import body as b
from incidents.events.run_body import UndoCall
from tests.drills.build import at, incident, response, run, samples, scenario
from tui.i18n import Language

ORACLES = [
    {"id": "noticed", "kind": "acknowledged", "by_s": 60, "weight": 2},
    {"id": "mended", "kind": "done", "any_of": [{"action": "degrade.set"}], "weight": 5},
    {"id": "told", "kind": "communicated", "weight": 1},
    {"id": "well", "kind": "recovered", "weight": 2},
]


def test_the_score_is_the_share_of_the_weights_that_passed() -> None:
    good = score(response(scenario(ORACLES), incident(), [run()], recovered_at=at(200)))
    assert good.score == 90
    assert [result.passed for result in good.oracles] == [True, True, False, True]


def test_a_hint_costs_and_nothing_is_below_0() -> None:
    hints = tuple(MasterNote(at(100), "look", is_hint=True) for _ in range(2))
    notes = (*hints, MasterNote(at(100), "they look at the wrong panel"))
    hinted = score(response(scenario(ORACLES), incident(), [run()], recovered_at=at(200), notes=notes))
    assert (hinted.score, hinted.hints) == (90 - 2 * HINT_COST, 2)
    assert score(response(scenario(ORACLES), notes=notes)).score == 0


def test_what_nobody_could_decide_is_not_passed_and_is_said() -> None:
    unsure = score(response(scenario(ORACLES), incident(), [run(verified=None)], recovered_at=at(200)))
    assert unsure.score == 40
    assert unsure.undecided == ("mended",)


def test_who_does_nothing_earns_nothing_even_if_all_comes_back_by_itself() -> None:
    ways = {"any_of": [{"action": "queue.purge"}], "checks": [{"promql": "p95", "expect": "< 3"}]}
    every = scenario([{"id": kind, "kind": kind, **ways} for kind in oracle_kinds()])
    measured = samples("check/1", (100, False), (500, True))
    assert score(response(every, recovered_at=at(500), samples=measured)).score == 0
    watched = score(response(every, incident(), recovered_at=at(500), samples=measured))
    assert [each.id for each in watched.oracles if each.passed] == ["acknowledged"]


def test_times_run_from_the_first_fault() -> None:
    played = incident(
        (70, b.RoleTaken(role="ic")), (150, b.Marked(moment="mitigated", at=at(20))), opened_s=40
    )
    look = run("secrets.audit", 20, danger="observe")
    known = times(response(scenario(ORACLES), played, [look, run(began_s=100)], recovered_at=at(210)))
    assert known.to_json() == {"detect_s": 8, "acknowledge_s": 60, "mitigate_s": 95, "recover_s": 200}
    assert set(times(response(scenario(ORACLES))).to_json().values()) == {None}
    by_mark = times(response(scenario(ORACLES), played, [run(verified=False)]))
    assert by_mark.mitigate_s == 140


def test_the_json_has_what_the_contract_says() -> None:
    said = score(response(scenario(ORACLES), incident(), budget_burnt=0.02)).to_json(Language("zh").say)
    assert list(said)[:5] == ["scenario", "score", "oracles", "times", "budget_burnt"]
    assert said["budget_burnt"] == 0.02
    oracles = said["oracles"]
    assert isinstance(oracles, list)
    assert oracles[0] == {
        "id": "noticed",
        "passed": True,
        "evidence": "kim 于 03:01:00 UTC（首个故障后 50 秒） 开启事件",
    }


def test_steps_and_what_the_runbook_lacked() -> None:
    played = incident(
        (70, b.StepTicked(step="look", outcome="unmeasured")),
        (80, b.StepSkipped(step="ask", reason="nobody is there")),
        (90, b.StepFailed(step="hold", reason="no such queue")),
    )
    refused, undone = run("queue.hold", end="refused"), run(undo=UndoCall(action="x"))
    purged = run("queue.purge", 300)
    asked = response(
        scenario([{"id": "calm", "kind": "avoided", "any_of": [{"action": "queue.purge"}]}]),
        played,
        [refused, undone, purged],
        unknown=("quick-again", "quick-again"),
    )
    made = score(asked)
    kinds = [(step.name.rpartition(" ")[2], step.kind) for step in made.steps]
    assert kinds == [
        ("latency/look", "done"),
        ("latency/ask", "skipped"),
        ("latency/hold", "wrong"),
        ("queue.hold", "wrong"),
        ("calm", "wrong"),
    ]
    words = Language("en")
    assert [(lack.about, words.say(lack.text)) for lack in made.lacks] == [
        ("latency/look", "its checks could not be measured"),
        ("latency/ask", "left out by kim: nobody is there"),
        ("latency/hold", "kim could not do it: no such queue"),
        ("queue.hold", "refused to kim: it failed: not allowed"),
        ("quick-again", "this check of the scenario could not be measured"),
    ]
