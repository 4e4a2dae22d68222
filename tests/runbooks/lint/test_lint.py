"""A lint of our own format finds what is wrong, tells how sure it is, and leaves alone what is right."""

from __future__ import annotations

from pathlib import Path

import pytest

import runbooks
from runbooks.lint.alerts import lint_alerts, thresholds
from runbooks.lint.finding import sort_findings
from runbooks.lint.lint import lint
from runbooks.reading.read import Parsed, read_runbook
from signals.alerts.model import AlertRule
from tests.runbooks.build import CHECK, EXPECT, SH, UNDO, parsed, phase, step
from tui.i18n import Language


def told(book: Parsed) -> list[tuple[int, str, str]]:
    return [(one.line, one.rule, one.confidence) for one in sort_findings(lint(book))]


def check(promql: str) -> str:
    return f"```check\npromql: {promql}\nexpect: < 5\n```"


def test_a_sound_runbook_has_no_findings() -> None:
    body = phase(
        "stop", step("a", mark="**!** "), step("b", SH, EXPECT, UNDO), step("c", CHECK), pause="Go on?"
    )
    assert told(parsed(body + phase("prevent", step("d"), words="prevention"))) == []


def test_what_reading_complains_of_is_certain() -> None:
    assert told(parsed("## Do <!-- id: do -->\n- [ ] a <!-- id: a -->\n- [ ] b <!-- id: a -->\n")) == [
        (8, "duplicate-id", "certain")
    ]


@pytest.mark.parametrize(
    ("promql", "rule", "confidence"),
    [
        ("sum(rate(up[5m])", "promql-syntax", "certain"),
        ("rate(up)", "promql-syntax", "certain"),
        ("up[5m", "promql-syntax", "certain"),
        ("info(up)", "promql-not-here", "hint"),
        ("1 - 2", "constant-check", "likely"),
        ("vector(1)", "constant-check", "likely"),
        ("1 + sum(vector(2))", "constant-check", "likely"),
        ('up{job=~"("}', "promql-syntax", "certain"),
        ('up{job=~"a++"}', "promql-syntax", "certain"),
        ('up{job=~"\\\\Qa\\\\E"}', "promql-not-here", "hint"),
    ],
)
def test_promql_that_cannot_be_evaluated(promql: str, rule: str, confidence: str) -> None:
    assert told(parsed(phase("do", step("a", check(promql))))) == [(10, rule, confidence)]


def test_a_function_that_only_a_prometheus_knows_is_named() -> None:
    (found,) = lint(parsed(phase("do", step("a", check("info(up)")))))
    assert "info" in Language().say(found.message)


@pytest.mark.parametrize(
    "promql",
    [
        'up{job=~"\\\\pL+"}',
        "up",
        "sum by (queue) (rate(a_total[5m])) or vector(0)",
        "histogram_quantile(0.95, sum by (le) (rate(b_bucket[5m])))",
        'a{b="c"} / on (job) group_left () d > 5',
        "max_over_time((a / b)[30m:1m] offset 5m)",
        "absent(up)",
        "hour() > 8",
        "vector(time())",
        '{job="bot"}',
        "a and on () b unless c",
        "topk(3, a)",
        'label_replace(a, "b", "$1", "c", "(.*)")',
    ],
)
def test_promql_that_is_right_is_left_alone(promql: str) -> None:
    assert told(parsed(phase("do", step("a", f"```check\npromql: |\n  {promql}\nexpect: < 5\n```")))) == []


def test_a_killer_item_comes_first_in_its_phase() -> None:
    body = phase("do", step("a"), step("b", mark="**!** "), step("c", mark="**!** "))
    assert told(parsed(body)) == [(8, "killer-late", "likely")]


def test_ten_steps_without_a_pause_point_are_too_many() -> None:
    steps = [step(f"s{number}") for number in range(10)]
    assert told(parsed(phase("do", *steps[:9]))) == []
    assert told(parsed(phase("do", *steps))) == [(16, "too-many-steps", "hint")]
    assert told(parsed(phase("one", *steps[:5]) + phase("two", *steps[5:]))) == [
        (18, "too-many-steps", "hint")
    ]
    assert told(parsed(phase("one", *steps[:5], pause="Go?") + phase("two", *steps[5:]))) == []
    assert told(parsed(phase("one", *steps[:5]) + phase("two", *steps[5:], words="prevention"))) == []


@pytest.mark.parametrize(
    ("blocks", "rules"),
    [
        ((SH,), {"no-expect", "no-undo"}),
        ((SH, EXPECT), {"no-undo"}),
        ((SH, UNDO), {"no-expect"}),
        ((SH, CHECK, UNDO), set()),
        (("```sh\nredis-cli llen ai\n```", EXPECT), set()),
        (("only prose",), set()),
    ],
)
def test_a_command_says_what_to_expect_and_how_to_take_it_back(
    blocks: tuple[str, ...], rules: set[str]
) -> None:
    assert {rule for _, rule, _ in told(parsed(phase("do", step("a", *blocks))))} == rules


def test_empty_phases_and_empty_runbooks() -> None:
    assert told(parsed(phase("do", step("a")) + phase("empty"))) == [(9, "empty-phase", "likely")]
    assert told(parsed("")) == [(1, "no-steps", "likely")]
    assert told(parsed("<!-- include: other -->\n")) == []


def test_a_plain_manual_is_not_held_to_our_format() -> None:
    assert told(parsed("## Look\n- at `systemctl restart x`\n" + "- x\n" * 20, head="")) == []


@pytest.mark.parametrize(
    ("header", "count"),
    [
        ("Authorization: Bot ${TOKEN}", 0),
        ("Authorization: Bot abc", 1),
        ("X-Api-Key: abc", 1),
        ("Accept: text/plain", 0),
    ],
)
def test_a_secret_does_not_stand_in_a_runbook(header: str, count: int) -> None:
    block = f"```check\nprobe: http\nurl: https://x/\nheaders: ['{header}']\nexpect: status 200\n```"
    book = parsed(phase("do", step("a", block)))
    assert [rule for _, rule, _ in told(book)] == ["literal-secret"] * count
    assert "abc" not in "".join(Language().say(one.message) for one in lint(book))


RULES = (
    AlertRule("QueueLong", "sum(queue_length) > 100", 300, "alerts.yml"),
    AlertRule("SlowP95", "histogram_quantile(0.95, rate(x_bucket[5m])) > 15", 60, "alerts.yml"),
    AlertRule(
        "Errors", "sum(rate(e[5m])) / sum(rate(a[5m])) > 0.05 and sum(rate(a[5m])) > 1", 60, "alerts.yml"
    ),
)


def test_an_alert_that_no_rule_has_is_told_at_its_line_with_the_nearest_name() -> None:
    book = parsed(
        phase("do", step("a")), head="---\nid: book\ntitle: Book\nalerts: [QueueLong, SlowP99]\n---\n"
    )
    (found,) = lint_alerts(book, RULES)
    assert (found.line, found.rule) == (4, "unknown-alert")
    assert found.fix is not None
    assert "SlowP95" in Language().say(found.fix)


@pytest.mark.parametrize(
    ("text", "differs"),
    [
        ("SlowP95 fires over 10 s", True),
        ("SlowP95：P95 延迟 > 10 秒", True),
        ("SlowP95 fires over 15 s", False),
        ("SlowP95 fires above 15000 ms", False),
        ("SlowP95 fires above 0.25 min", False),
        ("QueueLong 超过 100", False),
        ("QueueLong 超过 50", True),
        ("Errors is over 5 %", False),
        ("Errors is over 3 %", True),
        ("SlowP95 since 10 min", False),
        ("SlowP95Fast is over 10 s", False),
        ("More than 7 waiting", False),
        ("SlowP95: more than 3 in a row, then over 15 s", False),
    ],
)
def test_a_threshold_beside_an_alerts_name_is_that_of_its_rule(text: str, differs: bool) -> None:  # noqa: FBT001  # a table's column
    found = lint_alerts(parsed(phase("do", step("a", text=text))), RULES)
    assert [(one.line, one.rule, one.confidence) for one in found] == (
        [(7, "threshold", "likely")] if differs else []
    )


@pytest.mark.parametrize(
    ("expr", "numbers"),
    [
        ("a > 15", [15]),
        ("15 < a", [15]),
        ("(a) >= (0.5)", [0.5]),
        ("a > -3", [-3]),
        ("a > b", []),
        ("sum(a) > 1 and b < 2", [1, 2]),
        ("a / 100", []),
        ("not (", []),
        ("max(a > 5)", [5]),
    ],
)
def test_what_an_expression_compares_with(expr: str, numbers: list[float]) -> None:
    assert thresholds(expr) == numbers


def test_the_example_in_the_description_of_the_format_is_sound() -> None:
    text = (Path(runbooks.__file__).parent / "FORMAT.md").read_text(encoding="utf-8")
    example = text.split("````markdown\n")[1].split("````")[0]
    assert lint(read_runbook(example, "FORMAT.md", "en")) == []
