"""Our own rules (`rules.toml`), applied to bytes: what looks where no scanner is installed."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from core.files import read_text

if TYPE_CHECKING:
    import re
    from collections.abc import Iterator

RULES = Path(__file__).with_name("rules.toml")


@dataclass(frozen=True, slots=True)
class Rule:
    """One pattern; its first group is the secret."""

    id: str
    pattern: re.Pattern[bytes]


class Match(NamedTuple):
    """One value in a text; `line` counts from 1."""

    rule: str
    value: str
    line: int


@cache
def rules() -> tuple[Rule, ...]:
    """The rules of `rules.toml`."""
    import re

    read = tomllib.loads(read_text(RULES))
    return tuple(Rule(rule["id"], re.compile(rule["regex"].encode())) for rule in read["rules"])


def matches(text: bytes) -> Iterator[Match]:
    """Every value in `text`, rule by rule."""
    for rule in rules():
        for match in rule.pattern.finditer(text):
            yield Match(rule.id, match[1].decode(), text.count(b"\n", 0, match.start(1)) + 1)
