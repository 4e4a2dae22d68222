"""Boards with states of our making, for tests that press keys."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from core.message import Message
from panels.spec import PanelSpec, QuerySpec
from panels.state import PanelState
from signals.alerts.model import Alert, Alerts, AlertState
from signals.reading import Answer, Series
from tests.panels.judged import judge_alerts, judge_panel
from tui.app import Warroom
from tui.config.model import Config
from tui.feeds.signals import PanelJudged
from tui.i18n import CODES, Language

if TYPE_CHECKING:
    from textual.pilot import Pilot

IDS = ("slo", "alerts", "queues", "riot429", "ban", "llm", "cost", "release")


def metric(name: str, value: float, at: float | None = None) -> PanelState:
    """A panel that warns over 50 and burns over 100, with half an hour of history."""
    at = time.time() if at is None else at
    query = QuerySpec(name="n", expr=f"n_of_{name}", unit="count", warn=50, burning=100, by="queue")
    spec = PanelSpec(id=name, title=name.upper(), title_zh=f"{name}面板", queries=(query,), chart="n")
    labels = (("queue", f"{name}_one"),)
    now = Answer("n", "vector", (Series(labels, (at,), (value,)),), "t", at)
    times = tuple(at - 1800 + 30 * step for step in range(60))
    past = Answer("n", "matrix", (Series(labels, times, tuple(value for _ in times)),), "t", at)
    return judge_panel(spec, {"n": now}, at, history=past)


def alert(
    name: str, state: str = "firing", since_s: float = 600, severity: str = "page", **labels: str
) -> Alert:
    """One that is `since_s` seconds old."""
    return Alert(
        name,
        AlertState(state),
        severity,
        {"alertname": name, "severity": severity, **labels},
        {"summary": f"summary of {name}", "runbook": f"book-of-{name}"},
        time.time() - since_s,
        1.5,
        f"vector(1) > 0 # {name}",
        "prometheus",
    )


def alerts(*found: Alert, broken: tuple[tuple[str, Message], ...] = ()) -> PanelState:
    """The panel of alerts that holds these."""
    now = time.time()
    spec = PanelSpec(id="alerts", title="Alerts", title_zh="告警", kind="alerts")
    return judge_alerts(spec, Alerts(found, 9, broken, now, "prometheus", silences_known=True), now)


def board(*states: PanelState, code: str = "en") -> Warroom:
    """A board that has these states as its news, once it runs: `tell(app)`."""
    app = Warroom(None, Language(next(one for one in CODES if one == code)))
    app.order = tuple(state.id for state in states)
    app.service = "chimera prod"
    app.ascii_only = False
    app.runs.open(Config())
    return app


def tell(app: Warroom, *states: PanelState) -> None:
    """News."""
    for state in states:
        app.on_panel_judged(PanelJudged(state))
    app.repaint()


def eight(worst: str = "queues") -> list[PanelState]:
    """The usual board; one of its panels burns."""
    return [alerts() if name == "alerts" else metric(name, 143 if name == worst else 1) for name in IDS]


async def shown(pilot: Pilot[str]) -> str:
    """All lines of the screen on top, as a person sees them."""
    await pilot.pause()
    strips = pilot.app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip) for strip in strips)
