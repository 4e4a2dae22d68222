"""The list of alerts as text: one line an alert, those of one cause under its name, the one under the cursor unfolded."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.text import Text

from core.message import say
from panels.alerts import QUIET, acted_on, age_text, alert_verdict, group_by_name, own_labels, state_text
from panels.draw.changes import ASCII_NEW, NEW
from panels.draw.panel import ASCII_MARKS, MARKS, STYLES
from panels.draw.text import cut, wrap_to_width
from signals.alerts.model import AlertState, Urgency

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from core.message import Message
    from panels.alerts import AlertGroup
    from signals.alerts.model import Alert, Alerts
    from signals.reading import Verdict

    Say = Callable[[Message], str]

NAME_WIDTH, STATE_WIDTH = 34, 16


@dataclass(frozen=True, slots=True)
class DrawnAlerts:
    """Lines, and where the one under the cursor begins and ends."""

    lines: list[Text]
    first: int
    after: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertView:
    """What the screen knows beside the alerts: the place of the cursor, what is new, which runbook answers which."""

    now: float
    cursor: int
    seen: float
    runbooks: Mapping[str, str]
    ascii_only: bool = False
    all_unfolded: bool = False


def filter_alerts(alerts: Alerts, matches: Callable[..., bool]) -> tuple[AlertGroup, ...]:
    """The causes whose alerts have something that `matches`, in their order."""
    kept = [
        alert
        for alert in alerts.alerts
        if matches(
            alert.name,
            alert.state,
            alert.severity,
            *(f"{name}={value}" for name, value in alert.labels.items()),
            *alert.annotations.values(),
        )
    ]
    return group_by_name(kept)


def counts_text(alerts: Alerts) -> Message:
    """How many are in which state; what is silenced only where somebody knows."""
    counts = {
        state.value: sum(alert.state is state for alert in acted_on(alerts.alerts)) for state in AlertState
    }
    if not alerts.silences_known:
        return say("alerts.counts_unsilenced", **counts)
    return say("alerts.counts_inhibited" if counts["inhibited"] else "alerts.counts", **counts)


def draw_alerts(groups: tuple[AlertGroup, ...], view: AlertView, say_: Say, width: int) -> DrawnAlerts:
    """Every group, whatever room there is; who shows it scrolls."""
    lines: list[Text] = []
    first = after = place = 0
    for group in groups:
        if len(group.alerts) > 1:
            lines.append(_group_line(group, view, say_, width))
        for alert in group.alerts:
            chosen = place == view.cursor
            block = [_alert(alert, group, view, say_, width, chosen=chosen)]
            if chosen or view.all_unfolded:
                block += _unfolded(alert, view, say_, width)
            if chosen:
                first = len(lines) - (alert is group.alerts[0] and len(group.alerts) > 1)
                after = len(lines) + len(block)
            lines += block
            place += 1
    return DrawnAlerts(lines, first, after)


def explain_alert(alert: Alert, runbook: str, say_: Say, width: int, now: float) -> list[Text]:
    """All that is known of one alert, whole."""
    value = say_(say("panels.value_unknown")) if alert.value is None else repr(alert.value)
    facts = [
        ("alerts.state", say_(state_text(alert, now))),
        (
            "alerts.pending_since" if alert.state is AlertState.PENDING else "alerts.since",
            _moment(alert.since),
        ),
        *([("alerts.fires_at", _moment(alert.fires_at))] if alert.fires_at is not None else []),
        *_quiet_facts(alert),
        ("alerts.value", value),
        ("alerts.expr", alert.expr or say_(say("panels.value_unknown"))),
        ("alerts.source", alert.source),
        ("alerts.runbook", runbook or say_(say("alerts.no_runbook"))),
    ]
    lines = [Text(f"   {alert.name}", "title")]
    for key, text in facts:
        lines += _fact_lines(say_(say(key)), text, width)
    for key, pairs in (("alerts.labels", alert.labels), ("alerts.annotations", alert.annotations)):
        lines.append(Text(f"   {say_(say(key))}", "title"))
        for name, text in sorted(pairs.items()):
            lines += _fact_lines(f"  {name}", text, width)
    return lines


def _quiet_facts(alert: Alert) -> list[tuple[str, str]]:
    """Who does not want to be told of it, and for how long."""
    if alert.quiet is None:
        return []
    facts = [(f"alerts.{alert.state}_by", alert.quiet.by)] if alert.quiet.by else []
    if alert.quiet.since is not None:
        facts.append(("alerts.silenced_since", _moment(alert.quiet.since)))
    if alert.quiet.until is not None:
        facts.append(("alerts.silenced_until", _moment(alert.quiet.until)))
    return facts


def _moment(at: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%SZ", time.gmtime(at))


def _fact_lines(name: str, text: str, width: int) -> list[Text]:
    parts = [part for line in text.splitlines() for part in wrap_to_width(line, max(10, width - 20))] or [""]
    lines = [Text(no_wrap=True).append(cut(f"   {name}", 18), "quiet").append(" " + parts[0])]
    return [*lines, *(Text(" " * 19 + part, no_wrap=True) for part in parts[1:])]


def _mark(verdict: Verdict, view: AlertView, state: AlertState) -> tuple[str, str]:
    if state in QUIET:
        return ("-" if view.ascii_only else "–"), "quiet"
    return (ASCII_MARKS if view.ascii_only else MARKS)[verdict], STYLES[verdict]


def _group_line(group: AlertGroup, view: AlertView, say_: Say, width: int) -> Text:
    mark, style = _mark(group.verdict, view, group.alerts[0].state)
    times = "x" if view.ascii_only else "×"
    line = Text(no_wrap=True)
    line.append(f"  {mark} ", style)
    line.append(f"{group.name}  {len(group.alerts)}{times}", "title")
    runbook = view.runbooks.get(group.name)
    if runbook:
        line.append(f"   {say_(say('alerts.runbook'))} {runbook}", "quiet")
    line.truncate(width)
    return line


def _alert(alert: Alert, group: AlertGroup, view: AlertView, say_: Say, width: int, *, chosen: bool) -> Text:
    """Cursor, mark, name, state, age, whether it is new, the summary."""
    mark, style = _mark(alert_verdict(alert), view, alert.state)
    line = Text(no_wrap=True)
    if chosen:
        line.append(">" if view.ascii_only else "▶", "cursor")
    line.append(" " if chosen else "  ")
    name = alert.name
    if len(group.alerts) > 1:
        line.append("  ")
        name = " ".join(f"{label.name}={label.value}" for label in own_labels(alert, group))
    line.append(f"{mark} ", style)
    room = min(NAME_WIDTH, max(8, width // 2 - 4)) - (2 if len(group.alerts) > 1 else 0)
    shown = cut(name, room, ascii_only=view.ascii_only)
    line.append(shown.rstrip(), "chosen" if chosen else "").append(" " * (len(shown) - len(shown.rstrip())))
    loud = style if alert.urgency is Urgency.PAGE else ""
    line.append(" " + cut(say_(state_text(alert, view.now)), STATE_WIDTH, ascii_only=view.ascii_only), loud)
    line.append(f" {say_(age_text(alert.state_since, view.now)):>10} ", "quiet")
    new = alert.state_since > view.seen
    line.append((ASCII_NEW if view.ascii_only else NEW) if new else " ", "cursor" if new else "")
    summary = alert.annotations.get("summary", "")
    if not (chosen or view.all_unfolded):  # there it stands below, whole
        room = max(0, width - line.cell_len - 1)
        line.append(" " + cut(summary, room, ascii_only=view.ascii_only).rstrip())
    line.truncate(width)
    return line


def _unfolded(alert: Alert, view: AlertView, say_: Say, width: int) -> list[Text]:
    """Summary and labels whole, the runbook, the source."""
    lines = []
    texts = [alert.annotations.get("summary", ""), alert.annotations.get("description", "")]
    for text in texts:
        lines += [Text("      " + part, "remark", no_wrap=True) for part in wrap_to_width(text, width - 8)][
            :3
        ]
    labels = "  ".join(
        f"{name}={value}"
        for name, value in sorted(alert.labels.items())
        if name not in ("alertname", "severity")
    )
    lines += [Text("      " + part, no_wrap=True) for part in wrap_to_width(labels, width - 8)][:3]
    runbook = view.runbooks.get(alert.name, "")
    last = Text("      ", no_wrap=True)
    if runbook:
        last.append(say_(say("alerts.runbook")) + " ", "quiet").append(runbook, "title").append("   ")
    last.append(f"{say_(say('alerts.source'))} {alert.source}", "quiet")
    return [*lines, last]
