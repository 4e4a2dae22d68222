"""Which faults there are: every module of `drills.faults` that holds one as `FAULT`, named after its id."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from core.message import say
from core.text import clean
from drills.faults.errors import NoSuchFault
from drills.faults.model import Fault

if TYPE_CHECKING:
    from collections.abc import Mapping

PLACE = Path(__file__).parent
NO_FAULTS = frozenset(
    {
        "errors",
        "injector",
        "lifting",
        "model",
        "records",
        "registry",
        "sandboxed",
        "watchdog",
        "watchdog_process",
    }
)
"""What stands beside them."""


@cache
def faults() -> Mapping[str, Fault]:
    """All of them by id, sorted."""
    names = sorted(each.name for each in pkgutil.iter_modules([str(PLACE)]) if each.name not in NO_FAULTS)
    return {fault.id: fault for fault in map(_fault, names)}


def find_fault(fault_id: str) -> Fault:
    """Raises `NoSuchFault`."""
    if fault_id not in faults():
        raise NoSuchFault(say("faults.no_such", fault=clean(fault_id, 80), known=", ".join(faults())))
    return faults()[fault_id]


def _fault(name: str) -> Fault:
    fault = getattr(importlib.import_module(f"drills.faults.{name}"), "FAULT", None)
    if not isinstance(fault, Fault) or fault.id != name.replace("_", "-"):
        raise TypeError(f"drills.faults.{name} holds no FAULT of its name")
    return fault
