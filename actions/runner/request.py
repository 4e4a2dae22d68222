"""What a runner is given, through a pipe: it holds secrets, and never stands in an argv, an environment or a file."""

from __future__ import annotations

from typing import Any
from uuid import UUID  # noqa: TC003  # pydantic reads the annotations at run time

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from actions.release_settings import ReleasesSettings
from actions.settings import ActionsSettings  # noqa: TC001  # pydantic reads the annotations at run time
from incidents.settings import JournalSettings  # noqa: TC001  # pydantic reads the annotations at run time
from signals.settings import SignalsSettings  # noqa: TC001  # pydantic reads the annotations at run time


class RunSettings(BaseModel):
    """What of the configuration planning and running need. `secrets` are all of its secrets, to be taken out of output."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    service: str
    environment: str
    allow_chaos: bool = False
    signals: SignalsSettings
    actions: ActionsSettings
    releases: ReleasesSettings = ReleasesSettings()
    journal: JournalSettings
    secrets: tuple[str, ...] = Field(default=(), repr=False)


class RunRequest(BaseModel):
    """One run that was planned and approved, with all that is needed to do it; `plan` is the confirmed one, as JSON."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    run: UUID
    actor: str
    action: str
    params: dict[str, str] = Field(repr=False)
    plan: dict[str, Any]
    settings: RunSettings

    def for_pipe(self) -> bytes:
        """JSON with every secret in it."""
        return _Revealed(value=_reveal(self.model_dump(mode="python"))).model_dump_json().encode()


def settings_for_pipe(settings: RunSettings) -> bytes:
    """One line of JSON with every secret in it."""
    return _Revealed(value=_reveal(settings.model_dump(mode="python"))).model_dump_json().encode()


def read_settings(raw: bytes) -> RunSettings:
    """The inverse of `settings_for_pipe`; raises `ValueError` for one that is cut."""
    return RunSettings.model_validate(_Revealed.model_validate_json(raw).value)


class _Revealed(BaseModel):
    value: Any


def read_request(raw: bytes) -> RunRequest:
    """The inverse of `for_pipe`; raises `ValueError` for one that is cut."""
    return RunRequest.model_validate(_Revealed.model_validate_json(raw).value)


def _reveal(value: object) -> object:
    match value:
        case SecretStr():
            return value.get_secret_value()
        case dict():
            return {key: _reveal(item) for key, item in value.items()}
        case list() | tuple():
            return [_reveal(item) for item in value]
        case _:
            return value
