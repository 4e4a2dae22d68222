"""Whether producers obey a flag: what still comes into their queues, and from which process."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from actions.errors import ActionRefused, Cancelled
from actions.model import Verification
from actions.queues.broker import open_queue
from actions.queues.consumers import read_consumers
from actions.queues.inflow import watch
from core.message import Message, say

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from actions.capabilities import Workers
    from actions.model import Context
    from actions.queues.inflow import Inflow

SHOWN_ORIGINS = 3


@dataclass(frozen=True, slots=True)
class Work:
    """What one worker has had until now: which process it is, how many tasks it began, and those that it holds."""

    process: object
    begun: int
    held: frozenset[str]


def who_still_sends(
    queues: Iterable[str], window_s: float, settle_s: float, context: Context
) -> tuple[Verification, ...]:
    """Queue by queue. Who has to notice first is given `settle_s`: the last window counts."""
    end = time.monotonic() + settle_s
    answered = {queue: read_consumers(context.workers, queue) for queue in queues}
    results: dict[str, Inflow | Message] = {}
    waiting = set(answered)
    while waiting:
        work = read_work(context.workers)
        for queue in sorted(waiting):
            consuming, others = answered[queue]
            consumed = bool(consuming) or not others  # whom nobody could ask, may consume
            try:
                results[queue] = watch(open_queue(context, queue).sight, window_s, consumed=consumed)
            except ActionRefused as error:  # nobody has declared it
                results[queue] = error.message
            if context.is_cancelled():
                raise Cancelled(say("actions.cancelled"))
        _ask_who_took(results, {queue: answered[queue][0] for queue in waiting}, work, context.workers)
        waiting = {queue for queue in waiting if _is_sent(results[queue])}
        if time.monotonic() >= end:
            break
    return tuple(
        Verification(result, ok=None) if isinstance(result, Message) else _verification(queue, result)
        for queue, result in sorted(results.items())
    )


def read_work(workers: Workers) -> dict[str, Work]:
    """By worker that answers to all questions."""
    totals: dict[str, tuple[object, int]] = {}
    for worker, stats in workers.ask("stats").items():
        counts = stats.get("total") if isinstance(stats, dict) else None
        if isinstance(counts, dict):
            totals[worker] = (stats.get("pid"), sum(n for n in counts.values() if isinstance(n, int)))
    held: dict[str, set[str]] = {worker: set() for worker in totals}
    answers = [workers.ask(command, expected=len(totals)) for command in ("scheduled", "reserved", "active")]
    for answer in answers:
        for worker, requests in answer.items():
            for request in requests or ():
                inner = request.get("request", request) if isinstance(request, dict) else {}
                held.setdefault(worker, set()).add(str(inner.get("id")))
    return {
        worker: Work(process, begun, frozenset(held[worker]))
        for worker, (process, begun) in totals.items()
        if all(worker in answer for answer in answers)
    }


def _ask_who_took(
    results: Mapping[str, Inflow | Message],
    consuming: Mapping[str, tuple[str, ...]],
    before: Mapping[str, Work],
    workers: Workers,
) -> None:
    """An empty queue says nothing. But whoever consumes it and has begun and holds nothing new was given nothing."""
    unknown = {
        queue: inflow
        for queue in consuming
        if not isinstance(inflow := results[queue], Message) and inflow.is_zero is None and consuming[queue]
    }
    now = read_work(workers) if unknown else {}
    for queue, inflow in unknown.items():
        inflow.is_complete = all(
            _got_nothing(before.get(worker), now.get(worker)) for worker in consuming[queue]
        )


def _got_nothing(before: Work | None, now: Work | None) -> bool:
    return (
        before is not None
        and now is not None
        and (before.process, before.begun) == (now.process, now.begun)
        and now.held <= before.held
    )


def _is_sent(result: Inflow | Message) -> bool:
    return not isinstance(result, Message) and result.is_zero is False


def _verification(queue: str, inflow: Inflow) -> Verification:
    seconds = round(inflow.seconds, 1)
    if inflow.new:
        origins = ", ".join(sorted(inflow.origins)[:SHOWN_ORIGINS]) or "?"
        text = say(
            "actions_queues.still_sent", queue=queue, count=inflow.new, seconds=seconds, origins=origins
        )
    elif inflow.is_complete:
        text = say("actions_queues.nothing_sent", queue=queue, seconds=seconds, retries=inflow.retries)
    else:
        text = say("actions_queues.inflow_unknown", queue=queue)
    return Verification(text, ok=inflow.is_zero)
