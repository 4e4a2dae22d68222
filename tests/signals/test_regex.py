"""Regular expressions mean what they mean to Prometheus and Alertmanager, and take no longer than their text."""

from __future__ import annotations

import time

import pytest

from core.errors import BadQuery
from signals.alerts.alertmanager import Matcher as SilenceMatcher
from signals.metrics.promql import evaluate
from signals.regex import compile_regex
from signals.store.ring import Matcher, Ring

EVIL = "(a+)+"
LETTERS = "a" * 40 + "!"


@pytest.mark.parametrize(
    ("pattern", "text", "matches"),
    [
        ("[[:alpha:]]+", "abc", True),
        ("[[:alpha:]]+", "a1", False),
        ("a(?i)B", "ab", True),
        (r"\pL+", "böse", True),
        (r"\Qa.b\E", "a.b", True),
        (r"\Qa.b\E", "axb", False),
        (r"end\z", "end", True),
        ("a{,2}", "a{,2}", True),
        ("a{,2}", "aa", False),
        (r"\w+", "ö", False),
        (".*", "two\nlines", True),
        ("a|ab", "ab", True),
        ("401|403|4.8", "429", False),
        ("401|403|4.9", "499", True),
        ("prod-.*", "prod-\nö", True),
        ("prod-.*", "a prod-", False),
        (".+|", "", True),
        ("a|b.*", "bc", True),
        ("", "", True),
        ("", "x", False),
    ],
)
def test_a_whole_value_matches(pattern: str, text: str, matches: bool) -> None:  # noqa: FBT001  # a column of the table
    assert (compile_regex(pattern).fullmatch(text) is not None) is matches


@pytest.mark.parametrize("pattern", ["a++", "(", "(?=a)", r"(a)\1", "a{1001}", "\ud800"])
def test_what_go_refuses_is_refused_and_nothing_is_written(
    pattern: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(BadQuery):
        compile_regex(pattern)
    assert capfd.readouterr().err == ""


def test_no_pattern_freezes_the_program() -> None:
    ring = Ring(retention_s=1e9)
    ring.append((("__name__", "m"), ("a", LETTERS)), 100, 1.0)
    began = time.monotonic()
    assert not Matcher("a", "=~", EVIL).test()(LETTERS)
    assert not SilenceMatcher("a", EVIL, is_regex=True, is_equal=True).matches({"a": LETTERS})
    assert not evaluate(f'm{{a=~"{EVIL}"}}', ring, 100).series
    assert evaluate(f'label_replace(m, "b", "$1", "a", "{EVIL}")', ring, 100).series
    assert time.monotonic() - began < 8


def test_a_silence_with_a_broken_pattern_covers_nothing_and_a_dot_of_it_is_no_line_end() -> None:
    def matches(pattern: str, value: str) -> bool:
        return SilenceMatcher("a", pattern, is_regex=True, is_equal=True).matches({"a": value})

    assert not matches("a++", "aa")
    assert matches("[[:alpha:]]+", "aa")
    assert not matches("a.b", "a\nb")
