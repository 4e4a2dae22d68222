"""Which runbook a person means: an id of the library, or a file."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import ConfigError, WarroomError
from core.message import say
from core.text import clean
from runbooks.library import Library, language_of, load_library, read_file
from runbooks.reading.include import resolve
from tui.cli.resources import config_or_default
from tui.config.load import Config

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runbooks.model import Runbook
    from runbooks.reading.problem import Problem
    from runbooks.reading.read import Parsed
    from tui.cli.command import Invocation


def library_of(invocation: Invocation) -> Library:
    """All runbooks. A configuration that is wrong is told and left aside: a manual must open when all else is broken."""
    try:
        config = config_or_default(invocation)
    except ConfigError as error:
        invocation.remark(error.message)
        config = Config()
    return load_library(config.runbooks, invocation.words.code)


def find(name: str, library: Library) -> tuple[Runbook, tuple[Problem, ...]]:
    """The runbook and what is wrong in its file; raises `WarroomError` with the nearest names."""
    known = library.get(name)
    if known is not None and not is_path(name):
        return known, tuple(one for one in library.problems if one.file == known.file)
    path = Path(name)
    if path.exists() or is_path(name):
        parsed = read_file(path, language_of(path, library.language))
        return opened(parsed, library)
    raise unknown(name, [one.id for one in library.runbooks])


def opened(parsed: Parsed, library: Library) -> tuple[Runbook, tuple[Problem, ...]]:
    """A file's runbook with the includes from the library."""
    known = {one.runbook.id: one for one in library.parsed} | {parsed.runbook.id: parsed}
    runbook, problems = resolve(parsed, known)
    return runbook, (*parsed.problems, *problems)


def unknown(name: str, known: Sequence[str]) -> WarroomError:
    """Names what was probably meant."""
    near = get_close_matches(name, known, n=3)
    if near:
        return WarroomError(say("runbook.unknown_near", name=clean(name, 80), near=", ".join(near)))
    return WarroomError(say("runbook.unknown", name=clean(name, 80)))


def is_path(name: str) -> bool:
    """Whether a file is meant."""
    return "/" in name or name.lower().endswith((".md", ".markdown"))
