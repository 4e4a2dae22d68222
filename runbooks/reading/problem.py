"""What is wrong in a runbook's file, with its line: the rest of the file still opens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.message import Message


@dataclass(frozen=True, slots=True)
class Problem:
    """`file` as it was given, `line` from 1; `rule` is the name that a lint gives it.

    One that is not `certain` may be meant so.
    """

    file: str
    line: int
    rule: str
    message: Message
    certain: bool = True
