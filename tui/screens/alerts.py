"""All alerts, by their cause: firing, pending and silenced, with the runbook that answers each."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from rich.text import Text

from tui.screens.fitting import Subject, runbook_title
from tui.screens.page import Page
from tui.widgets.lines import scroll_to

if TYPE_CHECKING:
    from panels.alerts import AlertGroup
    from panels.state import PanelState
    from signals.alerts.model import Alert


class AlertsScreen(Page):
    """The cursor stays with its alert when others come and go."""

    page = "alerts"

    def __init__(self) -> None:
        super().__init__()
        self._chosen: tuple[object, ...] = ()
        self._place = 0
        self._top = 0

    def body(self, width: int, height: int, now: float) -> list[Text]:
        """The counts, then every alert; rules that could not be evaluated are named at the end."""
        from panels.draw.alerts import AlertView, counts_text, draw_alerts
        from panels.draw.text import wrap_to_width

        face, words = self.face, self.face.words
        state = self._state()
        if state is None or state.alerts is None:
            key, reason = (
                ("alerts.waiting", "") if state is None else ("alerts.unknown", words.say(state.reason))
            )
            return [
                Text("   " + part, "unknown")
                for part in wrap_to_width(words.text(key, reason=reason), width - 4)
            ]
        groups = self._groups()
        head = Text(f" {words.say(state.title)}  ", "title", no_wrap=True)
        head.append(words.say(counts_text(state.alerts)), "")
        head.append(f"   {words.text('alerts.source')} {state.alerts.source}", "quiet")
        head.truncate(width)
        runbooks = {group.name: runbook_title(face, group.name) for group in groups}
        view = AlertView(
            now=now,
            cursor=self._cursor_index(groups),
            seen=face.activity.last_look(now),
            runbooks=runbooks,
            ascii_only=face.ascii_only,
        )
        drawing = draw_alerts(groups, replace(view, all_unfolded=True), words.say, width)
        if len(drawing.lines) + 2 * len(state.alerts.broken) > height - 1:
            drawing = draw_alerts(groups, view, words.say, width)
        lines = drawing.lines
        if not lines:
            text = words.say(state.reason)
            if state.alerts.evaluated:
                text = words.text("alerts.none", rules=state.alerts.rules)
            if self.filter.text:
                text = words.text("alerts.none_match", text=self.filter.text)
            lines = [Text(f"   {text}")]
        for _, why in state.alerts.unheard:
            mark = "X" if face.ascii_only else "✖"
            lines += [
                Text(f"   {' ' if index else mark} {part}", "burning")
                for index, part in enumerate(wrap_to_width(words.say(why), width - 6))
            ]
        for name, why in state.alerts.broken:
            text = words.text("alerts.broken", name=name, reason=words.say(why))
            lines += [
                Text(f"   {'? ' if not index else '  '}{part}", "unknown")
                for index, part in enumerate(wrap_to_width(text, width - 6))
            ]
        room = height - 1
        self._top = scroll_to(self._top, drawing.first, drawing.after, room, len(lines))
        return [head, *lines[self._top : self._top + room]]

    def filtered(self) -> None:
        """The list starts at its top."""
        self._top = self._place = 0
        self._chosen = ()

    def chosen(self) -> Alert | None:
        """The alert under the cursor."""
        groups = self._groups()
        alerts = [alert for group in groups for alert in group.alerts]
        return alerts[self._cursor_index(groups)] if alerts else None

    def explanation(self, width: int) -> list[Text] | None:
        """All that is known of the alert under the cursor."""
        from panels.draw.alerts import explain_alert

        alert = self.chosen()
        if alert is None:
            return None
        title, now = runbook_title(self.face, alert.name), time.time()
        return explain_alert(alert, title, self.face.words.say, width, now)

    def action_move(self, step: int) -> None:
        """The next alert; at the ends the cursor stays."""
        groups = self._groups()
        alerts = [alert for group in groups for alert in group.alerts]
        if alerts:
            self._place = max(0, min(len(alerts) - 1, self._cursor_index(groups) + step))
            self._chosen = _identity(alerts[self._place])
        self.repaint()

    def action_scroll(self, step: int) -> None:
        """As many alerts further as there are lines."""
        self.action_move(step * max(1, self.size.height - 5))

    def action_top(self) -> None:
        """The first alert."""
        self.action_move(-1_000_000)

    def action_bottom(self) -> None:
        """The last alert."""
        self.action_move(1_000_000)

    def action_runbook(self) -> None:
        """The runbook that answers the alert under the cursor."""
        alert = self.chosen()
        if alert is not None:
            self.face.open_runbook_for(alert.name, None)

    def action_actions(self) -> None:
        """What can be done about the alert under the cursor."""
        from response.offers import alert_names
        from tui.screens.actions.offer import offer_actions

        alert, state = self.chosen(), self._state()
        if alert is not None and state is not None:
            offer_actions(self.face, Subject(alert.name, state.id), alert.name, alert_names(alert.labels))

    def _state(self) -> PanelState | None:
        states = [self.face.states[name] for name in self.face.order if name in self.face.states]
        return next((state for state in states if state.shape == "list"), None)

    def _groups(self) -> tuple[AlertGroup, ...]:
        from panels.draw.alerts import filter_alerts

        state = self._state()
        return () if state is None or state.alerts is None else filter_alerts(state.alerts, self.filter.keeps)

    def _cursor_index(self, groups: tuple[AlertGroup, ...]) -> int:
        """Where the cursor's alert stands now; where it stood when it is gone."""
        alerts = [alert for group in groups for alert in group.alerts]
        here = next(
            (index for index, alert in enumerate(alerts) if _identity(alert) == self._chosen), self._place
        )
        return max(0, min(here, len(alerts) - 1))


def _identity(alert: Alert) -> tuple[object, ...]:
    return alert.name, tuple(sorted(alert.labels.items()))
