"""Before a drill: whether the target is well, and how long that may take to show.

What ended just before still shows: a rate forgets only what is older than its window, and until then users still get the
answers that were already late, from workers that may be starting anew.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from queue import Empty
from typing import TYPE_CHECKING

from core.errors import WarroomError
from core.message import say
from drills.state import Abort
from signals.metrics.promql.names import looks_back_s

if TYPE_CHECKING:
    from collections.abc import Callable
    from queue import SimpleQueue

    from drills.board import ChecksBoard
    from drills.scenarios.model import Scenario
    from drills.state import DrillCommand
    from runbooks.model import Check

ROUND_S = 1.0
"""How often everything is measured, before a drill and in it; faults are due to a fifth of it."""
SETTLE_S = 60.0
"""So long what is on its way may take to end, on a machine that has much to do; the windows of the checks come on top."""
LONGEST_S = 600.0
"""Of a window: for what is seen longer nobody waits at the start of a drill."""


class DrillRefused(WarroomError):
    """The drill must not begin: the target is unwell already, or something real is going on."""


class DrillGivenUp(DrillRefused):
    """The master did not want to wait until the target is well."""


def patience_s(scenario: Scenario) -> float:
    """How long the target may take to be well: no reason that its checks still see from before explains more."""
    windows = [_looks_back_s(each.check.check()) for each in scenario.steady]
    return SETTLE_S + min(LONGEST_S, max(windows, default=0.0))


async def wait_until_well(
    scenario: Scenario,
    board: ChecksBoard,
    commands: SimpleQueue[DrillCommand],
    on_round: Callable[[], None],
) -> None:
    """Returns once it is; `on_round` hears of each look at it that was not good. Raises `DrillRefused`.

    Of the master's commands only `Abort` means anything before there is a drill.
    """
    deadline = time.monotonic() + patience_s(scenario)
    while unmet := await board.unmet("steady"):
        on_round()
        if is_aborted(commands):
            raise DrillGivenUp(say("drill.given_up"))
        if time.monotonic() > deadline:
            name, text = unmet[0]
            raise DrillRefused(say("drill.unwell", check=name, text=text))
        await asyncio.sleep(ROUND_S)


def _looks_back_s(check: Check) -> float:
    """An expression that can't be read is measured as unknown, and explains nothing."""
    trend_s = check.window_s if check.expect.kind == "trend" else 0.0
    with suppress(WarroomError):
        return trend_s + (looks_back_s(check.promql) if check.promql else 0.0)
    return trend_s


def is_aborted(commands: SimpleQueue[DrillCommand]) -> bool:
    """Whether the master gave up; of what else was asked for nothing means anything before there is a drill."""
    with suppress(Empty):
        while True:
            if isinstance(commands.get_nowait(), Abort):
                return True
    return False
