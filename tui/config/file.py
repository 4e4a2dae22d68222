"""Where the configuration file is. It reads nothing, so that asking costs nothing before the first paint."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from core.errors import ConfigError
from core.files import is_file
from core.home import user_folder
from core.message import say


class ConfigNotFound(ConfigError):
    """There is no configuration file at all."""


def find_config(path: Path | None) -> Path:
    """`--config`, `$WARROOM_CONFIG`, `./warroom.toml`, the user's configuration folder; raises `ConfigNotFound`."""
    if path is not None:
        return path
    if named := os.environ.get("WARROOM_CONFIG"):
        return Path(named)
    candidates = [Path("warroom.toml")]
    with suppress(ConfigError):  # a user without a home has none there
        candidates.append(user_folder("config") / "warroom.toml")
    for candidate in candidates:
        if is_file(candidate):
            return candidate
    raise ConfigNotFound(say("config.none_found"))
