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

    from core.message import Message
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
    warnings = [warning for state in states for warning in state.warnings]
    common = [warning for warning in warnings if warnings.count(warning) > 1]
    for index, warning in enumerate(common):
        if warning not in common[:index]:
            invocation.print_line(invocation.words.say(warning))
    for state in states:
        _print(state, invocation, common)
    return code


def _print(state: PanelState, invocation: Invocation, common: list[Message]) -> None:
    """One line a panel; below it what its sources warn of, unless it is in `common`, and which rows are not known."""
    from panels.naming import title_and_reason
    from signals.reading import Verdict

    words = invocation.words
    invocation.print_line(f"{words.text(f'status.{state.verdict}')}  {words.say(title_and_reason(state))}")
    for warning in state.warnings:
        if warning not in common:
            invocation.print_line(f"         {words.say(warning)}")
    for row in state.rows:
        if row.verdict is Verdict.UNKNOWN and row.cells != (state.reason,):
            invocation.print_line(f"         ? {'  '.join(filter(None, map(words.say, row.cells)))}")


def _as_json(state: PanelState, words: Language, now: float) -> dict[str, object]:
    return {
        "id": state.id,
        "title": words.say(state.title),
        "verdict": state.verdict.value,
        "reason": words.say(state.reason),
        "warnings": [words.say(warning) for warning in state.warnings],
        "readings": [
            {
                "name": reading.name,
                "value": _finite(reading.value),
                "unit": reading.unit,
                "age_s": None if reading.at is None else round(max(0.0, now - reading.at), 3),
                "seen_s": None if reading.seen_s is None else round(reading.seen_s, 3),
                "source": reading.source,
                "query": reading.query,
            }
            for reading in state.readings
        ],
    }


def _finite(value: float | None) -> float | str | None:
    """JSON has no NaN; Prometheus' own spelling stands for it."""
    from math import isfinite

    from signals.reading import format_value

    return value if value is None or isfinite(value) else format_value(value)


COMMAND = Command(
    group=Group.OBSERVE,
    summary="status.summary",
    add_arguments=add_arguments,
    run=run,
)
