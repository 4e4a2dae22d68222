"""What a lint rule is, and which there are: every module of `repolint.rules` holds one as `RULE`."""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

from core.message import say

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from core.message import Message
    from repolint.project import Project
    from runbooks.lint.finding import Confidence, Finding

MANUAL: Final = "MANUAL.md"
"""The manual in a rule's examples."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule, named after its module: `metric-missing` stands in `rules/metric_missing.py`.

    `confidence`: every confidence that its findings may have. `live`: whether it asks a running system. `bad` and `good` are
    small repositories, the text of each file by its path: the rule reports something in `bad` and nothing in `good`.
    """

    id: str
    check: Callable[[Project], Iterable[Finding]]
    confidence: tuple[Confidence, ...]
    bad: Mapping[str, str]
    good: Mapping[str, str]
    live: bool = False
    executable: tuple[str, ...] = ()
    """Files of the examples that may be executed."""

    @property
    def title(self) -> Message:
        """What is wrong, in a few words."""
        return say(f"repolint_rules.{self.id}")

    @property
    def why(self) -> Message:
        """What it costs whoever follows the manual, and what the rule looks at: one paragraph."""
        return say(f"repolint_rules.{self.id}-why")


@cache
def rules() -> tuple[Rule, ...]:
    """Every rule there is, sorted by id."""
    package = importlib.import_module("repolint.rules")
    modules = sorted(module.name for module in pkgutil.iter_modules(package.__path__))
    return tuple(_rule(f"{package.__name__}.{module}") for module in modules)


def _rule(module: str) -> Rule:
    rule = getattr(importlib.import_module(module), "RULE", None)
    if not isinstance(rule, Rule):
        raise TypeError(f"{module} holds no RULE")
    return rule
