"""A room for tests of actions: the real App with a team's own actions, real runners and a journal in a file."""

from __future__ import annotations

import json
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from tests.tui.incident.stage import Responder, app_of, until
from tui.screens.actions.plan import PlanDialogue
from tui.screens.actions.run import RunScreen

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from incidents.events.run import Run
    from tui.app import Warroom

WRITE = "import pathlib, sys; pathlib.Path(sys.argv[1]).write_text(sys.argv[2]); print('wrote', sys.argv[2])"


def python(code: str, *arguments: str) -> str:
    """An argv as TOML."""
    return json.dumps([sys.executable, "-c", code, *arguments])


def configuration(folder: Path, more: str = "") -> Path:
    """`shop.set` writes a file and is undone, `shop.wipe` is destructive, `shop.wait` waits for a file, `shop.look` looks."""
    file, gate = folder / "switch", folder / "gate"
    wait = "import pathlib, sys, time\nprint('waiting', flush=True)\nwhile not pathlib.Path(sys.argv[1]).exists(): time.sleep(0.02)\nprint('gone on')"
    config = folder / "warroom.toml"
    config.write_text(
        f"""
[journal]
url = "sqlite:///{folder}/journal.db"
[tui]
language = "en"
[actions]
folder = "{folder}/runs"
{more}
[[actions.add]]
id = "shop.set"
title = "Set the switch"
danger = "mitigate"
argv = {python(WRITE, str(file), "{value}")}
undo = {python(WRITE, str(file), "off")}
resource = "switch"
lasts_s = 14400
parameters.value.choices = ["on", "slow"]
[[actions.add]]
id = "shop.wipe"
title = "Wipe the shop"
danger = "destructive"
argv = {python("print('wiped')")}
target = "shop_db"
resource = "db"
[[actions.add]]
id = "shop.wait"
title = "Wait"
danger = "mitigate"
argv = {python(wait, str(gate))}
resource = "waiting"
[[actions.add]]
id = "shop.look"
title = "Look"
danger = "observe"
argv = {python("print('calm')")}
""",
        encoding="utf-8",
    )
    return config


@asynccontextmanager
async def running(
    config: Path, size: tuple[int, int] = (80, 24), code: str = "en"
) -> AsyncIterator[Responder]:
    """The program, once its journal can be asked."""
    app = app_of(config, code)
    async with app.run_test(size=size) as pilot:
        await until(
            lambda: app.runs.settings is not None and app.incidents.journal.place, "the journal opens"
        )
        yield Responder(app, pilot)


def plan_of(app: Warroom) -> PlanDialogue | None:
    """The plan on top, once there is one to read."""
    top = app.screen
    return top if isinstance(top, PlanDialogue) and top.shown is not None else None


def run_of(app: Warroom) -> Run | None:
    """The run on top."""
    top = app.screen
    return top.known.run if isinstance(top, RunScreen) and top.known is not None else None


def has_ended(app: Warroom) -> bool:
    """Whether the run on top is over."""
    run = run_of(app)
    return run is not None and run.has_ended


def on_screen(app: Warroom) -> str:
    """What the screen on top really shows."""
    strips = app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip) for strip in strips)
