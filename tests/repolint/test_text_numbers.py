"""Limits and durations in sentences, in both languages, and what is none."""

from __future__ import annotations

import pytest

from repolint.facts.manual.limits import limits, waits


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("P95 延迟 > 10 秒（告警：X）", [(10.0, "time", True)]),
        ("是否持续上升（>100）", [(100.0, "plain", True)]),
        ("above 500ms", [(0.5, "time", True)]),
        ("exceeds 1,500 ms", [(1.5, "time", True)]),
        ("Budget of $120 per month", [(120.0, "money", None)]),
        ("不超过 5%", [(0.05, "share", False)]),
        ("错误率超过 2‰", [(0.002, "share", True)]),
        ("no more than 3 retries", [(3.0, "plain", False)]),
        ("fewer than 2 minutes", [(120.0, "time", False)]),
        ("less than 1GB is free", []),
        ("over 5 minutes", []),
        ("moreover 5 times", []),
        ("99.9 % of all", []),
        ("between 2 and 3", []),
        ("> 0.5 % (5x the budget)", [(0.005, "share", True)]),
        ("more than 100 tasks wait", [(100.0, "plain", True)]),
        ("version >= 2_beta", []),
    ],
)
def test_limits(sentence: str, expected: list[tuple[float, str, bool | None]]) -> None:
    assert [(one.value, one.kind, one.more) for one in limits(sentence)] == expected


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("above 5 for 10 minutes", [600.0]),
        ("持续 15 分钟", [900.0]),
        ("for more than 1h", [3600.0]),
        ("for the 3 services", []),
        ("10 minutes later", []),
    ],
)
def test_waits(sentence: str, expected: list[float]) -> None:
    assert waits(sentence) == expected


def test_a_limit_knows_how_long_it_has_to_hold() -> None:
    (only,) = limits("above 500 ms for 10 minutes")
    assert (only.value, only.wait_s) == (0.5, 600.0)
