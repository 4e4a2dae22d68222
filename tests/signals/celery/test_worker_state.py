"""The order of evidence, and that silence alone is never death."""

from __future__ import annotations

from dataclasses import replace

import pytest

from signals.celery.worker_state import ActiveTask, Evidence, infer_worker_state
from tui.i18n import Language

ANSWERS = Evidence(
    window_s=60,
    watched_s=100,
    max_answer_age_s=15,
    seen_s=1,
    answer_s=1,
    heartbeat_s=None,
    heartbeat_interval_s=2,
    signed_off_s=None,
    finished=0,
    active=(),
    waiting=0,
    backlog=False,
)
SILENT = replace(ANSWERS, answer_s=40, seen_s=40)
YOUNG, OLD, LATE = ActiveTask("t", 5, 300), ActiveTask("t", 100, 300), ActiveTask("t", 301, 300)


@pytest.mark.parametrize(
    ("found", "state", "key"),
    [
        (ANSWERS, "idle", "idle"),
        (replace(ANSWERS, finished=1), "working", "finished"),
        (replace(ANSWERS, finished=1, active=(LATE,)), "working", "finished_but"),
        (replace(ANSWERS, active=(YOUNG,)), "working", "runs"),
        (replace(ANSWERS, active=(YOUNG, LATE)), "stuck", "over_limit"),
        # pings, finishes nothing, and its queue does not shrink
        (replace(ANSWERS, backlog=True, waiting=9), "stuck", "no_progress"),
        (replace(ANSWERS, backlog=True, waiting=9, active=(OLD,)), "stuck", "no_progress"),
        (replace(ANSWERS, backlog=True, waiting=9, active=(OLD, YOUNG)), "working", "runs"),
        (replace(ANSWERS, backlog=True, waiting=9, finished=1), "working", "finished"),
        (replace(ANSWERS, backlog=True, waiting=9, watched_s=59), "idle", "idle"),
        # no answer
        (SILENT, "unknown", "silent"),
        (replace(SILENT, seen_s=1, heartbeat_s=6), "busy", "beats"),
        (replace(SILENT, heartbeat_s=6.1), "unknown", "silent"),
        (replace(SILENT, active=(OLD,)), "busy", "busy"),
        (replace(SILENT, active=(LATE,)), "unknown", "silent"),
        (replace(SILENT, answer_s=None), "unknown", "silent"),
        (replace(SILENT, answer_s=None, seen_s=None), "unknown", "never_seen"),
        (replace(ANSWERS, answer_s=15.1), "unknown", "silent"),
        (replace(ANSWERS, signed_off_s=3), "unknown", "signed_off"),
    ],
)
def test_the_strongest_evidence_decides(found: Evidence, state: str, key: str) -> None:
    got, why = infer_worker_state(found)
    assert (got, why.key) == (state, f"fleet.{key}")
    assert "{" not in Language("en").say(why)
