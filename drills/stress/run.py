"""Runs a stress plan: step by step, looking at the queue, the workers and the metrics meanwhile, and stopping by itself.

Blocks; raises a `WarroomError` where nothing can be sent. What was measured until then is in the result of a run that ends early.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import math
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from core.errors import SourceError, WarroomError
from core.message import Message, say
from drills.stress.judge import judge_step
from drills.stress.model import Sample, StepResult, StressResult
from drills.stress.senders import open_sender
from signals.sources import open_sources

if TYPE_CHECKING:
    from collections.abc import Callable

    from drills.stress.senders import Sender
    from drills.stress.settings import Step, StressSettings
    from drills.target import Target
    from signals.settings import SignalsSettings
    from signals.sources import Sources

SAMPLES_A_STEP, MIN_EVERY_S, MAX_EVERY_S = 60, 0.4, 5.0
ASK_EVERY_S, MIN_WINDOW_S = 2.0, 10.0
"""Metrics are asked less often than the queue, and not in a step's first seconds: a rate would tell of what was before it."""
FLEET_TIMEOUT_S, QUESTION_S = 1.0, 5.0
SETTLED_WAITING = 5
"""Users may ask meanwhile: a queue with so few is empty."""
ASKED = {"p95_s": "p95", "limited": "limited", "errors": "errors", "model_s": "model", "database": "database"}
"""Which setting asks for which value of a sample."""


@dataclass
class _Test:
    """What the parts of one run share."""

    settings: StressSettings
    sources: Sources
    sender: Sender
    stop: threading.Event
    outside: Callable[[], Message | None]
    on_step: Callable[[StepResult | Step], None]
    ended: Message | None = None
    results: list[StepResult] = field(default_factory=list)


def run_stress(
    target: Target,
    settings: StressSettings,
    signals: SignalsSettings,
    *,
    stop: threading.Event | None = None,
    outside: Callable[[], Message | None] = lambda: None,
    on_step: Callable[[StepResult | Step], None] = lambda _: None,
) -> StressResult:
    """Send and look. `stop` ends it from another thread; `outside` is asked now and then why it has to end; may block a little."""
    sender, halt = open_sender(target, settings, signals), stop or threading.Event()
    try:
        return asyncio.run(
            _run(target, signals, lambda sources: _Test(settings, sources, sender, halt, outside, on_step))
        )
    finally:
        sender.close()


async def _run(target: Target, signals: SignalsSettings, begin: Callable[[Sources], _Test]) -> StressResult:
    began = dt.datetime.now(dt.UTC)
    async with open_sources(signals, lambda _: None) as sources:
        test = begin(sources)
        settings = test.settings
        for step in settings.steps:
            if test.ended is None:
                await _drain(test)
            if test.ended is not None:
                break
            test.on_step(step)
            result = await _step(test, step)
            test.results.append(result)
            test.on_step(result)
        left, _ = await _waiting(test)
    ended = test.ended
    return StressResult(
        target=target.environment,
        at=began.isoformat(timespec="seconds"),
        steps=tuple(test.results),
        planned=len(test.settings.steps),
        ended="" if ended is None else ended.key,
        values={
            name: value
            for name, value in (ended.values if ended else {}).items()
            if not isinstance(value, Message)
        },
        left_waiting=left,
    )


async def _step(test: _Test, step: Step) -> StepResult:
    sent_before, began = test.sender.sent, time.monotonic()
    halt = threading.Event()
    sending = asyncio.create_task(asyncio.to_thread(test.sender.run, step.per_s, step.for_s, halt))
    every_s = min(MAX_EVERY_S, max(MIN_EVERY_S, step.for_s / SAMPLES_A_STEP))
    samples: list[Sample] = []
    asked_at = 0.0
    try:
        while not sending.done() and test.ended is None:
            now = time.monotonic() - began
            with_metrics = not samples or now - asked_at >= ASK_EVERY_S
            samples.append(await _look(test, began, with_metrics=with_metrics))
            if with_metrics:
                asked_at = now
                test.ended = await asyncio.to_thread(test.outside) or await _guards(test)
            test.ended = test.ended or _stops(test, samples[-1])
            await asyncio.wait([sending], timeout=every_s)
    finally:
        halt.set()
        with suppress(asyncio.CancelledError):
            try:
                await sending
            except WarroomError as error:
                test.ended = test.ended or error.message
    took_s = time.monotonic() - began
    samples.append(await _look(test, began, with_metrics=True))
    return judge_step(step, test.sender.sent - sent_before, took_s, samples, test.settings)


async def _look(test: _Test, began: float, *, with_metrics: bool) -> Sample:
    """One sample; what does not answer is not known, and does not end the test."""
    at_s = time.monotonic() - began
    waiting, broker_s = await _waiting(test)
    busy, slots = await _busy(test)
    values: dict[str, float | None] = {}
    if with_metrics and at_s >= MIN_WINDOW_S:
        window = f"{math.ceil(at_s)}s"
        questions = {
            name: expr.replace("{window}", window)
            for name, key in ASKED.items()
            if (expr := getattr(test.settings, key))
        }
        answers = await asyncio.gather(*(_number(test, expr) for expr in questions.values()))
        values = dict(zip(questions, answers, strict=True))
    return Sample(at_s=at_s, waiting=waiting, busy=busy, slots=slots, broker_s=broker_s, **values)


async def _waiting(test: _Test) -> tuple[int | None, float | None]:
    """How many wait in the queue, and how long the broker took to say so."""
    if test.sources.queues is None:
        return None, None
    began = time.monotonic()
    try:
        queues = (await test.sources.queues.queues()).queues
    except SourceError:
        return None, None
    chosen = [each.waiting for each in queues if each.name == test.settings.queue or not test.settings.queue]
    return (sum(chosen) if chosen else None), time.monotonic() - began


async def _busy(test: _Test) -> tuple[int | None, int | None]:
    """Tasks that run, of so many that can, in the workers of the queue that have told both."""
    if test.sources.fleet is None:
        return None, None
    try:
        async with asyncio.timeout(FLEET_TIMEOUT_S):
            workers = (await test.sources.fleet.fleet()).workers
    except (SourceError, TimeoutError):
        return None, None
    known = [
        (each.active, each.pool_size)
        for each in workers
        if (not test.settings.queue or test.settings.queue in each.queues)
        and each.active is not None
        and each.pool_size
    ]
    return (sum(a for a, _ in known), sum(p for _, p in known if p)) if known else (None, None)


async def _number(test: _Test, expr: str) -> float | None:
    try:
        async with asyncio.timeout(QUESTION_S):
            answer = await test.sources.metrics.query(expr)
    except (SourceError, TimeoutError):
        return None
    values = [each.values[-1] for each in answer.series if each.values and math.isfinite(each.values[-1])]
    return max(values, default=None)


async def _guards(test: _Test) -> Message | None:
    for name, expr in test.settings.guards.items():
        value = await _number(test, expr)
        if value is not None and value > 0:
            return say("stress.ended_guard", name=name, value=value)
    return None


def _stops(test: _Test, sample: Sample) -> Message | None:
    """Why it has to end, by its own rails."""
    settings = test.settings
    if test.stop.is_set():
        return say("stress.ended_by_hand")
    if sample.waiting is not None and sample.waiting > settings.stop_waiting:
        return say("stress.ended_waiting", waiting=sample.waiting, limit=settings.stop_waiting)
    if (
        sample.p95_s is not None and sample.p95_s >= settings.stop_p95_s
    ):  # a histogram says no more than its last bound
        return say("stress.ended_p95", p95=round(sample.p95_s, 1), limit=settings.stop_p95_s)
    if sample.errors is not None and sample.errors > settings.stop_errors:
        return say("stress.ended_errors", share=round(sample.errors, 3), limit=settings.stop_errors)
    return None


async def _drain(test: _Test) -> None:
    """Give the queue time to empty, so that a step does not begin with what the one before has left."""
    deadline = time.monotonic() + test.settings.drain_s
    test.ended = await asyncio.to_thread(test.outside)
    while test.ended is None and time.monotonic() < deadline:
        waiting, _ = await _waiting(test)
        if waiting is None or waiting <= SETTLED_WAITING:
            return
        if test.stop.is_set():
            test.ended = say("stress.ended_by_hand")
        await asyncio.sleep(MIN_EVERY_S)
    if test.stop.is_set():
        test.ended = test.ended or say("stress.ended_by_hand")
