"""What actions need to know of the service: a part of `[actions]`, which a profile says in its `actions.toml`.

Who may do what is no part of it: that is said by `warroom.toml` alone.
"""

from __future__ import annotations

from pathlib import Path  # noqa: TC003  # pydantic reads the annotations at run time
from typing import Annotated, Self, TypeVar, cast

from pydantic import Field

from actions.chaos_settings import ChaosSettings  # noqa: TC001  # pydantic reads the annotations at run time
from actions.check_settings import CheckSettings
from actions.queue_settings import ProducersSettings, StagedReturnSettings
from actions.secret_settings import NAME, SecretSettings
from actions.switch_settings import SwitchSettings  # noqa: TC001  # pydantic reads the annotations at run time
from actions.upkeep_settings import (  # pydantic reads the annotations at run time
    DataLockSettings,  # noqa: TC001
    ExperimentSettings,  # noqa: TC001
    VisualsSettings,  # noqa: TC001
)
from core.settings import Section
from core.toml_file import Problem, read_toml, validate
from profiles.profile import BUNDLED

T = TypeVar("T")


class ServiceActionsSettings(Section):
    """The service's switches, faults, producers, data, pictures, experiment and secrets."""

    checkout: Path | None = Field(
        default=None, description="the service's own folder: relative paths of what follows are seen from it"
    )
    switches: dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$")], SwitchSettings] = Field(default={})
    chaos: dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$")], ChaosSettings] = Field(
        default={}, description="faults that can be injected into this system, by the name of the fault"
    )
    producers: ProducersSettings | None = None
    staged_return: StagedReturnSettings = StagedReturnSettings()
    data_lock: DataLockSettings | None = None
    visuals: VisualsSettings | None = None
    experiment: ExperimentSettings | None = None
    secrets: dict[Annotated[str, Field(pattern=NAME)], SecretSettings] = Field(
        default={}, description="what can be rotated and proven"
    )

    def over(self, profile: ServiceActionsSettings) -> Self:
        """These, and what they leave out as `profile` has it: key by key, switches by name, secrets by name and key."""
        update = {name: getattr(profile, name) for name in profile.model_fields_set - self.model_fields_set}
        secrets = {
            **profile.secrets,
            **{name: secret.over(profile.secrets.get(name)) for name, secret in self.secrets.items()},
        }
        switches = {**profile.switches, **self.switches}
        chaos = {**profile.chaos, **self.chaos}
        return self.model_copy(update={**update, "switches": switches, "chaos": chaos, "secrets": secrets})


def read_profile_actions(path: Path) -> tuple[ServiceActionsSettings, tuple[Problem, ...]]:
    """A profile's `actions.toml`, with what is wrong in it; raises `ConfigError` if it can't be read."""
    file = read_toml(path)
    if isinstance(file, Problem):
        return ServiceActionsSettings(), (file,)
    settings, problems = validate(ServiceActionsSettings, file)
    settings = settings or ServiceActionsSettings()
    return settings if path.is_relative_to(BUNDLED) else _of_team(settings), problems


def _of_team(value: T) -> T:
    """The same, whose checks know that they are a team profile's: a folder that may come with any repository."""
    if isinstance(value, CheckSettings):
        return value.model_copy(update={"of_team_profile": True})
    if isinstance(value, Section):
        known = {name: getattr(value, name) for name in value.model_fields_set}
        return value.model_copy(update={name: _of_team(each) for name, each in known.items()})
    if isinstance(value, dict):
        return cast("T", {name: _of_team(each) for name, each in value.items()})
    return cast("T", tuple(map(_of_team, value))) if isinstance(value, tuple) else value
