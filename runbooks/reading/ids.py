"""Ids: what they may be made of, and one made from a text where nobody gave one."""

from __future__ import annotations

import re

_ID = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
LONGEST = 32


def is_id(text: str) -> bool:
    """Lower case letters, digits and single dashes."""
    return _ID.fullmatch(text) is not None


def slug(text: str) -> str:
    """As forges make anchors of headings: letters and digits of any script, dashes between; '' where there are none."""
    words = re.findall(r"[^\W_]+", text.lower())
    found = ""
    for word in words:
        if found and len(found) + len(word) + 1 > LONGEST:
            break
        found = f"{found}-{word[:LONGEST]}" if found else word[:LONGEST]
    return found


def unique(name: str, taken: set[str]) -> str:
    """`name`, with a number behind it where it is taken already; takes it."""
    number, found = 1, name
    while found in taken:
        number += 1
        found = f"{name}-{number}"
    taken.add(found)
    return found
