"""Brings work back in stages, and steps back as soon as refusals rise.

Limit first, traffic second: the rates of a stage are set on every worker before the queues are released. While a stage is
watched, workers that restarted are given their limit again. A check that is not met steps back one stage; from the first
one back to the hold. A check that can't be measured is no green light: the stage lasts longer.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from actions.checks import verifications
from actions.errors import ActionFailed, Cancelled
from actions.model import Verification
from actions.queues.broker import open_queue
from actions.queues.consumers import begin_consuming, read_consumers, stop_consuming
from actions.queues.consumers_before import recall, remember
from actions.queues.pool import read_sizes, resize
from actions.queues.return_course import (
    FULL,
    HELD,
    read_standing,
    share_by_limits,
    share_by_sizes,
    write_standing,
)
from actions.rate_limits import read_all_limits, set_limits
from core.errors import SourceError
from core.message import say

if TYPE_CHECKING:
    from actions.model import Context
    from actions.queues.return_course import Course
    from core.message import Message

MAX_BACKS = 3
"""After so many steps back it stays where it is: the cause is not gone."""
POLL_SHARE, MAX_POLL_S = 10, 10.0
"""A stage is looked at so often, but at least this often."""
GRACE = 0.5
"""So much of a stage after a step back what is refused still counts as refused before it."""
PATIENCE = 5
"""So many stages long nothing can be measured before the run ends; the stage stays."""


def go_back_to_work(course: Course, context: Context) -> None:
    """Stage by stage, from where it stands. Raises `ActionFailed` that names the share at which it stays, or `Cancelled`."""
    standing = read_standing(context, course)
    shares = course.shares
    stands_at = stands_by_workers(course, context) if standing is None else standing.share
    index = _first(course, stands_at)
    backs, is_back = 0, False
    while index < len(shares):
        share = shares[index]
        set_share(course, share, context, is_back=is_back)
        refusal = _watch(course, share, context, grace_s=course.stage_s * GRACE if backs else 0.0)
        if refusal is None:
            index, is_back = index + 1, False
            continue
        backs += 1
        context.print_line(f"{share} %: refusals rise, step back")
        if index == 0:
            set_share(course, HELD, context, why=refusal.key)
            write_standing(context, course, HELD, "held back", refusal.key)
            raise ActionFailed(say("actions_queues.returned_to_hold", share=share, why=refusal))
        index -= 1
        is_back = True
        if backs >= MAX_BACKS:
            set_share(course, shares[index], context, why=refusal.key, is_back=True)
            write_standing(context, course, shares[index], "held back", refusal.key)
            raise ActionFailed(
                say("actions_queues.return_stays", share=shares[index], count=backs, why=refusal)
            )
    write_standing(context, course, shares[-1], "done" if shares[-1] >= FULL else "held back")


def stands_by_workers(course: Course, context: Context) -> int | None:
    """Where this return stands although this host knows of none: another host's, by what the workers say.

    None where they say nothing of it, and where a queue is held: what comes back from a hold begins with the first stage.
    """
    for queue in course.queues:
        if open_queue(context, queue).count()[1] or not read_consumers(context.workers, queue)[0]:
            return None
    if course.rates:
        return share_by_limits(course, read_all_limits(context.workers, course.rates)[0])
    return share_by_sizes(course, read_sizes(context.workers))


def _first(course: Course, stood_at: int | None) -> int:
    """The stage to begin with: the one at which it stood, or the one below."""
    below = [index for index, share in enumerate(course.shares) if stood_at is not None and share <= stood_at]
    return max(below, default=0)


def set_share(course: Course, share: int, context: Context, why: str = "", *, is_back: bool = False) -> None:
    """All workers at the rates of this share; then the queues released, or held where it is none.

    On the way up one that does not confirm ends it. On the way back it is told again while the stage is watched.
    """
    write_standing(context, course, share, "changing", why)
    if share == HELD:
        _hold(course, context)
        write_standing(context, course, share, "watching", why)
        return
    unconfirmed = _set_rates(course, share, context)
    for worker, reason in unconfirmed.items():
        context.print_line(f"{share} %: {worker} {reason or 'unconfirmed'}")
    if unconfirmed and not is_back:
        worker, reason = next(iter(unconfirmed.items()))
        raise ActionFailed(
            say("actions_queues.return_unconfirmed", share=share, worker=worker, why=reason or "unconfirmed")
        )
    limits = [f"{task} {course.rate_at(task, share)}" for task in course.rates]
    size = course.processes_at(share)
    context.print_line(f"{share} %: {', '.join([*limits, *([f'{size} processes'] if size else [])])}")
    _release(course, context)
    write_standing(context, course, share, "watching", why)


def _set_rates(course: Course, share: int, context: Context) -> dict[str, str]:
    """Only where the limit is another one; what speaks against it by worker."""
    by_task, _answered = read_all_limits(context.workers, course.rates)
    failed: dict[str, str] = {}
    for task, limits in by_task.items():
        rate = course.rate_at(task, share)
        failed |= set_limits(context.workers, task, {name: rate for name in limits if limits[name] != rate})
    if wanted := _wanted_sizes(course, share, context):
        failed |= resize(wanted, context)
    return failed


def _wanted_sizes(course: Course, share: int, context: Context) -> dict[str, int]:
    """Of those whose pool has another size."""
    size = course.processes_at(share)
    if size is None:
        return {}
    return {worker: size for worker, now in read_sizes(context.workers).items() if now != size}


def _release(course: Course, context: Context) -> None:
    for queue in course.queues:
        consuming, _others = read_consumers(context.workers, queue)
        moved = open_queue(context, queue).put_back()
        missing = sorted(set(course.workers or recall(context, queue)) - set(consuming))
        failed = begin_consuming(context.workers, queue, missing)
        if moved or missing:
            context.print_line(f"{queue}: {moved} messages put back, {len(missing) - len(failed)} begin")
        if missing and len(failed) == len(missing) and not consuming:
            worker, why = next(iter(failed.items()))
            raise ActionFailed(
                say("actions.consumes_not", worker=worker, why=why or "unconfirmed", count=moved)
            )


def _hold(course: Course, context: Context) -> None:
    _set_rates(course, HELD, context)
    for queue in course.queues:
        consuming, _others = read_consumers(context.workers, queue)
        remember(context, queue, consuming)
        failed = stop_consuming(context.workers, queue, consuming)
        moved = open_queue(context, queue).set_aside()
        context.print_line(f"{queue}: held, {moved} messages set aside")
        for worker, why in failed.items():
            context.print_line(f"{queue}: {worker} {why or 'unconfirmed'}")


def _watch(course: Course, share: int, context: Context, *, grace_s: float) -> Message | None:
    """None when the stage was quiet for long enough; else what rose. Time in which nothing is known does not count."""
    quiet_s, began = 0.0, time.monotonic()
    last = began
    unknown_since: float | None = None
    while quiet_s < course.stage_s:
        refusal, is_known, text = _refusals(course, context)
        missing = _keep_rates(course, share, context)
        if missing is not None:
            is_known, text = False, missing
        now = time.monotonic()
        passed, last = now - last, now
        if refusal is not None and now - began >= grace_s:
            return refusal
        if refusal is not None:
            quiet_s = 0.0
        elif is_known:
            quiet_s, unknown_since = quiet_s + passed, None
        else:
            unknown_since = unknown_since or now
            if now - unknown_since > PATIENCE * course.stage_s:
                write_standing(context, course, share, "held back", text.key)
                raise ActionFailed(say("actions_queues.return_blind", share=share, why=text))
        _rest(min(MAX_POLL_S, course.stage_s / POLL_SHARE), context)
    return None


def _rest(seconds: float, context: Context) -> None:
    end = time.monotonic() + seconds
    while True:
        if context.is_cancelled():
            raise Cancelled(say("actions.cancelled"))
        left = end - time.monotonic()
        if left <= 0:
            return
        time.sleep(min(0.2, left))


def _refusals(course: Course, context: Context) -> tuple[Message | None, bool, Message]:
    """What rose, whether all is known, and what the last check said."""
    text = say("actions_queues.return_no_check")
    is_known = bool(course.refusals)
    for each in verifications(course.refusals, context):
        text = each.text
        if each.ok is False:
            return each.text, True, text
        is_known = is_known and each.ok is True
    return None, is_known, text


def _keep_rates(course: Course, share: int, context: Context) -> Message | None:
    """A worker that restarted has forgotten. What speaks against it when nobody knows whether all have their limits."""
    try:
        failed = _set_rates(course, share, context)
    except SourceError as error:
        context.print_line(f"{share} %: {type(error).__name__}")
        return error.message
    for worker, why in failed.items():
        context.print_line(f"{worker}: {why or 'unconfirmed'}")
    return say("actions.unconfirmed", workers=", ".join(sorted(failed))) if failed else None


def keep_share(course: Course, share: int, context: Context) -> tuple[Message, ...]:
    """For whoever keeps it once its runner is gone: the same for workers that (re)started since."""
    changes: list[Message] = []
    by_task, _answered = read_all_limits(context.workers, course.rates)
    for task, limits in by_task.items():
        rate = course.rate_at(task, share)
        missing = {worker: rate for worker, limit in limits.items() if limit != rate}
        failed = set_limits(context.workers, task, missing)
        changes += [
            say("actions.kept_not", worker=worker, why=failed[worker] or "?")
            if worker in failed
            else say("actions.kept", worker=worker, rate=rate)
            for worker in sorted(missing)
        ]
    if wanted := _wanted_sizes(course, share, context):
        failed = resize(wanted, context)
        changes += [
            say("actions.pool_failed", worker=worker, why=failed[worker] or "?")
            if worker in failed
            else say("actions.pool_size_is", worker=worker, size=size)
            for worker, size in sorted(wanted.items())
        ]
    if share == HELD:
        for queue in course.queues:
            consuming, _others = read_consumers(context.workers, queue)
            stop_consuming(context.workers, queue, consuming)
            changes += [say("actions.stopped_again", worker=worker) for worker in consuming]
            if moved := open_queue(context, queue).set_aside():
                changes.append(say("actions.set_aside_again", count=moved))
    return tuple(changes)


def verify_share(course: Course, share: int, context: Context) -> tuple[Verification, ...]:
    """The limit of every task on every worker by its own word, and who consumes the queues."""
    by_task, answered = read_all_limits(context.workers, course.rates)
    checks = [
        Verification(
            say("actions_queues.limit_of_is", task=task, worker=worker, rate=limit),
            ok=limit == course.rate_at(task, share),
        )
        for task, limits in by_task.items()
        for worker, limit in sorted(limits.items())
    ]
    wanted_size = course.processes_at(share)
    if wanted_size is not None:
        checks += [
            Verification(say("actions.pool_size_is", worker=worker, size=size), ok=size == wanted_size)
            for worker, size in read_sizes(context.workers).items()
        ]
    if not answered:
        checks.append(Verification(say("actions.nobody_answered"), ok=None))
    for queue in course.queues:
        consuming, others = read_consumers(context.workers, queue)
        waiting, aside = open_queue(context, queue).count()
        text = (
            say("actions.consumed_by", workers=", ".join(consuming))
            if consuming
            else say("actions.consumed_by_nobody" if others else "actions.nobody_answered")
        )
        as_wanted = bool(consuming) == (share != HELD)
        checks.append(Verification(text, ok=as_wanted if consuming or others else None))
        checks.append(
            Verification(
                say("actions.waits_and_aside", waiting=waiting, aside=aside), ok=share == HELD or not aside
            )
        )
    return tuple(checks)
