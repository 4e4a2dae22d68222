"""`[actions.chaos.FAULT]`: how a fault is switched on in this system, as data."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from actions.switch_settings import (
    EnvironmentFile,
    HttpSwitch,
    Key,
    Pattern,
    RedisKeys,
    SwitchSettings,
    Value,
)
from core.settings import Section

CHAOS = "chaos.inject"
"""The action that injects one, on any system that is not the sandbox by its supervisor."""
PRODUCTION = frozenset({"prod", "production", "live", "prd"})
"""What people call the environment that their users have."""


def is_production(environment: str) -> bool:
    """Whether its name says so, alone or as a part: `prod`, `prod-eu`, `eu_live`."""
    words = environment.lower().replace("_", "-").replace(".", "-").split("-")
    return bool(PRODUCTION & set(words))


class ChaosSettings(Section):
    """One fault: where its switch is kept, what is written there, and who feels it."""

    blast: str = Field(
        min_length=1, max_length=400, description="who feels it and how; shown before it is injected"
    )
    redis: RedisKeys | None = None
    file: EnvironmentFile | None = None
    http: HttpSwitch | None = None
    set: dict[Key, Value] = Field(min_length=1, description="what stands there while the fault lasts")
    value: Pattern | None = Field(
        default=None,
        description="what another value for the one key must match (RE2); without it there is no other",
    )

    @model_validator(mode="after")
    def _whole(self) -> Self:
        self.switch()
        if self.value is not None and len(self.set) != 1:
            raise ValueError("only a fault with one key can have another value")
        return self

    def switch(self) -> SwitchSettings:
        """The same as a switch with two positions."""
        return SwitchSettings(
            redis=self.redis, file=self.file, http=self.http, positions={"injected": self.set, "lifted": {}}
        )
