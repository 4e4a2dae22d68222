"""What is wrong in a runbook's file, with its line: the rest of the file still opens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.message import Message


@dataclass(frozen=True, slots=True)
class Problem:
    """`file` as it was given, `line` from 1."""

    file: str
    line: int
    message: Message

    @property
    def rule(self) -> str:
        """The short name that a lint gives it: `runbook.duplicate_id` is `duplicate-id`."""
        return self.message.key.partition(".")[2].replace("_", "-")
