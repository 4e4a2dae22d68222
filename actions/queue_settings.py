"""`[actions.producers]` and `[actions.staged_return]`: who sends work and how that is paused, and how work comes back."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from actions.check_settings import CheckSettings  # noqa: TC001  # pydantic reads the annotations at run time
from core.settings import Section

RATE = r"^[0-9]{1,6}(\.[0-9]{1,3})?/[smh]$"
r"""A limit as Celery writes it: how many a second, a minute or an hour.

Not `\d`, which has the digits of all writings: it was also 0.2 MB of tables in Pydantic's expression.
"""


class ProducersSettings(Section):
    """Those who send tasks look at `[actions.switches.producers]` before they send."""

    paused: str = Field(default="paused", description="its position in which nothing is sent")
    queues: tuple[str, ...] = Field(default=(), description="what they send to; without them all queues")
    window_s: Annotated[float, Field(ge=0.5, le=600)] = Field(
        default=10.0, description="how long is looked whether anything new comes in"
    )
    settle_s: Annotated[float, Field(ge=0, le=600)] = Field(
        default=10.0, description="how long producers may take to notice"
    )


class StagedReturnSettings(Section):
    """What says that a return goes too fast, and what 100 % is."""

    refusals: tuple[CheckSettings, ...] = Field(
        default=(), description="all must hold for a stage to go on; one that does not hold steps back"
    )
    rates: dict[str, Annotated[str, Field(pattern=RATE)]] = Field(
        default={}, description="by task: the limit on each worker that is 100 %"
    )
    queues: tuple[str, ...] = Field(default=(), description="held queues that come back with it")
