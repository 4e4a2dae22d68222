"""Which part of a long list is on the screen."""

from __future__ import annotations


def scroll_to(top: int, first: int, after: int, height: int, count: int) -> int:
    """The top line of `height` lines out of `count` that shows the lines from `first` up to `after`; it moves no more than it must."""
    if after > top + height:
        top = after - height
    top = min(top, first)
    return max(0, min(top, count - height))


def pinned(count: int, cursor: int, height: int) -> tuple[int, ...]:
    """The places to show when there is room for `height` of `count`: the first is the worst and stays, the cursor is there."""
    if height >= count:
        return tuple(range(count))
    if height <= 1:
        return (cursor,) if height == 1 else ()
    top = max(1, min(cursor - (height - 2) // 2, count - height + 1))
    return (0, *range(top, top + height - 1))
