"""The log of changes as text: a heading that counts what is new, then the newest first; new ones are marked."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from rich.text import Text

from core.message import say
from panels.draw.panel import ASCII_MARKS, MARKS, STYLES
from panels.draw.text import cut, shorten, wrap_to_width

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.message import Message
    from panels.changes import Change, ChangeLog

    Say = Callable[[Message], str]

NEW, ASCII_NEW = "●", "*"


def draw_changes(
    log: ChangeLog,
    seen: float,
    say_: Say,
    width: int,
    height: int,
    *,
    wrap: bool = False,
    ascii_only: bool = False,
) -> list[Text]:
    """At most `height` lines; what is newer than `seen` (Unix seconds) is new. `wrap` shows every change whole."""
    lines = [_heading(log, seen, say_, width, ascii_only=ascii_only)]
    for change in log.changes:
        if len(lines) >= height:
            break
        lines += _change(change, seen, say_, width, wrap=wrap, ascii_only=ascii_only)
    return lines[: max(0, height)]


def changes_line(log: ChangeLog, seen: float, say_: Say, width: int, *, ascii_only: bool = False) -> Text:
    """All that is new in one line, as far as it fits."""
    new = [change for change in log.changes if change.at > seen]
    line = _heading(log, seen, say_, width, ascii_only=ascii_only)
    mark = " * " if ascii_only else " · "
    for change in new:
        clock = time.strftime("%H:%MZ", time.gmtime(change.at))
        line.append(mark if change is not new[0] else "  ", "quiet")
        line.append(f"{clock} {_text(change, say_)}", _style(change))
    return shorten(line, width, ascii_only=ascii_only)


def _heading(log: ChangeLog, seen: float, say_: Say, width: int, *, ascii_only: bool) -> Text:
    count = log.since(seen)
    key = "changes.since" if count else "changes.nothing"
    text = say_(say(key, time=time.strftime("%H:%MZ", time.gmtime(seen)), count=count))
    return Text(
        " " + cut(text, width - 1, ascii_only=ascii_only).rstrip(),
        "title" if count else "quiet",
        no_wrap=True,
    )


def _change(
    change: Change, seen: float, say_: Say, width: int, *, wrap: bool, ascii_only: bool
) -> list[Text]:
    new = change.at > seen
    mark = " " if change.verdict is None else (ASCII_MARKS if ascii_only else MARKS)[change.verdict]
    head = Text(no_wrap=True)
    head.append(" " if not new else ASCII_NEW if ascii_only else NEW, "cursor" if new else "")
    head.append(time.strftime("%H:%M:%SZ ", time.gmtime(change.at)), "quiet")
    head.append(f"{mark} ", _style(change))
    room = width - head.cell_len
    parts = (
        wrap_to_width(_text(change, say_), room)
        if wrap
        else [cut(_text(change, say_), room, ascii_only=ascii_only).rstrip()]
    )
    style = _style(change) if new else "quiet"
    lines = [head.append(parts[0] if parts else "", style)]
    indent = " " * (width - room)
    return [*lines, *(Text(indent + part, style, no_wrap=True) for part in parts[1:])]


def _text(change: Change, say_: Say) -> str:
    text = say_(change.message)
    return say_(say("changes.times", text=text, times=change.times)) if change.times > 1 else text


def _style(change: Change) -> str:
    return "" if change.verdict is None else STYLES[change.verdict]
