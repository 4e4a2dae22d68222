"""What a probe reaches: interactions are sent as users send them, answers and records read where the configuration says.

Raises a `SourceError` where somebody does not answer; None is what is not configured.
"""

from __future__ import annotations

import asyncio
import json
import math
import secrets
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import quote

from core.errors import Denied, SourceError
from core.message import say
from core.text import clean
from drills.probes.made import Made, read_made
from drills.probes.processes import Processes, ask_workers
from signals.connections.http import HttpClient

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence

    from core.message import Message
    from drills.probes.settings import ProbesSettings
    from drills.target import Target
    from incidents.settings import JournalSettings
    from signals.settings import HttpSettings, SignalsSettings
    from signals.sources import Sources

DEFERRED, COMMAND = 5, 2
"""Discord's types of a response and of an interaction."""
AT_ONCE, POLL_S = 5, 0.5
MAX_NUMBER = 900_000_000
Pages: TypeAlias = "Mapping[str, str]"


@dataclass(frozen=True, slots=True)
class Sent:
    """One interaction: how long it took to be answered (ms), and why that was no deferral. `denied`: we were not let in."""

    id: str
    took_ms: float | None
    problem: Message | None = None
    denied: bool = False


class Reach:
    """One run of probes against one system."""

    def __init__(
        self,
        target: Target,
        settings: ProbesSettings,
        signals: SignalsSettings,
        journal: JournalSettings | None = None,
    ) -> None:
        self.target, self.settings, self.signals, self._journal = target, settings, signals, journal
        self.before: Processes | None = None
        self._sources: Sources | None = None
        self._clients: dict[str, HttpClient] = {}
        self._run = f"probe-{secrets.token_hex(6)}"

    @asynccontextmanager
    async def opened(self, sources: Sources) -> AsyncIterator[None]:
        """Keeps connections while the block lasts."""
        self._sources = sources
        try:
            yield
        finally:
            for client in self._clients.values():
                await client.close()

    @property
    def can_send(self) -> bool:
        """Whether anything says how an interaction is sent."""
        return self.settings.interactions is not None or bool(self.settings.send)

    def prefix(self, probe: str) -> str:
        """With which all of this probe's interactions begin, in this run alone."""
        return f"{self._run}-{probe}-"

    async def send(self, prefix: str, command: str, count: int, *, bad: bool = False) -> tuple[Sent, ...]:
        """Send so many, a few at a time; each asks about a match of its own, or about the bad one."""
        gate = asyncio.Semaphore(AT_ONCE)
        if self.settings.interactions is not None:  # our own start is no part of what is measured
            await self._client("interactions", self.settings.interactions).open()

        async def send_next(number: int) -> Sent:
            match = (
                self.settings.bad_match
                if bad
                else self.settings.match.replace("{number}", str(secrets.randbelow(MAX_NUMBER)))
            )
            async with gate:
                return await self._send(
                    f"{prefix}{'bad' if bad else 'good'}-{command}-{number}", command, match
                )

        return tuple(await asyncio.gather(*map(send_next, range(count))))

    async def _send(self, own_id: str, command: str, match: str) -> Sent:
        began = time.monotonic()
        try:
            if self.settings.interactions is None:
                return await self._send_by_command(own_id, command, match)
            answer = await self._client("interactions", self.settings.interactions).send(
                "POST", "", _interaction(own_id, command, match)
            )
        except SourceError as error:
            return Sent(own_id, _ms(began), error.message, denied=isinstance(error, Denied))
        took_ms = _ms(began)
        try:
            kind = json.loads(answer.body).get("type")
        except (ValueError, AttributeError):
            kind = None
        if answer.status == 200 and kind == DEFERRED:
            return Sent(own_id, took_ms)
        return Sent(own_id, took_ms, say("probes.not_deferred", status=answer.status, type=str(kind)[:20]))

    async def _send_by_command(self, own_id: str, command: str, match: str) -> Sent:
        """What the command itself says how long it took: its own start is no part of that."""
        values = {"{command}": command, "{id}": own_id, "{match}": match}
        argv = [_filled(word, values) for word in self.settings.send]
        try:
            process = await asyncio.create_subprocess_exec(
                *argv,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
            )
        except OSError as error:
            return Sent(
                own_id, None, say("probes.command_failed", detail=clean(str(error), 200)), denied=True
            )
        try:
            async with asyncio.timeout(self.settings.wait_s):
                output, _ = await process.communicate()
        except TimeoutError:
            process.kill()
            await process.wait()
            return Sent(own_id, None, say("probes.command_slow", seconds=self.settings.wait_s))
        try:
            took_ms = float(json.loads(output.splitlines()[-1])["deferred_ms"])
        except (ValueError, LookupError, TypeError):
            detail = say("probes.command_silent", code=process.returncode or 0)
            return Sent(own_id, None, detail, denied=process.returncode == 0)
        return Sent(own_id, took_ms)

    async def records(self, prefix: str) -> Pages | None:
        """What has become of each interaction: its state by its id."""
        return await self._page("records", self.settings.records, prefix, "id", "state")

    async def deliveries(self, prefix: str) -> Pages | None:
        """What its user was shown: the kind by its id."""
        return await self._page("deliveries", self.settings.deliveries, prefix, "token", "kind")

    async def wait_for(self, done: Callable[[], Awaitable[bool]], seconds: float | None = None) -> None:
        """Ask `done` until it says so, or until the time is over."""
        deadline = time.monotonic() + (self.settings.wait_s if seconds is None else seconds)
        while not await done() and time.monotonic() < deadline:  # noqa: ASYNC110  # the world sets no event
            await asyncio.sleep(POLL_S)

    async def number(self, expr: str) -> float | None:
        """The sum of what it gives now; None without an expression, a source that answers, or a value."""
        if not expr or self._sources is None:
            return None
        try:
            answer = await self._sources.metrics.query(expr)
        except SourceError:
            return None
        values = [each.values[-1] for each in answer.series if each.values]
        total = math.fsum(value for value in values if math.isfinite(value))
        return total if any(map(math.isfinite, values)) else None

    async def processes(self) -> Processes:
        """Who is there now."""
        at = time.time()
        workers, services = None, None
        if self.signals.celery is not None or self.signals.redis is not None:
            try:
                workers = await asyncio.to_thread(ask_workers, self.signals)
            except SourceError:
                workers = None
        if self._sources is not None and self.settings.started:
            try:
                answer = await self._sources.metrics.query(self.settings.started)
                series = [each for each in answer.series if each.values]
                names = service_names([dict(each.labels) for each in series])
                services = {name: each.values[-1] for name, each in zip(names, series, strict=True)}
            except SourceError:
                services = None
        return Processes(workers or None, services or None, at)

    async def made(self, since: float) -> Made:
        """What actions made of them since then, by the journal; nothing where none was given."""
        return Made() if self._journal is None else await asyncio.to_thread(read_made, self._journal, since)

    def _client(self, name: str, settings: HttpSettings) -> HttpClient:
        return self._clients.setdefault(name, HttpClient(name, settings))

    async def _page(
        self, name: str, settings: HttpSettings | None, prefix: str, key: str, value: str
    ) -> Pages | None:
        if settings is None:
            return None
        client = self._client(name, settings)
        answer = await client.send("GET", f"?prefix={quote(prefix)}")
        if answer.status != 200:
            raise client.bad_answer(f"HTTP {answer.status}")
        return client.parsed(
            answer,
            lambda page: {str(each[key]): str(each[value]) for each in json.loads(page.body)[name]},
        )


def service_names(labels: Sequence[Mapping[str, str]]) -> list[str]:
    """What to call each process: its address, where that tells them apart.

    Other labels are the word of who collects, and change with the source: a direct scrape does not know Prometheus' jobs.
    """
    instances = [each.get("instance", "") for each in labels]
    if all(instances) and len(set(instances)) == len(instances):
        return instances
    return [
        ",".join(f"{name}={value}" for name, value in each.items() if name != "__name__") for each in labels
    ]


def _interaction(own_id: str, command: str, match: str) -> dict[str, object]:
    """As Discord posts it (developer documentation, "Interaction Object"), with what a bot needs of it."""
    option = {"type": 3, "name": "match", "value": match}
    return {
        "type": COMMAND,
        "id": own_id,
        "application_id": "1",
        "token": own_id,
        "data": {"type": 1, "name": command, "options": [option]},
    }


def _filled(word: str, values: Mapping[str, str]) -> str:
    for name, value in values.items():
        word = word.replace(name, value)
    return word


def _ms(began: float) -> float:
    return (time.monotonic() - began) * 1000
