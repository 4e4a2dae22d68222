"""Whether a queue settles, which objective is missed first, and what holds a step up: pure tables."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from core.message import Message
from drills.stress.judge import highest_steady, judge_step
from drills.stress.model import Sample, StepResult, StressResult
from drills.stress.report import stress_report
from drills.stress.settings import Step, StressSettings
from tui.i18n import choose_language

STEP = Step(per_s=10, for_s=60)


def samples(
    waiting: Callable[[int], int | None] = lambda _: 0,
    *,
    busy: int | None = 2,
    p95: Callable[[int], float | None] = lambda _: 1.0,
    limited: float | None = 0.0,
    model: float | None = 0.5,
) -> list[Sample]:
    return [
        Sample(
            at_s=at,
            waiting=waiting(at),
            busy=busy,
            slots=4,
            broker_s=0.01,
            p95_s=p95(at),
            limited=limited,
            errors=0.0,
            model_s=model,
        )
        for at in range(0, 60, 2)
    ]


def judged(looks: list[Sample], sent: int = 600) -> StepResult:
    return judge_step(STEP, sent, 60.0, looks, StressSettings())


def test_a_rate_of_which_an_objective_is_not_known_is_borne_as_far_as_was_measured() -> None:
    words = choose_language("en", {}).say
    for limited, first in ((0.0, "**It bore 10/s.** "), (None, "**It bore 10/s, as far as was measured.** ")):
        result = StressResult(
            target="sandbox",
            at="2026-11-29T03:00:00+00:00",
            steps=(judged(samples(limited=limited)),),
            planned=1,
        )
        lines = stress_report(result, words).markdown.splitlines()
        assert first in lines
        assert ("Not known at 10/s: 429 near none." in lines) is (limited is None)


@pytest.mark.parametrize(
    ("waiting", "steady"),
    [
        (lambda _: 0, True),
        (lambda at: 20 + at % 3, True),
        (lambda at: min(at, 12) * 5, True),  # it fills to its level while it warms up
        (lambda at: 7 * at, False),
        (lambda at: max(0, 100 - at), True),
        (lambda _: None, None),
        (lambda at: at if at > 50 else None, None),  # too few looks
    ],
)
def test_a_queue_settles_grows_or_is_not_known(
    waiting: Callable[[int], int | None],
    steady: bool | None,  # noqa: FBT001  # a case's expectation
) -> None:
    assert judged(samples(waiting)).is_steady is steady


@pytest.mark.parametrize(
    ("looks", "sent", "bottleneck"),
    [
        (samples(), 600, "none"),
        (samples(), 300, "generator"),
        (samples(lambda at: 7 * at, busy=4), 600, "workers"),
        (samples(lambda at: 7 * at, busy=2), 600, "unknown"),
        (samples(lambda at: 7 * at, busy=None), 600, "unknown"),
        (samples(limited=0.2), 600, "limit"),
        (samples(model=8.0), 600, "model"),
        (samples(p95=lambda _: None, model=None, limited=None), 600, "unknown"),
    ],
)
def test_the_bottleneck_is_named_with_its_evidence_or_not_at_all(
    looks: list[Sample], sent: int, bottleneck: str
) -> None:
    assert judged(looks, sent).bottleneck == bottleneck


def test_what_is_missed_first_comes_first() -> None:
    result = judged(samples(lambda at: 7 * at, p95=lambda at: 11.0 if at >= 8 else 1.0))
    assert [(each.objective, each.at_s) for each in result.violations] == [("p95", 8.0), ("queue", 15.0)]


def test_the_highest_rate_is_the_last_before_the_first_that_broke() -> None:
    good, bad = judged(samples()), judged(samples(lambda at: 7 * at))
    assert highest_steady([good, bad, good]) is good
    assert highest_steady([bad, good]) is None


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_report_says_what_is_not_known_and_why_it_ended(language: str) -> None:
    blind = judged(samples(lambda _: None, p95=lambda _: None, limited=None, busy=None, model=None))
    result = StressResult(
        target="staging",
        at="2026-11-29T06:00:00+00:00",
        steps=(judged(samples(lambda at: 7 * at, busy=4)), blind),
        planned=4,
        ended="stress.ended_incident",
        values={"label": "INC-7"},
    )

    def words(message: Message) -> str:
        return choose_language(language).say(message)

    page, charts = stress_report(result, words)
    assert "INC-7" in page
    assert page.splitlines()[-1].startswith("![")
    rows = [line for line in page.splitlines() if line.startswith("| 10/s")]
    assert "| ? | ? |" in rows[1], "never a calm zero"
    assert sorted(charts) == ["stress-p95.svg", "stress-waiting.svg"]
    assert StressResult.model_validate_json(result.model_dump_json()) == result
