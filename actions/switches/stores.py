"""Where a switch is kept: keys of a Redis, variables of an environment file, or a JSON object behind HTTP.

Each reads what stands there now, key by key (None: nothing), and writes only the switch's own keys: in one transaction, by
replacing the file as a whole, or in one request.
"""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Protocol, TypeAlias

from actions.env_file import value_of, with_value, without
from actions.errors import ActionFailed, ActionRefused
from actions.service_restart import in_checkout
from actions.step import Step
from core.files import read_text
from core.message import say
from core.text import clean
from signals.settings import RedisSettings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from redis.asyncio import Redis

    from actions.capabilities import RedisServers
    from actions.model import Context
    from actions.switch_settings import EnvironmentFile, HttpSwitch, RedisKeys, SwitchSettings, Value

Values: TypeAlias = "Mapping[str, Value | None]"
MAX_FILE_BYTES = 1_000_000
OK_STATUSES = range(200, 300)


class Store(Protocol):
    """One place; all of it raises a `SourceError`, `ActionRefused` or `ActionFailed`."""

    @property
    def place(self) -> str:
        """Where it is, for people."""

    def read(self, keys: Sequence[str]) -> dict[str, Value | None]:
        """What stands there now."""

    def write(self, values: Values, expire_s: Mapping[str, float]) -> None:
        """Put these; a key that has a time in `expire_s` shall vanish by itself then, where that is possible."""

    def renew(self, expire_s: Mapping[str, float]) -> None:
        """The keys are there, and shall vanish by themselves at another time than was said before."""

    def steps(self, values: Values, expiring: Sequence[str]) -> tuple[Step, ...]:
        """What `write` would do."""


def open_store(switch: SwitchSettings, context: Context) -> Store:
    """The place of this switch."""
    if switch.redis is not None:
        return RedisStore(switch.redis, context)
    if switch.file is not None:
        return FileStore(switch.file, context)
    assert switch.http is not None  # noqa: S101  # the settings hold exactly one
    return HttpStore(switch.http, context)


class RedisStore:
    """Keys, as they stand."""

    def __init__(self, settings: RedisKeys, context: Context) -> None:
        self._redis: RedisServers = context.redis
        if settings.url is not None:
            own = RedisSettings(url=settings.url, password_file=settings.password_file)
            self._redis = context.redis.at(own)

    @property
    def place(self) -> str:
        """Host and index."""
        return self._redis.place

    def read(self, keys: Sequence[str]) -> dict[str, Value | None]:
        """At one moment; not by `MGET`, which calls a list that stands there nothing."""

        async def values(client: Redis) -> list[bytes | str | None]:
            async with client.pipeline(transaction=True) as pipeline:
                for key in keys:
                    pipeline.get(key)
                return list(await pipeline.execute())

        return {key: _text(key, raw) for key, raw in zip(keys, self._redis.ask(values), strict=True)}

    def write(self, values: Values, expire_s: Mapping[str, float]) -> None:
        """All keys in one transaction."""

        async def put(client: Redis) -> None:
            async with client.pipeline(transaction=True) as pipeline:
                for key, value in values.items():
                    if value is None:
                        pipeline.delete(key)
                    else:
                        seconds = expire_s.get(key)
                        pipeline.set(key, str(value), ex=math.ceil(seconds) if seconds else None)
                await pipeline.execute()

        self._redis.ask(put)

    def renew(self, expire_s: Mapping[str, float]) -> None:
        """`EXPIRE`."""

        async def put(client: Redis) -> None:
            for key, seconds in expire_s.items():
                await client.expire(key, math.ceil(seconds))

        if expire_s:
            self._redis.ask(put)

    def steps(self, values: Values, expiring: Sequence[str]) -> tuple[Step, ...]:
        """The commands."""
        return tuple(
            Step(kind="redis", text=f"DEL {key}")
            if value is None
            else Step(kind="redis", text=f"SET {key} {value}{' EX …' if key in expiring else ''}")
            for key, value in values.items()
        )


class FileStore:
    """Variables of an environment file."""

    def __init__(self, settings: EnvironmentFile, context: Context) -> None:
        self._path = in_checkout(context, settings.path)
        self._files = context.files
        self._print_line = context.print_line

    @property
    def place(self) -> str:
        """The file."""
        return clean(str(self._path), 200)

    def read(self, keys: Sequence[str]) -> dict[str, Value | None]:
        """The values in force."""
        text = self._text()
        return {key: value_of(text, key) for key in keys}

    def write(self, values: Values, expire_s: Mapping[str, float]) -> None:
        """The file as a whole; the old one is kept beside it."""
        del expire_s  # a file does not change by itself
        text = self._text()
        for key, value in values.items():
            text = without(text, key) if value is None else with_value(text, key, str(value))
        kept = self._files.write(self._path, text.encode())
        if kept is not None:
            self._print_line(f"{kept.name} keeps what stood there")

    def renew(self, expire_s: Mapping[str, float]) -> None:
        """It does not vanish by itself."""

    def steps(self, values: Values, expiring: Sequence[str]) -> tuple[Step, ...]:
        """Line by line."""
        del expiring
        return tuple(
            Step(kind="file", text=f"{self.place}: {f'−{key}' if value is None else f'{key}={value}'}")
            for key, value in values.items()
        )

    def _text(self) -> str:
        try:
            return read_text(self._path, MAX_FILE_BYTES)
        except (OSError, UnicodeDecodeError) as error:
            detail = error.strerror if isinstance(error, OSError) else "not UTF-8"
            raise ActionRefused(
                say("actions_upkeep.unreadable", file=self.place, detail=detail or "?")
            ) from None


class HttpStore:
    """Keys of a JSON object."""

    def __init__(self, settings: HttpSwitch, context: Context) -> None:
        self._settings = settings
        self._server = context.http.at("switch", settings)

    @property
    def place(self) -> str:
        """The address."""
        return self._server.place + self._settings.path

    def read(self, keys: Sequence[str]) -> dict[str, Value | None]:
        """What the service itself says."""
        answer = self._server.send("GET", self._settings.path)
        try:
            document = json.loads(answer.body) if answer.status in OK_STATUSES else None
        except (ValueError, RecursionError):
            document = None
        if not isinstance(document, dict):
            raise ActionRefused(say("actions.bad_answer", server=self.place, detail=f"HTTP {answer.status}"))
        values = {key: document.get(key) for key in keys}
        if any(not isinstance(value, str | int | float | bool | None) for value in values.values()):
            raise ActionRefused(say("actions.bad_answer", server=self.place, detail="no plain value"))
        return values

    def write(self, values: Values, expire_s: Mapping[str, float]) -> None:
        """In one request."""
        del expire_s
        answer = self._server.send(self._settings.method, self._settings.path, dict(values))
        if answer.status not in OK_STATUSES:
            raise ActionFailed(say("actions.bad_answer", server=self.place, detail=f"HTTP {answer.status}"))

    def renew(self, expire_s: Mapping[str, float]) -> None:
        """It does not vanish by itself."""

    def steps(self, values: Values, expiring: Sequence[str]) -> tuple[Step, ...]:
        """The request."""
        del expiring
        body = json.dumps(dict(values), ensure_ascii=False)
        return (Step(kind="http", text=f"{self._settings.method} {self.place} {body}"),)


def _text(key: str, raw: bytes | str | None) -> str | None:
    """What can't be shown and put back as text is not touched."""
    if raw is None:
        return None
    try:
        text = raw.decode() if isinstance(raw, bytes) else raw
    except UnicodeDecodeError:
        text = ""
    if raw and clean(text, 4000) != text:
        raise ActionRefused(say("actions_upkeep.no_text", key=clean(key, 200)))
    return text
