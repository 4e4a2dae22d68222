"""The thread that asks. Its loop never waits for the screen, and the screen never waits for it."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, TypeVar

from tui.feeds.signals_news import Failed, Noticed, Opened, PanelJudged
from tui.runtime.malloc import give_back, leave_out_the_program_of_httpx, share_one_heap

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Any

    from textual.message import Message as UiMessage

    from panels.spec import PanelSpec
    from signals.sources import Sources
    from tui.config.load import Config

T = TypeVar("T")

SETTLED_S, TIDY_S = 15.0, 60.0
"""When all sources are imported and have answered, and how often memory is given back from then on."""


class Follower:
    """Loads the configuration, opens the sources and tells every panel's news until stopped.

    `tell` must be safe to call from another thread; `paused` and `span_s` are asked before each look at a panel.
    """

    def __init__(
        self,
        load: Callable[[], Config],
        tell: Callable[[UiMessage], object],
        paused: Callable[[], bool],
        span_s: Callable[[], float],
    ) -> None:
        self.specs: dict[str, PanelSpec] = {}
        self._load, self._send, self._paused, self._span_s = load, tell, paused, span_s
        self._stop = threading.Event()
        self._started = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._sources: Sources | None = None

    def start(self) -> None:
        """Start the thread, once; heavy imports happen there, after the first paint."""
        if self._started:
            return
        self._started = True
        share_one_heap()
        leave_out_the_program_of_httpx()
        threading.Thread(target=self._run, name="signals", daemon=True).start()

    def stop(self) -> None:
        """Let the thread end; what it still says is not heard."""
        self._stop.set()

    @property
    def sources(self) -> Sources | None:
        """The open sources, to see what there is; ask them only through `ask`. None until they are open."""
        return self._sources

    async def ask(self, question: Callable[[Sources], Coroutine[Any, Any, T]]) -> T | None:
        """Put a question of a screen's own to the sources, in their loop; None when they are not open.

        Raises what the question raises.
        """
        if self._loop is None or self._sources is None:
            return None
        return await asyncio.wrap_future(
            asyncio.run_coroutine_threadsafe(question(self._sources), self._loop)
        )

    def _run(self) -> None:
        from core.errors import WarroomError
        from core.message import say
        from tui.runtime.exit import ExitCode
        from tui.runtime.log import log_crash, open_log

        try:
            open_log()
            asyncio.run(self._watch())
        except WarroomError as error:
            self._tell(Failed(error.message, ExitCode.USAGE))
        except Exception as error:  # noqa: BLE001  # the thread's end must be seen
            log = log_crash(error)
            crashed = say("cli.crashed", error=type(error).__name__, log=str(log))
            self._tell(Failed(crashed, ExitCode.CRASHED))

    async def _watch(self) -> None:
        from panels.poll import poll_panels
        from panels.settings import board
        from signals.sources import open_sources

        config = self._load()
        specs = board(config.panels)
        self.specs = {spec.id: spec for spec in specs}
        self._tell(Opened(config, tuple(self.specs)))
        async with open_sources(config.signals, lambda notice: self._tell(Noticed(notice))) as sources:
            self._loop, self._sources = asyncio.get_running_loop(), sources
            asking = asyncio.create_task(
                poll_panels(
                    specs,
                    sources,
                    lambda state: self._tell(PanelJudged(state)),
                    self._paused,
                    self._span_s,
                )
            )
            tidying = asyncio.create_task(_tidy())
            ending = asyncio.create_task(asyncio.to_thread(self._stop.wait))
            await asyncio.wait((asking, ending), return_when=asyncio.FIRST_COMPLETED)
            self._sources = None
            tidying.cancel()
            if asking.done():
                asking.result()  # raises what ended it
            asking.cancel()

    def _tell(self, message: UiMessage) -> None:
        if not self._stop.is_set():
            self._send(message)


async def _tidy() -> None:
    await asyncio.sleep(SETTLED_S)
    while True:
        give_back()
        await asyncio.sleep(TIDY_S)
