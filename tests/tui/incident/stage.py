"""A room for tests: the real App over a real exporter, a real journal and runbooks in a folder of the team."""

from __future__ import annotations

import asyncio
import os
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from tests import waiting
from tests.exporter import depth_board
from tests.program import run_program
from tui.app import Warroom
from tui.config.load import load_config
from tui.i18n import CODES, Language
from tui.screens.form import Form
from tui.screens.incident import IncidentScreen
from tui.screens.page import Page

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from textual.pilot import Pilot

    from incidents.events.incident import Incident

RUNBOOK = """---
id: ban-near
title: Ban near
severity: SEV2
alerts: [InvalidRequestsHigh]
panels: [depth]
---

What to do before the ban.

## Stop the storm <!-- id: stop -->

- [ ] **!** Declare, take command <!-- id: declare -->

  One person leads from now on.

- [ ] **!** Throttle the retrying task <!-- id: throttle -->

  New fetches keep the storm alive.

  ```sh
  celery -A app control rate_limit analyze_match 20/m
  ```

  ```sh
  celery -A app inspect active
  ```

  **Expect:** every worker answers.

  **Undo:** the same with `100/m`.

  ```check
  promql: depth
  expect: < 10
  ```

- [ ] Look who else sends <!-- id: look -->

> The IC confirms that the storm has stopped. <!-- pause -->

## Come back <!-- id: return -->

- [ ] Raise the limit by steps <!-- id: raise -->

## Keep it from happening again <!-- id: prevent prevention -->

- [ ] Give every retry a budget <!-- id: budget -->
"""
CHINESE = (
    RUNBOOK.replace("title: Ban near", "title: 封禁临近")
    .replace("## Stop the storm", "## 制止风暴")
    .replace("Declare, take command", "宣布事故，接任指挥")
    .replace("Throttle the retrying task", "限制重试任务的速率")
    .replace("Look who else sends", "查看还有谁在发送")
    .replace("The IC confirms that the storm has stopped.", "事故指挥确认风暴已停止。")
    .replace("## Come back", "## 恢复")
    .replace("Raise the limit by steps", "逐步提高限制")
    .replace("New fetches keep the storm alive.", "新的抓取会让风暴持续。")
    .replace("**Expect:** every worker answers.", "**预期：** 每个工作进程都应答。")
    .replace("**Undo:** the same with `100/m`.", "**撤销：** 用 `100/m` 执行同一命令。")
)


def configuration(folder: Path, metrics: str, *, actor: str, journal: str, more: str = "") -> Path:
    """A file for one responder; several may share a journal."""
    for code, text in (("en", RUNBOOK), ("zh", CHINESE)):
        (folder / "runbooks" / code).mkdir(parents=True, exist_ok=True)
        (folder / "runbooks" / code / "ban-near.md").write_text(text, encoding="utf-8")
    file = folder / f"{actor}.toml"
    file.write_text(
        f"""{depth_board(metrics)}[runbooks]
folders = ["{folder / "runbooks"}"]
[journal]
actor = "{actor}"
url = "{journal}"
retry_s = 1
timeout_s = 1
spool_file = "{folder / actor}-spool.db"
{more}
""",
        encoding="utf-8",
    )
    return file


def app_of(config: Path, code: str = "en") -> Warroom:
    """The program as `warroom --config` starts it."""
    return Warroom(lambda: load_config(config), Language(next(one for one in CODES if one == code)))


async def until(condition: Callable[[], object], what: str = "", seconds: float = 20) -> None:
    """Wait for what other threads bring about."""
    deadline = waiting.deadline(seconds)
    while not condition():
        assert time.monotonic() < deadline, f"it did not happen in time: {what}"
        await asyncio.sleep(0.02)


def shown(app: Warroom, width: int = 0, height: int = 0) -> str:
    """What the page on top shows, at its own size or another one."""
    page = next(screen for screen in reversed(app.screen_stack) if isinstance(screen, Page))
    width, height = width or page.size.width, height or page.size.height
    now = time.time()
    lines = [page.head(width, now), *page.body(width, height - 3, now), page.notice(width)]
    return "\n".join([*(line.plain for line in lines), page.foot(width)])


def screen_of(app: Warroom) -> IncidentScreen:
    """The incident's screen, under whatever question stands on top."""
    return next(screen for screen in reversed(app.screen_stack) if isinstance(screen, IncidentScreen))


def incident_of(app: Warroom) -> Incident:
    """The incident that the screen shows."""
    incident = screen_of(app).incident
    assert incident is not None
    return incident


@asynccontextmanager
async def running(
    config: Path, size: tuple[int, int] = (80, 24), code: str = "en"
) -> AsyncIterator[Responder]:
    app = app_of(config, code)
    async with app.run_test(size=size) as pilot:
        await until(
            lambda: app.incidents.journal.place and app.incidents.library and app.states, "the room opens"
        )
        yield Responder(app, pilot)


async def write_as(actor: str, config: Path, *arguments: str) -> None:
    """Somebody else, from a script."""
    command = ("incident", *arguments, "--as", actor, "--config", str(config))
    done = await asyncio.to_thread(run_program, *command, env=os.environ, cwd=config.parent)
    assert done.returncode == 0, done.stderr


class Responder:
    """Somebody at a keyboard."""

    def __init__(self, app: Warroom, pilot: Pilot[str]) -> None:
        self.app, self.pilot = app, pilot

    async def press(self, *keys: str, then: Callable[[], object] | None = None) -> None:
        await self.pilot.press(*keys)
        if then is not None:
            await until(then, f"after {keys}: {shown(self.app)}")
        await self.pilot.pause()

    async def type(self, text: str) -> None:
        await self.pilot.press(*("space" if char == " " else char for char in text))

    async def open_with_runbook(self) -> None:
        """`r` on the panel, `in a new incident`, Enter."""
        await self.press("r", then=lambda: len(self.app.screen_stack) == 2)
        await self.press("enter", then=lambda: isinstance(self.app.screen, Form))
        await self.press(
            "enter", then=lambda: self.app.incidents.worst_first() and len(self.app.screen_stack) == 2
        )
        await until(lambda: (found := screen_of(self.app).incident) and "ic" in found.roles)
        await self.pilot.pause()

    def state(self, step: str) -> str:
        incident = incident_of(self.app)
        found = incident.steps.get(incident.key("ban-near", step))
        return found.state if found else "open"
