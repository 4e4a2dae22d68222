"""One file a tool that runs services; each has `adapter`, found by the name that `[releases] adapter` gives.

What a tool can't do by itself is a team's own argv (`[releases.commands]`), which takes the place of the adapter's.
"""

from __future__ import annotations

import importlib
from dataclasses import replace
from typing import TYPE_CHECKING

from actions.errors import ActionRefused
from core.message import say

if TYPE_CHECKING:
    from actions.release_settings import ReleasesSettings
    from actions.releases.model import Adapter


def adapter_of(settings: ReleasesSettings) -> Adapter:
    """The configured one; raises `ActionRefused` where none is."""
    if settings.adapter is None:
        raise ActionRefused(say("actions.not_configured", section="releases"))
    module = importlib.import_module(f"{__name__}.{settings.adapter}")
    adapter: Adapter = module.adapter(settings)
    own = settings.commands
    return replace(
        adapter,
        deploy=own.deploy or adapter.deploy,
        back=own.back or (() if own.deploy else adapter.back),
        switch=own.switch or adapter.switch,
        environment={**adapter.environment, **own.environment},
    )
