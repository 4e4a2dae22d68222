"""Which kinds of oracles there are: every module of `drills.oracles` that holds a `KIND`, named after it."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from typing import TYPE_CHECKING

from drills.oracles.model import OracleKind

if TYPE_CHECKING:
    from collections.abc import Mapping


@cache
def oracle_kinds() -> Mapping[str, OracleKind]:
    """By name, sorted."""
    package = importlib.import_module("drills.oracles")
    modules = sorted(module.name for module in pkgutil.iter_modules(package.__path__))
    kinds = (getattr(importlib.import_module(f"{package.__name__}.{name}"), "KIND", None) for name in modules)
    return {kind.kind: kind for kind in kinds if isinstance(kind, OracleKind)}
