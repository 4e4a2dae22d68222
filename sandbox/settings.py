"""The `[sandbox]` section: how the disposable stack is built and how busy it is. Nothing of it concerns production."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from core.settings import Section

Strategy: TypeAlias = Literal["blue-green", "rolling"]
Port = Annotated[int, Field(ge=0, le=65_535, description="0: any that is free")]


class SandboxSettings(Section):
    """What `warroom sandbox` starts; the same seed and load give the same traffic."""

    seed: int = Field(default=1, ge=0, description="of the community's behaviour; `--seed` goes first")
    load: float = Field(
        default=1.0, gt=0, le=100, description="how many ask: 1 is a small community, 10 are ten of them"
    )
    concurrency: int = Field(
        default=2, ge=1, le=64, description="tasks that each of the two workers runs at a time"
    )
    prometheus: bool = Field(
        default=True, description="use the Prometheus on PATH; false: the service is scraped directly"
    )
    strategy: Strategy = Field(
        default="blue-green",
        description="how releases come in: into a slot that users are switched to, or rolling, one instance after the other",
    )
    valkey_port: Port = 0
    postgres_port: Port = 0
    outside_port: Port = 0
    service_port: Port = 0
    prometheus_port: Port = 0
    alertmanager_port: Port = 0
