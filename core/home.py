"""The user's own folders (XDG base directory specification). There may be none: HOME unset, and no entry of this user."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from core.errors import ConfigError
from core.message import say

if TYPE_CHECKING:
    from pathlib import Path


def user_folder(kind: Literal["config", "data", "state"]) -> Path:
    """Where this program keeps what is the user's, made or not; raises `ConfigError` where there is no home."""
    import platformdirs

    folder = {
        "config": platformdirs.user_config_path,
        "data": platformdirs.user_data_path,
        "state": platformdirs.user_state_path,
    }[kind]
    try:
        return folder("warroom", appauthor=False)
    except (RuntimeError, OSError):
        raise ConfigError(say("config.no_home")) from None


def expanded(path: Path) -> Path:
    """The path with the home folder for its `~`; raises `ConfigError` where there is no home."""
    try:
        return path.expanduser()
    except RuntimeError:
        raise ConfigError(say("config.no_home")) from None
