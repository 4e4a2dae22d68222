"""The evaluator agrees with Prometheus on the same samples to 1e-9: live where it is installed, always on the corpus."""

from __future__ import annotations

import gzip
import json
import math
from typing import TYPE_CHECKING, Any

import pytest

from core.errors import BadQuery
from signals.metrics.exposition import read_capture
from signals.metrics.prometheus_api import answer_to_json
from signals.metrics.promql import evaluate, evaluate_range
from signals.store.ring import Ring
from tests.signals.metrics.promql import oracle
from tests.signals.metrics.promql.capture import lines, write
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


def near(one: str, other: str) -> bool:
    a, b = float(one), float(other)
    return a == b or (math.isnan(a) and math.isnan(b)) or math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-12)


def same(mine: dict[str, Any], theirs: dict[str, Any]) -> bool:
    if "error" in mine or "error" in theirs:
        return ("error" in mine) == ("error" in theirs)
    if mine["resultType"] != theirs["resultType"]:
        return False
    if mine["resultType"] == "string":
        return bool(mine["result"] == theirs["result"])
    if mine["resultType"] == "scalar":
        return near(mine["result"][1], theirs["result"][1])
    table = {tuple(sorted(item["metric"].items())): item for item in mine["result"]}
    if len(mine["result"]) != len(theirs["result"]):
        return False
    for item in theirs["result"]:
        own = table.get(tuple(sorted(item["metric"].items())))
        if own is None:
            return False
        pairs = item.get("values") or [item["value"]]
        own_pairs = own.get("values") or [own["value"]]
        if [pair[0] for pair in pairs] != [pair[0] for pair in own_pairs]:
            return False
        if not all(near(a[1], b[1]) for a, b in zip(own_pairs, pairs, strict=True)):
            return False
    return True


def unnamed(data: dict[str, Any]) -> dict[str, Any]:
    """Prometheus 2 leaves the metric's name on the result of atan2, which Prometheus 3 does not."""
    if data.get("resultType") in ("vector", "matrix"):
        for item in data["result"]:
            item["metric"].pop("__name__", None)
    return data


def differences(rows: list[tuple[str, float, dict[str, Any], dict[str, Any]]]) -> list[str]:
    """What differs beyond the two known differences between Prometheus 2 and 3, which have cases of their own."""
    wrong = []
    for expr, at, mine, theirs in rows:
        if not same(mine, unnamed(theirs) if "atan2" in expr else theirs):
            wrong.append(f"{expr} @ {at}\n  ours   {str(mine)[:400]}\n  theirs {str(theirs)[:400]}")
    return wrong


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
