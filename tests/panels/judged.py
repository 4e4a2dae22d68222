"""A panel's state from fixed answers, without a source."""

from __future__ import annotations

from typing import TYPE_CHECKING

from panels.enrich.alerts import contribute
from panels.fetch import Answers, until_now
from panels.fold import fold
from panels.judge import judge, queries_to_draw
from panels.projection import project
from signals.alerts.model import Alerts
from signals.alerts.urgency import rated
from signals.settings import AlertsSettings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from core.errors import SourceError
    from panels.fold import Contribution
    from panels.no_data.diagnosis import Diagnosis
    from panels.spec import PanelSpec
    from panels.state import PanelState
    from signals.reading import Answer


def judge_panel(
    spec: PanelSpec,
    answers: Mapping[str, Answer | SourceError],
    at: float,
    *,
    history: Answer | None = None,
    diagnoses: Mapping[str, Diagnosis | SourceError] | None = None,
    buckets: Mapping[str, Answer | SourceError] | None = None,
    trials: Mapping[str, Answer | SourceError] | None = None,
    enriched: Sequence[Contribution] = (),
) -> PanelState:
    """What `evaluate` would make of these answers and contributions."""
    asked = Answers(
        by_query=answers,
        buckets=buckets or {},
        trials=trials or {},
        diagnoses=diagnoses or {},
        histories={spec.chart: until_now(history, answers.get(spec.chart))}
        if history and history.series
        else {},
    )
    projected = [project(query, asked, at) for query in queries_to_draw(spec, asked)]
    return fold(spec, at, [*judge(spec, asked), *projected], enriched)


def judge_alerts(spec: PanelSpec, alerts: Alerts | SourceError | None, at: float) -> PanelState:
    """The panel of alerts, rated as they are where nothing is configured."""
    if isinstance(alerts, Alerts):
        alerts = rated(alerts, AlertsSettings())
    return fold(spec, at, [], [contribute(alerts, at)])
