"""Places in a configured argv that a value is put into: `{name}`, one argument stays one argument."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

PLACEHOLDER = re.compile(r"\{([a-z][a-z0-9_]*)\}")


def places(texts: Iterable[str]) -> frozenset[str]:
    """The names of all places."""
    return frozenset(name for text in texts for name in PLACEHOLDER.findall(text))


def fill(text: str, values: Mapping[str, str]) -> str:
    """Each place once: what a value holds is never read as a place again. A name without a value leaves nothing."""
    return PLACEHOLDER.sub(lambda match: values.get(match[1], ""), text)


def filled(argv: Iterable[str], values: Mapping[str, str]) -> tuple[str, ...]:
    """The argv with every place filled."""
    return tuple(fill(part, values) for part in argv)
