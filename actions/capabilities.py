"""What actions may reach, as protocols; `actions.providers` has the one implementation of each.

All of them block, raise a `SourceError` where something outside does not answer and `ActionFailed` where it refuses, and end
by `Cancelled` when somebody cancels the run.
"""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003  # a dataclass's own fields
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    import psycopg
    from redis.asyncio import Redis

    from actions.step import Step
    from core.message import Message
    from signals.settings import HttpSettings, RedisSettings

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A program to run: its `argv`, never through a shell. `environment` comes on top of PATH, HOME, USER, LANG and TZ.

    What stands in `secret_environment` is given to the program and never shown. `stdin` is what it reads.
    """

    argv: tuple[str, ...]
    cwd: str = "/"
    environment: Mapping[str, str] = field(default_factory=dict)
    secret_environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    stdin: bytes | None = field(default=None, repr=False)
    timeout_s: float = 600.0


@dataclass(frozen=True, slots=True)
class Completed:
    """How a program ended; `output` is both its streams, cleaned, with the middle left out where it was long."""

    exit_code: int
    output: str


@dataclass(frozen=True, slots=True)
class Captured:
    """How a program ended; `document` is its standard output alone, not cleaned, `words` the end of its errors, cleaned."""

    exit_code: int
    document: str
    words: str


class Processes(Protocol):
    """Programs on this host."""

    def step(self, command: Command, title: Message | None = None) -> Step:
        """The command as a plan shows it."""

    def run(self, command: Command) -> Completed:
        """Run it, each line of its output printed as it comes. Any exit code is an answer; no program is `ActionFailed`."""

    def read(self, command: Command) -> Completed:
        """The same in silence: for plans and checks."""

    def capture(self, command: Command) -> Captured:
        """The same, with what it prints as it is: for documents that are parsed. More than 16 MB is `ActionFailed`."""

    def beside(self, group: int) -> AbstractContextManager[None]:
        """Around a process group that the action has started itself: it is ended where the run is killed."""


class Databases(Protocol):
    """The service's Postgres (`[signals.postgres]`)."""

    @property
    def place(self) -> str:
        """Host, port and database, for people."""

    def connect(
        self, *, read_only: bool = True, timeout_s: float | None = None
    ) -> AbstractContextManager[psycopg.Connection[Any]]:
        """A connection in one transaction, committed at the end; `timeout_s` is that of each statement."""

    def session(self, *, timeout_s: float | None = None) -> AbstractContextManager[psycopg.Connection[Any]]:
        """A connection in autocommit, for what can't stand in a transaction or must outlive one."""


class RedisServers(Protocol):
    """The broker as a Redis (`[signals.redis]`)."""

    @property
    def place(self) -> str:
        """Where it is, for people."""

    def ask(self, work: Callable[[Redis], Awaitable[T]]) -> T:
        """What `work` returns, given a client that is closed afterwards."""

    def at(self, settings: RedisSettings) -> RedisServers:
        """Another Redis of the configuration than the broker."""


class Workers(Protocol):
    """Celery's workers, through remote control on the broker."""

    def ask(
        self,
        command: str,
        arguments: Mapping[str, object] | None = None,
        *,
        destination: Sequence[str] = (),
        wait_s: float | None = None,
        expected: int = 0,
    ) -> dict[str, Any]:
        """Broadcast a control command; the replies by worker. Who did not reply in time is not in it: it is not known.

        With `expected` it waits no longer once so many have replied.
        """

    def tell(self, command: str, arguments: Mapping[str, object], *, destination: Sequence[str] = ()) -> None:
        """Broadcast a command to which nobody replies (`shutdown`)."""

    def waiting(self, queue: str) -> int | None:
        """How many messages no consumer has yet, by an AMQP broker's own count; None for a queue that it does not know."""


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """What a server answered, whatever its status."""

    status: int
    body: bytes
    content_type: str = ""


class HttpServers(Protocol):
    """The HTTP servers of the configuration, by the name of their section (`alertmanager`, `prometheus`).

    `release_settings.release_server` names those of `[releases.probe]`.
    """

    def place(self, server: str) -> str:
        """Its address, for people; raises `ActionRefused` where it is not configured."""

    def send(self, server: str, method: str, path: str, document: object = None) -> HttpAnswer:
        """One request, with `document` as its JSON body. Redirects are not followed."""

    def at(self, name: str, settings: HttpSettings, max_bytes: int = 8_000_000) -> HttpServer:
        """Another server of the configuration, and how an error shall call it."""


class HttpServer(Protocol):
    """One server."""

    @property
    def place(self) -> str:
        """Its address, for people."""

    def send(self, method: str, path: str, document: object = None) -> HttpAnswer:
        """As `HttpServers.send`."""


class Files(Protocol):
    """Files on this host."""

    def write(self, path: Path, content: bytes, *, mode: int | None = None) -> Path | None:
        """Replace the file as a whole or not at all; keeps its permissions. Returns where the old content is kept."""
