"""Where the configuration is looked for. It reads nothing, so that asking costs nothing."""

from __future__ import annotations

import os
from pathlib import Path

from core.errors import ConfigError
from core.message import say


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
