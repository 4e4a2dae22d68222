"""The thread that queries the sources, and the messages that it posts to the App: Textual's, so that they arrive in its thread.

Its loop never waits for the screen, and the screen never waits for it.
"""

from __future__ import annotations

import asyncio
import threading
import time
from typing import TYPE_CHECKING, TypeVar

from textual.message import Message as UiMessage

from tui.runtime.exit import ExitCode, report_crash
from tui.runtime.malloc import skip_httpx_cli, trim_heap

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Any

    from core.message import Message
    from panels.spec import PanelSpec
    from panels.state import PanelState
    from signals.connections.breaker import Notice
    from signals.sources import Sources
    from tui.config.model import Config

T = TypeVar("T")

RESTART_S = 2.0
"""Between the end of a run that broke and the next."""
LOOK_UP_S = 0.5
FIRST_TRIM_S, TRIM_S = 15.0, 60.0
"""When all sources are imported and have answered, and how often free memory is returned from then on."""


class ConfigLoaded(UiMessage):
    """The configuration is read: what is operated, and the panels in their configured order."""

    def __init__(self, config: Config, order: tuple[str, ...]) -> None:
        super().__init__()
        self.config = config
        self.order = order


class PanelJudged(UiMessage):
    """A panel has a new state; a newer one of the same panel replaces what still waits."""

    def __init__(self, state: PanelState) -> None:
        super().__init__()
        self.state = state

    def can_replace(self, message: UiMessage) -> bool:
        """An older state of the same panel is not worth drawing."""
        return isinstance(message, PanelJudged) and message.state.id == self.state.id


class SourceNotice(UiMessage):
    """Something about a source that a person should know although nobody asked, such as a failover."""

    def __init__(self, notice: Notice) -> None:
        super().__init__()
        self.notice = notice


class SignalsFailed(UiMessage):
    """Nothing can be queried any more; the program ends with this line and exit code."""

    def __init__(self, reason: Message, code: ExitCode) -> None:
        super().__init__()
        self.reason = reason
        self.code = code


class SignalsThread:
    """Loads the configuration, opens the sources and posts every panel's new states until stopped.

    `post` must be safe to call from another thread; `paused` and `span_s` are read before each poll of a panel.
    """

    def __init__(
        self,
        load: Callable[[], Config],
        post: Callable[[UiMessage], object],
        paused: Callable[[], bool],
        span_s: Callable[[], float],
    ) -> None:
        self.specs: dict[str, PanelSpec] = {}
        self._load, self._post_message, self._paused, self._span_s = load, post, paused, span_s
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._sources: Sources | None = None

    def start(self) -> None:
        """Start the thread, once; heavy imports happen there, after the first paint."""
        if self._thread is not None:
            return
        skip_httpx_cli()
        self._thread = threading.Thread(target=self._run, name="signals", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Let the thread end; what it posts from now on is dropped."""
        self._stop.set()

    def wait_stopped(self, timeout_s: float) -> None:
        """After `stop`: give the sources that long to leave nothing behind on their servers."""
        if self._thread is not None:
            self._thread.join(timeout_s)

    @property
    def sources(self) -> Sources | None:
        """The open sources, to see what is configured; query them only through `ask`. None until they are open."""
        return self._sources

    async def ask(self, query: Callable[[Sources], Coroutine[Any, Any, T]]) -> T | None:
        """Run a screen's own query in the sources' loop; None when they are not open. Raises what the query raises."""
        if self._loop is None or self._sources is None:
            return None
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(query(self._sources), self._loop))

    def _run(self) -> None:
        from core.errors import WarroomError
        from core.message import say
        from tui.runtime.log import open_log

        try:
            open_log()
            config = self._load()
            self.specs = {spec.id: spec for spec in config.board()}
        except WarroomError as error:
            self._post(SignalsFailed(error.message, ExitCode.USAGE))
            return
        except Exception as error:  # noqa: BLE001  # the thread's end must be seen
            key, values = report_crash(error)
            self._post(SignalsFailed(say(key, **values), ExitCode.CRASHED))
            return
        self._post(ConfigLoaded(config, tuple(self.specs)))
        while not self._stop.is_set():
            try:
                asyncio.run(self._watch(config))
            except WarroomError as error:
                self._post(SignalsFailed(error.message, ExitCode.USAGE))
                return
            except BaseException as error:  # noqa: BLE001  # a panic of a library is no Exception
                self._post(restart_notice(error))
                self._stop.wait(RESTART_S)

    async def _watch(self, config: Config) -> None:
        from panels.poll import poll_panels
        from signals.sources import open_sources

        async with open_sources(
            config.signals, lambda notice: self._post(SourceNotice(notice)), self._paused
        ) as sources:
            self._loop, self._sources = asyncio.get_running_loop(), sources
            polling = asyncio.create_task(
                poll_panels(
                    list(self.specs.values()),
                    sources,
                    lambda state: self._post(PanelJudged(state)),
                    self._paused,
                    self._span_s,
                    schemas=config.release_schemas(),
                )
            )
            trimming = asyncio.create_task(_trim_memory())
            stopping = asyncio.create_task(until_set(self._stop))
            await asyncio.wait((polling, stopping), return_when=asyncio.FIRST_COMPLETED)
            self._sources = None
            trimming.cancel()
            if polling.done():
                polling.result()  # raises what ended it
            polling.cancel()

    def _post(self, message: UiMessage) -> None:
        if not self._stop.is_set():
            self._post_message(message)


def restart_notice(error: BaseException) -> SourceNotice:
    """Log what ended a thread of ours, and say that it is started again."""
    from core.message import say
    from signals.connections.breaker import Notice

    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    key, values = report_crash(error, "tui.restarted")
    return SourceNotice(Notice(time.time(), say(key, **values)))


async def until_set(event: threading.Event) -> None:
    """Wait for a thread's event; looks up now and then, because a loop does not end before its threads have."""
    while not await asyncio.to_thread(event.wait, LOOK_UP_S):
        pass


async def _trim_memory() -> None:
    await asyncio.sleep(FIRST_TRIM_S)
    while True:
        trim_heap()
        await asyncio.sleep(TRIM_S)
