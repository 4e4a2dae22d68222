"""Where the configuration file is. It reads nothing, so that asking costs nothing before the first paint."""

from __future__ import annotations

import os
from pathlib import Path

from core.errors import ConfigError
from core.message import say


class ConfigNotFound(ConfigError):
    """There is no configuration file at all."""


def find_config(path: Path | None) -> Path:
    """`--config`, `$WARROOM_CONFIG`, `./warroom.toml`, the user's configuration folder; raises `ConfigNotFound`."""
    if path is not None:
        return path
    if named := os.environ.get("WARROOM_CONFIG"):
        return Path(named)
    from platformdirs import user_config_path

    for candidate in (Path("warroom.toml"), user_config_path("warroom", appauthor=False) / "warroom.toml"):
        if candidate.is_file():
            return candidate
    raise ConfigNotFound(say("config.none_found"))
