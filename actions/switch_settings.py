"""`[actions.switches.NAME]`: something that the service reads and that has named positions, as data."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003  # pydantic reads the annotations at run time
from typing import Annotated, Self, TypeAlias

from pydantic import AfterValidator, Field, SecretStr, model_validator

from actions.check_settings import CheckSettings  # noqa: TC001  # pydantic reads the annotations at run time
from core.settings import Section
from signals.settings import HttpSettings

Value: TypeAlias = bool | int | float | str
"""What a key may hold. Redis and environment files hold text alone; JSON over HTTP holds any of these."""
Key = Annotated[str, Field(min_length=1, max_length=200)]


def _pattern(pattern: str) -> str:
    from core.errors import WarroomError
    from signals.regex import compile_regex

    try:
        compile_regex(pattern)
    except WarroomError:
        raise ValueError("no regular expression that RE2 knows") from None
    return pattern


Pattern = Annotated[str, AfterValidator(_pattern)]
"""A regular expression that RE2 knows."""


class RedisKeys(Section):
    """Keys of a Redis, `GET` and `SET` under their names as they stand; without a `url` that of the broker."""

    url: SecretStr | None = None
    password_file: Path | None = None


class RestartSettings(Section):
    """How what was written is read anew: a command, or a warm restart of the workers, or neither where it is read each time."""

    command: tuple[str, ...] = Field(default=(), description="an argv, run in `[actions] checkout`")
    workers: bool = Field(default=False, description="`workers.restart`: they must have a supervisor")
    timeout_s: Annotated[float, Field(gt=0, le=7200)] = 900.0

    @model_validator(mode="after")
    def _single(self) -> Self:
        if self.command and self.workers:
            raise ValueError("a restart is either a command or that of the workers")
        return self


class EnvironmentFile(Section):
    """Variables of a file of `NAME=value` lines; others and comments stay as they are."""

    path: Path = Field(description="seen from `[actions] checkout`")
    restart: RestartSettings = RestartSettings()


class HttpSwitch(HttpSettings):
    """A JSON object at an address: read by GET, changed by sending the keys that are to change."""

    method: str = Field(default="POST", pattern="^(POST|PUT|PATCH)$")
    path: str = Field(default="", pattern="^(/.*)?$")


class SwitchSettings(Section):
    """A switch: where it is kept, and what stands there in each of its positions.

    A key that another position has and this one has not is removed (over HTTP: null).
    """

    title: str = Field(default="", max_length=200)
    why: str = Field(default="", max_length=400)
    redis: RedisKeys | None = None
    file: EnvironmentFile | None = None
    http: HttpSwitch | None = None
    positions: dict[str, dict[Key, Value]] = Field(min_length=2)
    verify: tuple[CheckSettings, ...] = Field(default=(), description="what else must be so once it is set")

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if sum(each is not None for each in (self.redis, self.file, self.http)) != 1:
            raise ValueError("a switch is kept in one place: redis, file or http")
        if not any(self.positions.values()):
            raise ValueError("no position has a key")
        if self.http is None and any(
            not isinstance(value, str) for values in self.positions.values() for value in values.values()
        ):
            raise ValueError("Redis and files hold text: quote the value")
        return self

    def all_keys(self) -> tuple[str, ...]:
        """Every key of any position, in order."""
        return tuple(dict.fromkeys(key for values in self.positions.values() for key in values))
