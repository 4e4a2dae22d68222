"""What `warroom doctor` finds on this side: the terminal, the locale and the log file."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from core.text import clean
from tui.doctor import Finding, failed, passed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tui.i18n import Language

MIN_SIZE = (80, 24)


def check_local(words: Language, environment: Mapping[str, str] = os.environ) -> list[Finding]:
    """Log file, and the terminal when standard error is one."""
    size = _size()
    findings = [_log(words)]
    if size is None:
        return [*findings, passed("terminal", "terminal", words.text("doctor.no_terminal"))]
    return [*findings, *check_terminal(size, environment, words)]


def check_terminal(size: tuple[int, int], environment: Mapping[str, str], words: Language) -> list[Finding]:
    """Size, kind and colours, and whether the locale can show more than ASCII."""
    from tui.runtime.terminal import locale_is_utf8

    columns, rows = size
    room = columns >= MIN_SIZE[0] and rows >= MIN_SIZE[1]
    what = words.text("doctor.size", columns=columns, rows=rows)
    findings = [Finding("size", room, what, "terminal", "" if room else words.text("doctor.fix_size"))]
    kind = clean(environment.get("TERM", ""), 40)
    known = kind not in ("", "dumb", "unknown")
    what = words.text("doctor.term", term=kind or "-", colours=_colours(environment))
    findings.append(Finding("term", known, what, "terminal", "" if known else words.text("doctor.fix_term")))
    utf8 = locale_is_utf8(environment)
    what = words.text("doctor.utf8" if utf8 else "doctor.ascii")
    findings.append(Finding("locale", utf8, what, "locale", "" if utf8 else words.text("doctor.fix_locale")))
    return findings


def _size() -> tuple[int, int] | None:
    try:
        size = os.get_terminal_size(sys.stderr.fileno())
    except (OSError, ValueError):
        return None
    return size.columns, size.lines


def _colours(environment: Mapping[str, str]) -> str:
    if "NO_COLOR" in environment:
        return "NO_COLOR"
    if environment.get("COLORTERM", "") in ("truecolor", "24bit"):
        return "16777216"
    return "256" if "256color" in environment.get("TERM", "") else "16"


def _log(words: Language) -> Finding:
    from tui.runtime.log import log_path, log_problem

    if why := log_problem():
        what = words.text("doctor.no_log", file="warroom.log", detail=why)
        return failed("log", "log", what, words.text("doctor.fix_log"))
    return passed("log", "log", words.text("doctor.log", file=clean(str(log_path()))))
