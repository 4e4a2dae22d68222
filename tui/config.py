"""The whole configuration: each part of the program owns its section, here they meet."""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from panels.settings import PanelsSettings
from signals.errors import ConfigError
from signals.message import say
from signals.settings import Section, SignalsSettings


class ServiceSettings(Section):
    """What is operated."""

    name: str = "chimera"
    environment: str = "prod"


class FaceSettings(Section):
    """How the program looks and speaks."""

    language: Literal["en", "zh"] | None = None
    theme: str = "dark"


class Config(Section):
    """`warroom.toml`, validated."""

    service: ServiceSettings = ServiceSettings()
    signals: SignalsSettings = SignalsSettings()
    panels: PanelsSettings = PanelsSettings()
    tui: FaceSettings = FaceSettings()


def find_config(asked: Path | None) -> Path:
    """`--config`, `$WARROOM_CONFIG`, `./warroom.toml`, the user's configuration folder; raises `ConfigError`."""
    if asked is not None:
        return asked
    if named := os.environ.get("WARROOM_CONFIG"):
        return Path(named)
    from platformdirs import user_config_path

    for path in (Path("warroom.toml"), user_config_path("warroom", appauthor=False) / "warroom.toml"):
        if path.is_file():
            return path
    raise ConfigError(say("config.none_found"))


_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


def load_config(path: Path) -> Config:
    """Read and validate `path`; raises `ConfigError` that names file, key and hint."""
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
        return Config.model_validate(_expand(raw))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(say("config.unreadable", file=str(path), detail=str(error))) from error
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise ConfigError(say("config.invalid", file=str(path), key=key, detail=first["msg"])) from error


def _expand(value: object) -> object:
    if isinstance(value, dict):
        return {key: _expand(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_expand(item) for item in value]
    if isinstance(value, str):
        return _VARIABLE.sub(lambda match: os.environ.get(match[1], ""), value)
    return value
