"""Generated questions: a real Prometheus with the same samples says the same, and none ends the thread that asks."""

from __future__ import annotations

import random
import resource
import time
from typing import TYPE_CHECKING, Any

from core.errors import BadQuery, SourceError
from signals.metrics.promql import evaluate, evaluate_range
from signals.prometheus.api import answer_to_json
from signals.store.ring import Matcher, Ring
from tests.signals.metrics.promql import fuzz, oracle, remote_write
from tests.signals.metrics.promql.comparison import differences

if TYPE_CHECKING:
    from pathlib import Path

    import httpx
    import pytest

SEED, COUNT = 21, 500
SPAN_S, STEP_S = 1500, 47


def ours(ring: Ring, expr: str, at: float, *, ranged: bool) -> dict[str, Any]:
    try:
        answer = evaluate_range(expr, ring, at - SPAN_S, at, STEP_S) if ranged else evaluate(expr, ring, at)
    except BadQuery as error:
        return {"error": error.message.key}
    return answer_to_json(answer)


def theirs(client: httpx.Client, expr: str, at: float, *, ranged: bool) -> dict[str, Any]:
    if not ranged:
        return oracle.ask(client, expr, at)
    form = {"query": expr, "start": at - SPAN_S, "end": at, "step": STEP_S}
    body = client.post("/api/v1/query_range", data=form).json()
    return body["data"] if body["status"] == "success" else {"error": body["error"]}


if oracle.installed():

    def test_a_prometheus_with_the_same_samples_says_the_same(tmp_path: Path) -> None:
        ring, questions, chance = fuzz.filled(SEED), fuzz.Questions(SEED), random.Random(SEED)
        rows = []
        with oracle.serving(tmp_path, remote_write.FLAG) as client:
            remote_write.write(client, ring.select([Matcher("__name__", "=~", ".+")], 0, 2**60))
            for index in range(COUNT):
                expr, ranged = questions.vector(), index % 3 == 0
                at = int(fuzz.START) + chance.randint(0, fuzz.COUNT * fuzz.STEP_S) + 0.25
                pair = ours(ring, expr, at, ranged=ranged), theirs(client, expr, at, ranged=ranged)
                rows.append((expr, at, *pair))
        assert not (wrong := differences(rows)), f"{len(wrong)} differ:\n" + "\n".join(wrong[:20])
        assert sum(bool(row[3].get("result")) for row in rows) > COUNT / 2, "most have an answer"


def peak_mb() -> float:
    """The most memory that this process ever held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def test_nothing_that_is_asked_ends_the_thread_takes_the_memory_or_writes_to_the_terminal(
    capfd: pytest.CaptureFixture[str],
) -> None:
    ring, at, answered = fuzz.filled(SEED), fuzz.END - 100, 0
    began, before = time.monotonic(), peak_mb()
    for index, expr in enumerate(fuzz.hostile(SEED, 2000)):
        try:
            if index % 4:
                evaluate(expr, ring, at, timeout_s=0.5)
            else:
                evaluate_range(expr, ring, at - 3000, at, 15, timeout_s=0.5)
        except SourceError:
            continue
        answered += 1
    assert answered > 500
    assert peak_mb() - before < 150
    assert time.monotonic() - began < 240
    assert capfd.readouterr().err == ""
