"""What a verb of `warroom drill` is, and which there are: every other module of this package that holds a `VERB`."""

from __future__ import annotations

import pkgutil
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

import tui.cli.drill

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Mapping

    from tui.cli.command import Invocation
    from tui.i18n import Language


@dataclass(frozen=True, slots=True, kw_only=True)
class Verb:
    """Its summary (a key of the catalogue), its options, and what it does; `run` returns the exit code.

    Heavy imports stand inside the functions: every module is imported to read the options.
    """

    summary: str
    add_arguments: Callable[[argparse.ArgumentParser, Language], None]
    run: Callable[[argparse.Namespace, Invocation], int]
    has_json: bool = True


def verbs() -> Mapping[str, Verb]:
    """By name, sorted."""
    package = tui.cli.drill
    modules = sorted(module.name for module in pkgutil.iter_modules(package.__path__))
    loaded = {name: import_module(f"{package.__name__}.{name}") for name in modules}
    return {
        name: module.VERB
        for name, module in loaded.items()
        if isinstance(getattr(module, "VERB", None), Verb)
    }
