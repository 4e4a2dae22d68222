"""Which runbook helps most with what burns on a panel: the one whose checks measure that value."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from panels.spec import PanelSpec
    from panels.state import PanelState
    from runbooks.model import Runbook


def burning_metrics(state: PanelState, spec: PanelSpec) -> frozenset[str]:
    """The names of the metrics behind the values that burn; where none does, behind those that warn."""
    from panels.limits import judge_value
    from signals.reading import Verdict

    queries = {query.expr: query for query in spec.queries if query.expr}
    judged = [
        (judge_value(queries[reading.query], reading.value), reading.query)
        for reading in state.readings
        if reading.query in queries and reading.value is not None
    ]
    for wanted in (Verdict.BURNING, Verdict.WARN):
        expressions = {query for verdict, query in judged if verdict is wanted}
        if expressions:
            return frozenset().union(*map(_names, expressions))
    return frozenset()


def rank_runbooks(runbooks: Sequence[Runbook], metrics: frozenset[str]) -> list[Runbook]:
    """Those first that measure one of `metrics`, most checks first; one that answers alerts goes before an exercise.

    The order of the others stays.
    """
    if not metrics:
        return list(runbooks)
    counts = {runbook.id: _count_checks(runbook, metrics) for runbook in runbooks}
    return sorted(runbooks, key=lambda book: (not (counts[book.id] and book.alerts), -counts[book.id]))


def _count_checks(runbook: Runbook, metrics: frozenset[str]) -> int:
    checks = [check for step in runbook.steps() for check in step.checks if check.promql]
    return sum(not metrics.isdisjoint(_names(check.promql)) for check in checks)


def _names(expr: str) -> frozenset[str]:
    """What a check measures; nothing where it can't be read: its own step says so."""
    from core.errors import BadQuery
    from signals.metrics.promql.names import metric_names

    try:
        return metric_names(expr)
    except BadQuery:
        return frozenset()
