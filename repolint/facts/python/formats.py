"""How Python puts texts together: concatenation, `%` and `str.format`, each over every text that a part can have."""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ANY = "*"
"""Stands in a name or a label's value for what could not be read. No Prometheus name holds it."""
MAX_TEXTS = 400
"""More combinations than this say nothing: they become `*`."""


def joined(parts: list[tuple[str, ...]]) -> tuple[str, ...]:
    """Every way to put one text of each part behind the other; too many become `*`."""
    count = 1
    for part in parts:
        count *= len(part)
    if count > MAX_TEXTS:
        parts = [part if len(part) == 1 else (ANY,) for part in parts]
    return tuple("".join(pieces) for pieces in itertools.product(*parts))


def percent(formats: tuple[str, ...], arguments: list[tuple[str, ...]]) -> Iterator[str]:
    """`"…%s…" % (…)`."""
    for text in formats:
        pieces = re.split(r"%[sdr]", text)
        if len(pieces) != len(arguments) + 1:
            yield ANY
            continue
        parts: list[tuple[str, ...]] = [(pieces[0],)]
        for argument, piece in zip(arguments, pieces[1:], strict=True):
            parts += [argument, (piece,)]
        yield from joined(parts)


def braces(text: str, arguments: list[tuple[str, ...]], named: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    """`"…{}…".format(…)`."""
    parts: list[tuple[str, ...]] = []
    number = 0
    for place, piece in enumerate(re.split(r"\{([^{}]*)\}", text)):
        if place % 2 == 0:
            parts.append((piece,))
            continue
        name = piece.partition(":")[0]
        if name and not name.isdigit():
            parts.append(named.get(name, (ANY,)))
            continue
        position = int(name) if name else number
        number += 1
        parts.append(arguments[position] if position < len(arguments) else (ANY,))
    return joined(parts)
