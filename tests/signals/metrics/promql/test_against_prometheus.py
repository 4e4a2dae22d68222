"""The evaluator agrees with Prometheus on the same samples to 1e-9: live where it is installed, always on the corpus."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

import pytest

from core.errors import BadQuery
from signals.metrics.exposition import read_capture
from signals.metrics.promql import evaluate, evaluate_range
from signals.prometheus.api import answer_to_json
from signals.store.ring import Ring
from tests.signals.metrics.promql import oracle
from tests.signals.metrics.promql.capture import lines, write
from tests.signals.metrics.promql.comparison import differences
from tests.signals.metrics.promql.expressions import FIXED

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def ring() -> Ring:
    ring = Ring(retention_s=1e9)
    for labels, value, at in read_capture(("\n".join(lines()) + "\n").encode()).samples:
        assert at is not None
        ring.append(labels, at, value)
    return ring


def ours(ring: Ring, expr: str, at: float) -> dict[str, Any]:
    try:
        return answer_to_json(evaluate(expr, ring, at))
    except BadQuery as error:
        return {"error": error.message.key}


def test_agrees_with_the_recorded_answers(ring: Ring) -> None:
    corpus = json.loads(gzip.decompress(oracle.CORPUS.read_bytes()))
    rows = [(expr, at, ours(ring, expr, at), theirs) for expr, at, theirs in corpus["rows"]]
    assert len(rows) > 1000
    assert not (wrong := differences(rows)), f"{len(wrong)} of {len(rows)} differ:\n" + "\n".join(wrong[:30])


if oracle.installed():

    def test_agrees_with_the_live_server(ring: Ring, tmp_path: Path) -> None:
        with oracle.prometheus(tmp_path, write(tmp_path / "capture.om")) as client:
            rows = [
                (expr, at, ours(ring, expr, at), oracle.ask(client, expr, at))
                for expr, at in oracle.questions()
            ]
            spans = [
                (expr, 0.0, span(ring, expr), oracle.ask_span(client, expr))
                for expr in FIXED[:: 3 if len(FIXED) > 300 else 1]
            ]
        rows += spans
        assert not (wrong := differences(rows)), f"{len(wrong)} of {len(rows)} differ:\n" + "\n".join(
            wrong[:30]
        )


def span(ring: Ring, expr: str) -> dict[str, Any]:
    try:
        return answer_to_json(evaluate_range(expr, ring, *oracle.SPAN))
    except BadQuery as error:
        return {"error": error.message.key}
