r"""Regular expressions as Prometheus and Alertmanager take them: Go's syntax, by Google's RE2, the same engine's elder.

Python's own has another syntax (`[[:alpha:]]`, `\pL`, `\z`, `a++`), and a pattern such as `(a+)+` makes it look at a
short text for hours. RE2 takes no longer than the text is long, and refuses what it can't do so. A pattern of nothing
but letters, dots, bars and one `.+` at its end, as most are, means the same to both: it is left to Python, for RE2
takes 4 MB of memory.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, Protocol

from core.errors import BadQuery
from core.message import say
from core.text import clean

_PLAIN = re.compile(r"[A-Za-z0-9_:/ .|-]*(?:\.[*+]|\(\.[*+]\))?")


class Match(Protocol):
    """The groups of a match by number or name; None for one that took no part. Raises `IndexError`."""

    def __getitem__(self, group: int | str, /) -> str | None: ...


class Regex(Protocol):
    """A compiled pattern."""

    def fullmatch(self, text: str, /) -> Match | None: ...


@lru_cache(maxsize=512)
def compile_regex(pattern: str, *, dot_all: bool = True) -> Regex:
    """`dot_all`: the dot is also a line end, as in Prometheus since version 3. Raises `BadQuery`."""
    if _PLAIN.fullmatch(pattern):
        return re.compile(pattern, re.DOTALL if dot_all else 0)
    import re2

    options: Any = re2.Options()
    options.log_errors = False  # it would write them to the terminal
    options.dot_nl = dot_all
    try:
        regex: Regex = re2.compile(pattern, options)
    except (re2.error, UnicodeEncodeError) as error:
        detail = error.args[0].decode(errors="replace") if isinstance(error, re2.error) else str(error)
        raise BadQuery(say("promql.syntax", detail=clean(detail))) from error
    return regex


def expand(match: Match, template: str) -> str:
    """Go's `Regexp.Expand`: $1, ${1}, $name, ${name}, $$; an unknown group is empty."""

    def fill(reference: re.Match[str]) -> str:
        if reference[0] == "$$":
            return "$"
        name = reference[1] or reference[2]
        try:
            return match[int(name) if name.isdigit() else name] or ""
        except IndexError:
            return ""

    return re.sub(r"\$\$|\$\{(\w+)\}|\$(\w+)", fill, template)
