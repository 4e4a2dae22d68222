"""What one call of the program was asked for, apart from the command's own arguments."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from core.message import Message
    from tui.config.load import Config
    from tui.i18n import Language


@dataclass(frozen=True, slots=True)
class Invocation:
    """Language, configuration file and output form of one call."""

    words: Language
    config_path: Path | None
    json: bool

    def config(self) -> Config:
        """The whole configuration, its secrets kept out of the log; raises `ConfigError` with file, line, key, hint."""
        from tui.config.load import load_config
        from tui.config.place import find_config
        from tui.config.secrets import secrets_of
        from tui.runtime.log import keep_out

        config = load_config(find_config(self.config_path))
        keep_out(secrets_of(config))
        return config

    def fact(self, line: str) -> None:
        """Write a fact on standard output."""
        sys.stdout.write(line + "\n")

    def fact_json(self, value: object) -> None:
        """Write a fact as one line of JSON."""
        sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")

    def remark(self, message: Message) -> None:
        """Say something to the person on standard error; standard output is for facts alone."""
        sys.stderr.write(self.words.say(message) + "\n")
