"""`warroom status`: says once what burns."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from core.message import say
from tui.cli.command import Command, Group
from tui.cli.resources import poll_panels_once
from tui.runtime.exit import ExitCode

if TYPE_CHECKING:
    import argparse

    from panels.state import PanelState
    from tui.cli.command import Invocation
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

    states = worst_first(list(asyncio.run(poll_panels_once(invocation.config(), args.wait))))
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
