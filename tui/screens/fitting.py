"""Which runbooks fit what somebody looks at, best first."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from panels.state import PanelState
    from runbooks.library import Library
    from runbooks.model import Runbook
    from tui.face import Face


class Subject(NamedTuple):
    """What somebody wants a runbook for, or an action; both may be empty."""

    alert: str = ""
    panel: str = ""


def fitting_runbooks(face: Face, library: Library, subject: Subject) -> list[Runbook]:
    """Those that answer the alert, then those that the panel names or that explain it, by what burns there."""
    fitting = list(library.for_alert(subject.alert)) if subject.alert else []
    state = face.states.get(subject.panel)
    configured = library.get(state.runbook) if state is not None else None
    explaining = library.for_panel(subject.panel) if subject.panel else ()
    named = [*([configured] if configured is not None else []), *explaining]
    return fitting + [runbook for runbook in _ranked(face, state, named) if runbook not in fitting]


def runbook_title(face: Face, alert: str) -> str:
    """The runbook that answers an alert, by its title, else what the alert itself names; empty without either."""
    library = face.incidents.library
    runbooks = library.for_alert(alert) if library is not None else ()
    if runbooks:
        return runbooks[0].title
    annotations = [
        firing.annotations
        for state in face.states.values()
        if state.alerts
        for firing in state.alerts.alerts
        if firing.name == alert
    ]
    links = (notes.get("runbook") or notes.get("runbook_url") for notes in annotations)
    return next(filter(None, links), "")


def _ranked(face: Face, state: PanelState | None, runbooks: list[Runbook]) -> list[Runbook]:
    """By what burns on the panel."""
    from tui.incident.ranking import burning_metrics, rank_runbooks

    spec = face.signals_thread.specs.get(state.id) if state is not None and face.signals_thread else None
    metrics = burning_metrics(state, spec) if state is not None and spec is not None else frozenset()
    return rank_runbooks(list({runbook.id: runbook for runbook in runbooks}.values()), metrics)
