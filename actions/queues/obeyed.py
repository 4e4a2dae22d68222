"""Whether producers obey a flag: what still comes into their queues, and from which process."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from actions.errors import ActionRefused, Cancelled
from actions.model import Verification
from actions.queues.broker import open_queue
from actions.queues.consumers import read_consumers
from actions.queues.inflow import watch
from core.message import Message, say

if TYPE_CHECKING:
    from collections.abc import Iterable

    from actions.model import Context
    from actions.queues.inflow import Inflow

SHOWN_ORIGINS = 3


def who_still_sends(
    queues: Iterable[str], window_s: float, settle_s: float, context: Context
) -> tuple[Verification, ...]:
    """Queue by queue. Who has to notice first is given `settle_s`: the last window counts."""
    end = time.monotonic() + settle_s
    answered = {queue: read_consumers(context.workers, queue) for queue in queues}
    results: dict[str, Inflow | Message] = {}
    waiting = set(answered)
    while waiting:
        for queue in sorted(waiting):
            consuming, others = answered[queue]
            consumed = bool(consuming) or not others  # whom nobody could ask, may consume
            try:
                results[queue] = watch(open_queue(context, queue).sight, window_s, consumed=consumed)
            except ActionRefused as error:  # nobody has declared it
                results[queue] = error.message
            if context.is_cancelled():
                raise Cancelled(say("actions.cancelled"))
        waiting = {queue for queue in waiting if _is_sent(results[queue])}
        if time.monotonic() >= end:
            break
    return tuple(
        Verification(result, ok=None) if isinstance(result, Message) else _verification(queue, result)
        for queue, result in sorted(results.items())
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
