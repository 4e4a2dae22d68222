"""Rules fire when they have held long enough, stay as long as asked, and a broken one is named while others go on."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from core.errors import ConfigError, SourceError, TimedOut, Unreachable
from core.message import say
from signals.alerts.model import AlertState
from signals.alerts.rules import RuleAlerts, load_rules
from signals.metrics.promql import evaluate, evaluate_range
from signals.store.ring import Ring

if TYPE_CHECKING:
    from pathlib import Path

    from signals.alerts.model import Alert, Alerts
    from signals.reading import Answer

START = 1_700_000_000.0
RULES = """\
groups:
  - name: queues
    labels: {team: ops}
    rules:
      - alert: Backlog
        expr: depth > 100
        for: 1m
        keep_firing_for: 30s
        labels: {severity: page}
        annotations:
          summary: "{{ $labels.queue }} holds {{ $value }}"
      - alert: Deep
        expr: depth > 1000
"""


class Now:
    """A source over a ring, and the clock; both stand still until a test moves them."""

    name = "here"
    remote = False

    def __init__(self) -> None:
        self.ring = Ring(1e9)
        self.time = START
        self.down = False

    def set(self, after_s: float, **depths: float) -> None:
        self.time = START + after_s
        for queue, depth in depths.items():
            self.ring.append((("__name__", "depth"), ("queue", queue)), self.time, depth)

    async def query(self, expr: str, at: float | None = None) -> Answer:
        if self.down:
            raise TimedOut(say("signals.timed_out", source=self.name, seconds=1))
        return evaluate(expr, self.ring, self.time if at is None else at)

    async def query_range(self, expr: str, start: float, end: float, step: float) -> Answer:
        return evaluate_range(expr, self.ring, start, end, step)

    async def metric_names(self) -> frozenset[str]:
        return self.ring.metric_names()

    async def has_had(self, metric: str) -> bool:
        return metric in self.ring.metric_names()


@pytest.fixture
def now() -> Now:
    return Now()


def alerting(now: Now, path: Path, text: str = RULES) -> RuleAlerts:
    file = path / "rules.yml"
    file.write_text(text)
    return RuleAlerts(now, [file], lambda: now.time)


def look(rules: RuleAlerts) -> Alerts:
    return asyncio.run(rules.alerts())


def only(rules: RuleAlerts) -> Alert:
    (alert,) = look(rules).alerts
    return alert


def test_an_alert_is_pending_until_it_has_held_long_enough(now: Now, tmp_path: Path) -> None:
    rules = alerting(now, tmp_path)
    now.set(0, ai=50)
    assert look(rules).alerts == ()
    now.set(15, ai=150)
    assert (only(rules).state, only(rules).since) == (AlertState.PENDING, START + 15)
    now.set(74, ai=160)
    assert only(rules).state is AlertState.PENDING
    now.set(75, ai=170)
    alert = only(rules)
    assert (alert.state, alert.since, alert.value) == (AlertState.FIRING, START + 15, 170)
    assert alert.severity == "page"
    assert alert.annotations == {"summary": "ai holds 170"}
    assert alert.labels["team"] == "ops"


def test_a_pending_alert_that_stops_is_gone_and_begins_anew(now: Now, tmp_path: Path) -> None:
    rules = alerting(now, tmp_path, RULES)
    now.set(0, ai=1)
    look(rules)
    now.set(10, ai=150)
    assert only(rules).state is AlertState.PENDING
    now.set(20, ai=1)
    assert look(rules).alerts == ()
    now.set(80, ai=150)
    assert only(rules).since == START + 80


def test_a_firing_alert_stays_as_long_as_asked(now: Now, tmp_path: Path) -> None:
    rules = alerting(now, tmp_path, RULES.replace("for: 1m", "for: 0s"))
    now.set(0, ai=150)
    assert only(rules).state is AlertState.FIRING
    now.set(29, ai=1)
    assert only(rules).state is AlertState.FIRING
    now.set(30, ai=1)
    assert look(rules).alerts == ()


def test_what_held_before_the_program_started_counts(now: Now, tmp_path: Path) -> None:
    for second in range(0, 120, 10):
        now.set(second, ai=150, matches=150 if second >= 80 else 1)
    states = {alert.labels["queue"]: alert.state for alert in look(alerting(now, tmp_path)).alerts}
    assert states == {"ai": AlertState.FIRING, "matches": AlertState.PENDING}


def test_a_broken_rule_is_named_and_the_others_go_on(now: Now, tmp_path: Path) -> None:
    more = """\
      - {alert: Typo, expr: 'sum('}
      - {alert: Strange, expr: 'info(depth)'}
      - {record: 'queue:depth:sum', expr: sum(depth)}
      - {alert: OnRecord, expr: 'queue:depth:sum > 5'}
      - {alert: Twins, expr: 'depth > 0', labels: {queue: same}}
      - {alert: Always, expr: 'vector(1)'}
"""
    rules = alerting(now, tmp_path, RULES + more)
    now.set(0, ai=5, matches=6)
    found = look(rules)
    assert [name for name, _ in found.broken] == ["Typo", "Strange", "OnRecord", "Twins"]
    assert [alert.name for alert in found.alerts] == ["Always"]
    assert found.rules == 7


def test_a_broken_file_is_named_and_the_others_count(now: Now, tmp_path: Path) -> None:
    (tmp_path / "broken.yml").write_text("groups: [")
    (tmp_path / "good.yml").write_text(RULES)
    files = [tmp_path / "broken.yml", tmp_path / "gone.yml", tmp_path / "good.yml"]
    now.set(0, ai=2000)
    found = look(RuleAlerts(now, files, lambda: now.time))
    assert [name for name, _ in found.broken] == ["broken.yml", "gone.yml"]
    assert {alert.name for alert in found.alerts} == {"Backlog", "Deep"}


def test_a_changed_file_is_read_again(now: Now, tmp_path: Path) -> None:
    rules = alerting(now, tmp_path)
    now.set(0, ai=2000)
    assert len(look(rules).alerts) == 2
    (tmp_path / "rules.yml").write_text("groups: []\n")
    assert look(rules).alerts == ()


def test_a_silent_source_is_an_error_and_not_an_empty_list(now: Now, tmp_path: Path) -> None:
    rules = alerting(now, tmp_path)
    now.set(0, ai=2000)
    look(rules)
    now.down = True
    with pytest.raises(SourceError):
        look(rules)
    now.down = False
    assert only_named(look(rules), "Deep").since == START


def only_named(found: Alerts, name: str) -> Alert:
    (alert,) = [alert for alert in found.alerts if alert.name == name]
    return alert


def test_control_sequences_from_a_rule_file_do_not_reach_anyone(now: Now, tmp_path: Path) -> None:
    text = (
        'groups: [{name: g, rules: [{alert: "A\\e[31m", expr: "1", annotations: {s: "x\\e]52;c;eA==\\a"}}]}]'
    )
    alert = only(alerting(now, tmp_path, text))
    assert (alert.name, alert.annotations) == ("A", {"s": "x"})


@pytest.mark.parametrize(
    "text",
    [
        "groups: [",
        "groups: {a: 1}",
        "- 1",
        "groups: [{name: g, rules: [{alert: A}]}]",
        "groups: [{name: g, rules: [{expr: up}]}]",
        "groups: [{name: g, rules: [{alert: A, record: b, expr: up}]}]",
        "groups: [{name: g, rules: [{alert: A, expr: up, for: soon}]}]",
        "\xff\x00",
    ],
)
def test_a_file_that_is_no_rule_file_says_where(text: str, tmp_path: Path) -> None:
    file = tmp_path / "rules.yml"
    file.write_bytes(text.encode("latin-1"))
    with pytest.raises(ConfigError) as caught:
        load_rules(file)
    assert str(file) in str(caught.value.message.values["file"])
    assert caught.value.message.values["detail"]


def test_an_empty_file_has_no_rules(tmp_path: Path) -> None:
    file = tmp_path / "rules.yml"
    file.write_text("")
    assert load_rules(file) == ()


def test_rules_that_can_see_nothing_are_no_good_news(now: Now, tmp_path: Path) -> None:
    rules = alerting(now, tmp_path)
    for target in ("a", "b"):
        now.ring.append((("__name__", "up"), ("instance", target)), START, 0.0)
    with pytest.raises(Unreachable) as caught:
        look(rules)
    assert caught.value.message.values["count"] == 2
    now.ring.append((("__name__", "up"), ("instance", "b")), START + 1, 1.0)
    now.time = START + 1
    assert look(rules).alerts == ()
