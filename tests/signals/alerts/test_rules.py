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
        self.ring.append((("__name__", "up"),), self.time, 1.0)

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
    pending = only(rules)
    assert (pending.state, pending.since, pending.fires_at) == (AlertState.PENDING, START + 15, START + 75)
    now.set(74, ai=160)
    assert only(rules).state is AlertState.PENDING
    now.set(75, ai=170)
    alert = only(rules)
    assert (alert.state, alert.since, alert.value) == (AlertState.FIRING, START + 75, 170)
    assert alert.severity == "page"
    assert alert.annotations == {"summary": "ai holds 170"}
    assert alert.labels["team"] == "ops"


@pytest.mark.parametrize("fraction", [0.0004, 0.0006, 0.8479])
def test_a_rule_without_for_fires_at_first_sight(now: Now, tmp_path: Path, fraction: float) -> None:
    """A range's last time is rounded to milliseconds and may lie behind the clock: that is no waiting."""
    now.set(fraction, ai=5000)
    text = "groups: [{name: g, rules: [{alert: Deep, expr: depth > 1000}]}]"
    alert = only(alerting(now, tmp_path, text))
    assert alert.state is AlertState.FIRING
    assert alert.since <= now.time


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
    alerts = {alert.labels["queue"]: alert for alert in look(alerting(now, tmp_path)).alerts}
    states = {queue: alert.state for queue, alert in alerts.items()}
    assert states == {"ai": AlertState.FIRING, "matches": AlertState.PENDING}
    assert alerts["ai"].since == pytest.approx(START + 60, abs=10), "it fired a minute ago"


def test_nothing_fires_since_before_there_was_anything(now: Now, tmp_path: Path) -> None:
    text = "groups: [{name: g, rules: [{alert: A, expr: vector(1)}]}]"
    now.set(0, ai=1)
    now.set(100, ai=1)
    assert only(alerting(now, tmp_path, text)).since == pytest.approx(START, abs=11)


def test_an_alert_that_fires_for_hours_did_not_begin_with_the_program(now: Now, tmp_path: Path) -> None:
    for second in range(0, 3 * 3600, 30):
        now.set(second, ai=2000)
    deep = only_named(look(alerting(now, tmp_path)), "Deep")
    assert deep.since == pytest.approx(START, abs=86_400 / 60)
    assert deep.since < START + 1800


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


def test_globs_and_folders_name_rule_files(now: Now, tmp_path: Path) -> None:
    for place in ("some/a.yml", "some/b.yaml", "folder/c.yml", "folder/note.txt"):
        path = tmp_path / place
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"groups: [{{name: g, rules: [{{alert: {path.stem.upper()}, expr: vector(1)}}]}}]")
    files = [tmp_path / "some" / "*.y*ml", tmp_path / "folder", tmp_path / "none" / "*.yml"]
    found = look(RuleAlerts(now, files, lambda: now.time))
    assert [alert.name for alert in found.alerts] == ["A", "B", "C"]
    assert [name for name, _ in found.broken] == ["*.yml"], "a glob that names nothing is missed"


@pytest.mark.parametrize(
    ("expr", "names"),
    [
        ('absent(up{job="elsewhere"})', "not_scraped"),
        ('up{job="elsewhere"} == 0', "not_scraped"),
        ('rate(depth{instance=~"db.*"}[5m]) > 0', "not_scraped"),
        ("absent(node_load1)", "never_scraped"),
        ("absent_over_time(depth[1m]) or vector(1)", ""),
        ('absent(up{job="here"}) or vector(1)', ""),
        ('up{job="here"} == 1', ""),
    ],
)
def test_what_is_not_scraped_here_is_unknown_and_neither_absent_nor_well(
    now: Now, tmp_path: Path, expr: str, names: str
) -> None:
    text = f"groups: [{{name: g, rules: [{{alert: A, expr: '{expr}'}}]}}]"
    now.set(0, ai=1)
    now.ring.append((("__name__", "up"), ("instance", "app:1"), ("job", "here")), START, 1.0)
    found = look(alerting(now, tmp_path, text))
    assert [why.key for _, why in found.broken] == ([f"rules.{names}"] if names else [])
    assert len(found.alerts) == (0 if names else 1)


def test_a_severity_that_can_not_be_filled_in_makes_its_rule_unknown(now: Now, tmp_path: Path) -> None:
    text = RULES.replace(
        "severity: page", 'severity: "{{ if gt $value 500.0 }}page{{ else }}ticket{{ end }}"'
    )
    now.set(0, ai=600, matches=200)
    now.set(60, ai=600, matches=200)
    found = look(alerting(now, tmp_path, text))
    assert {alert.labels["queue"]: alert.severity for alert in found.alerts} == {
        "ai": "page",
        "matches": "ticket",
    }
    unknown = look(alerting(now, tmp_path, text.replace("$value", "(query `x`)")))
    assert [(name, why.key) for name, why in unknown.broken] == [("Backlog", "rules.bad_label")]
    assert unknown.alerts == ()


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
