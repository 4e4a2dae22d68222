"""The enrichers: every module of this package that has an `ENRICHER` is one, in the order of their names."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from asyncio import Future
    from collections.abc import Awaitable, Callable

    from actions.releases.scripts import ReleaseSchemas
    from panels.fold import Contribution
    from panels.query_cache import QueryCache
    from panels.spec import PanelSpec
    from signals.sources import Sources


@dataclass(frozen=True, slots=True, kw_only=True)
class PanelContext:
    """What an enricher is given. It asks PromQL through `cache`, everything else through `sources`.

    `history` is how many seconds the metrics' source knows; it is awaited where that matters. `schemas` knows the scripts of each
    release, where `[releases.scripts]` says where they are.
    """

    spec: PanelSpec
    sources: Sources
    cache: QueryCache
    now: float
    history: Future[float]
    schemas: ReleaseSchemas | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Enricher:
    """Something that a panel says beyond its queries.

    `applies` decides by what the panel's specification has. `enrich` may raise a `SourceError`: the panel is then no
    better than unknown. A `slow` one asks the workers or the database, which takes seconds: the first evaluation does without them.
    """

    id: str
    applies: Callable[[PanelSpec], bool]
    enrich: Callable[[PanelContext], Awaitable[Contribution]]
    slow: bool = False


@cache
def enrichers() -> tuple[Enricher, ...]:
    """All of them."""
    names = sorted(module.name for module in iter_modules(import_module(__package__).__path__))
    modules = [import_module("." + name, __package__) for name in names if name != "registry"]
    return tuple(module.ENRICHER for module in modules)
