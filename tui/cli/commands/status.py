"""`warroom status`: says once what burns."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from core.message import say
from tui.cli.command import Command, Group
from tui.runtime.exit import ExitCode

if TYPE_CHECKING:
    import argparse

    from panels.state import PanelState
    from tui.cli.command import Invocation
    from tui.config.load import Config
    from tui.i18n import Language


def add_arguments(parser: argparse.ArgumentParser, words: Language) -> None:
    """Its own options."""
    parser.add_argument(
        "--wait", type=float, default=10.0, metavar="S", help=words.text("status.option_wait")
    )


def run(args: argparse.Namespace, invocation: Invocation) -> int:
    """Print every panel, worst first; exit 1 burning, 2 unknown."""
    from panels.limits import worst, worst_first
    from signals.reading import Verdict

    states = worst_first(list(asyncio.run(look(invocation.config(), args.wait))))
    verdict = worst([state.verdict for state in states])
    verdicts = {state.verdict for state in states} or {Verdict.UNKNOWN}
    if Verdict.UNKNOWN in verdicts and Verdict.BURNING not in verdicts:
        code = ExitCode.UNKNOWN
    else:
        code = ExitCode.BURNING if verdict is Verdict.BURNING else ExitCode.OK
    if not states:
        invocation.print_notice(say("tui.nothing_asked"))
    if invocation.json:
        now = time.time()
        panels = [_as_json(state, invocation.words, now) for state in states]
        invocation.print_json({"at": now, "verdict": verdict.value, "panels": panels})
        return code
    from panels.naming import title_and_reason

    for state in states:
        mark = invocation.words.text(f"status.{state.verdict}")
        invocation.print_line(f"{mark}  {invocation.words.say(title_and_reason(state))}")
    return code


async def look(config: Config, wait_s: float, *, only: str | None = None) -> tuple[PanelState, ...]:
    """One look at all panels or at one; while rates have no second sample yet, again until `wait_s` is over."""
    from panels.poll import poll_once
    from signals.sources import open_sources

    deadline = time.monotonic() + wait_s
    specs = tuple(spec for spec in config.board() if only in (None, spec.id))
    async with open_sources(config.signals, lambda _: None) as sources:
        while True:
            states = await poll_once(specs, sources)
            complete = all(reading.value is not None for state in states for reading in state.readings)
            if complete or time.monotonic() >= deadline:
                return states
            await asyncio.sleep(0.5)


def _as_json(state: PanelState, words: Language, now: float) -> dict[str, object]:
    return {
        "id": state.id,
        "title": words.say(state.title),
        "verdict": state.verdict.value,
        "reason": words.say(state.reason),
        "readings": [
            {
                "name": reading.name,
                "value": _finite(reading.value),
                "unit": reading.unit,
                "age_s": None if reading.at is None else round(max(0.0, now - reading.at), 3),
                "source": reading.source,
                "query": reading.query,
            }
            for reading in state.readings
        ],
    }


def _finite(value: float | None) -> float | str | None:
    """JSON has no NaN; Prometheus' own spelling stands for it."""
    from math import isfinite

    from signals.metrics.prometheus_api import format_value

    return value if value is None or isfinite(value) else format_value(value)


COMMAND = Command(
    group=Group.OBSERVE,
    summary="status.summary",
    add_arguments=add_arguments,
    run=run,
)
