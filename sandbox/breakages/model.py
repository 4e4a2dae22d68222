"""A kind of breakage, and what it may reach."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from pathlib import Path

    from sandbox.access import Access
    from sandbox.children import Children
    from sandbox.valkey import Valkey

Params: TypeAlias = Mapping[str, str]
Before: TypeAlias = "dict[str, str | int | float | bool | None]"
"""What was there, never with a secret's value."""


class Refused(Exception):
    """What was asked for can't be done here; the words say why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """What the supervisor holds: its folder, the ports of the parts, their processes."""

    folder: Path
    ports: Mapping[str, int]
    access: Access
    children: Children
    valkey: Valkey


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One breakage that was asked for: its id, and its parameters as text."""

    id: str
    params: Params


def _whole(_: Params) -> str:
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Breakage:
    """Something in the stack that can be broken.

    `look` reads what is there and raises `Refused` where there is nothing to break; `begin` breaks, `end` puts back what
    `look` had read, also a second time. `part` is what of it nobody else may break at the same time.
    """

    name: str
    look: Callable[[Stack, Params], Before]
    begin: Callable[[Stack, Order], None]
    end: Callable[[Stack, Order, Before], None]
    part: Callable[[Params], str] = _whole
