"""The one place that writes to standard output and standard error, and it can't steer a terminal.

What a command says may hold words of a journal, a server, a file's name or an argument. Whatever is written here is
cleaned as on the screen; JSON says the same with escapes. Standard library alone until something is written.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    import re
    from collections.abc import Iterator

    from rich.console import Console, RenderableType


class OutputLost(Exception):
    """Standard output is closed or can't be written: a result that nobody gets is none."""


def prepare_streams() -> None:
    """A character that the locale can't write is escaped, and keeps nothing else from being written.

    Each line is sent at once, also into a pipe: a command that goes on is read while it does.
    """
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError, ValueError):  # closed, or not a stream of Python's own
            stream.reconfigure(errors="backslashreplace", line_buffering=True)  # type: ignore[union-attr]  # see above


def write_result(text: str) -> None:
    """Write `text` to standard output; raises `OutputLost`, and `BrokenPipeError` where the reader has gone."""
    _write(_harmless(text))


def write_json(value: object) -> None:
    """Write `value` to standard output as one line of JSON; raises as `write_result` does."""
    import json

    _write(escape_json(json.dumps(value, ensure_ascii=False)) + "\n")


def escape_json(text: str) -> str:
    """The same JSON; what a terminal would obey or hide is escaped in it."""
    from core.text import UNWANTED

    return UNWANTED.sub(_escape, text)


def print_rich(console: Console, *renderables: RenderableType, soft_wrap: bool = False) -> None:
    """Write what Rich draws to standard output: its own styles and nothing else that steers; raises as `write_result` does."""
    from rich.segment import Segment, Segments

    options = console.options.update(no_wrap=soft_wrap, overflow="ignore" if soft_wrap else None)
    for renderable in renderables:
        drawn = [
            Segment(_harmless(segment.text), segment.style)
            for segment in console.render(renderable, options)
            if not segment.control
        ]
        with console.capture() as capture:
            console.print(Segments(drawn), soft_wrap=True, end="")
        _write(capture.get())


def flush_results() -> None:
    """Whether all of it arrived is known only now; raises as `write_result` does."""
    if sys.stdout is not None:
        with _lost_output():
            sys.stdout.flush()


def write_notice(text: str) -> None:
    """Write `text` to standard error; where that is gone, too, nobody can be told."""
    with suppress(OSError, ValueError):
        if sys.stderr is not None:
            sys.stderr.write(_harmless(text))
            sys.stderr.flush()


def write_error(text: str) -> None:
    """Write `text` to standard error as one line, whatever is quoted in it."""
    write_notice(" ".join(text.split()) + "\n")


def is_terminal(stream: TextIO | None) -> bool:
    """Whether somebody sits at this standard stream; a closed one is None."""
    return stream is not None and not stream.closed and stream.isatty()


def _write(text: str) -> None:
    if sys.stdout is None:
        raise OutputLost("closed")
    with _lost_output():
        sys.stdout.write(text)


@contextmanager
def _lost_output() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise
    except (OSError, ValueError) as error:
        raise OutputLost(getattr(error, "strerror", None) or str(error)) from error


def _harmless(text: str) -> str:
    try:
        from core.text import clean_block
    except ImportError:  # it is what went wrong
        return "".join(char if char.isprintable() or char == "\n" else " " for char in text)
    return clean_block(text, len(text))


def _escape(match: re.Match[str]) -> str:
    import json

    return json.dumps(match[0])[1:-1]
