"""What a check expects, as people write it, and what meets it."""

from __future__ import annotations

import math
import re

import pytest

from runbooks.checks.judge import badness, judge_status, judge_trend, judge_values
from runbooks.reading.check import parse_expectation
from signals.metrics.trend import Direction
from signals.reading import Verdict

OK, BURNING, UNKNOWN = Verdict.OK, Verdict.BURNING, Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("text", "operator", "value"),
    [
        ("< 100", "<", 100),
        ("<=0.5", "<=", 0.5),
        (">  1e3", ">", 1000),
        (">= -2", ">=", -2),
        ("== 0", "==", 0),
        ("!= .5", "!=", 0.5),
        ("< 10_000", "<", 10_000),
        ("<  99.9 %", "<", 0.999),
        ("< 1E-3", "<", 0.001),
    ],
)
def test_comparisons(text: str, operator: str, value: float) -> None:
    found = parse_expectation(text)
    assert (found.kind, found.operator, found.text) == ("compare", operator, text)
    assert math.isclose(found.value, value)


@pytest.mark.parametrize("text", ["falling", "Rising", "steady"])
def test_directions(text: str) -> None:
    found, negated = parse_expectation(text), parse_expectation(f"not  {text}")
    assert (found.kind, found.direction, found.negated) == ("trend", Direction(text.lower()), False)
    assert (negated.direction, negated.negated) == (found.direction, True)


@pytest.mark.parametrize(
    ("text", "statuses"),
    [("status 200", (200,)), ("status 401 or 403", (401, 403)), ("Status 401, 403", (401, 403))],
)
def test_statuses(text: str, statuses: tuple[int, ...]) -> None:
    assert parse_expectation(text).statuses == statuses


@pytest.mark.parametrize(
    "text",
    [
        "",
        "100",
        "< ",
        "< x",
        "=< 5",
        "< 5 ms",
        "< 1.2.3",
        "not",
        "not < 5",
        "no rising",
        "status",
        "status 20",
        "< nan",
        "some none",
    ],
)
def test_what_is_none_of_them_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(text)}$"):
        parse_expectation(text)


@pytest.mark.parametrize(
    ("text", "values", "verdict"),
    [
        ("< 100", [99.9], OK),
        ("< 100", [100], BURNING),
        ("<= 100", [100], OK),
        ("> 5", [5], BURNING),
        (">= 5", [5], OK),
        ("== 0", [0], OK),
        ("!= 0", [0], BURNING),
        ("< 100", [1, 2, 300], BURNING),
        ("< 100", [1, 2, 3], OK),
        ("< 100", [], UNKNOWN),
        ("< 100", [math.nan], UNKNOWN),
        ("< 100", [1, math.nan], UNKNOWN),
        ("< 100", [math.inf], BURNING),
        ("!= 0", [math.nan], UNKNOWN),
        ("some", [], BURNING),
        ("some", [0], OK),
        ("none", [], OK),
        ("none", [0], BURNING),
        ("falling", [1], UNKNOWN),
        ("status 200", [200], UNKNOWN),
    ],
)
def test_every_value_has_to_meet_it_and_no_value_is_no_pass(
    text: str, values: list[float], verdict: Verdict
) -> None:
    assert judge_values(parse_expectation(text), values) is verdict


@pytest.mark.parametrize(
    ("text", "direction", "verdict"),
    [
        ("falling", Direction.FALLING, OK),
        ("falling", Direction.STEADY, BURNING),
        ("falling", None, UNKNOWN),
        ("not rising", Direction.STEADY, OK),
        ("not rising", Direction.FALLING, OK),
        ("not rising", Direction.RISING, BURNING),
        ("not rising", None, UNKNOWN),
        ("< 5", Direction.FALLING, UNKNOWN),
    ],
)
def test_where_it_is_heading(text: str, direction: Direction | None, verdict: Verdict) -> None:
    assert judge_trend(parse_expectation(text), direction) is verdict


@pytest.mark.parametrize(
    ("text", "status", "verdict"),
    [
        ("status 401 or 403", 403, OK),
        ("status 401 or 403", 200, BURNING),
        ("status 200", 302, BURNING),
        ("< 500", 404, OK),
        ("< 500", 503, BURNING),
        ("some", 200, OK),
    ],
)
def test_an_http_status(text: str, status: int, verdict: Verdict) -> None:
    assert judge_status(parse_expectation(text), status) is verdict


@pytest.mark.parametrize(
    ("text", "worst"),
    [("< 5", 9), ("<= 5", 9), ("> 5", 1), (">= 5", 1), ("== 4", 9), ("!= 4", 3), ("falling", 9)],
)
def test_the_worst_of_several_values_is_the_one_furthest_on_the_wrong_side(text: str, worst: float) -> None:
    expect = parse_expectation(text)
    assert max([1.0, 3.0, 9.0], key=lambda value: badness(expect, value)) == worst
