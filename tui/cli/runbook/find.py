"""Which runbook is meant: by a person, who says an id or a file, or by an incident, which follows some by name."""

from __future__ import annotations

from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import ConfigError, WarroomError
from core.files import is_file
from core.message import say
from core.text import clean
from runbooks.library import Library, language_of, load_library, load_runbook, read_file
from runbooks.model import Runbook
from runbooks.reading.include import resolve
from tui.cli.resources import config_or_default

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from incidents.events.incident import Incident
    from incidents.report.describe import Names
    from runbooks.model import Problem
    from runbooks.reading.read import Parsed
    from tui.cli.command import Invocation
    from tui.config.model import Config


def load_configured_library(invocation: Invocation) -> Library:
    """All runbooks. Of a wrong configuration only the profile counts: a manual must open when all else is broken."""
    from tui.config.file import find_config
    from tui.config.load import load_manuals

    try:
        config = config_or_default(invocation)
    except ConfigError as error:
        invocation.print_notice(error.message)
        config = load_manuals(find_config(invocation.config_path))
    return load_library(config.runbooks, invocation.words.code)


def find_runbook(name: str, library: Library) -> tuple[Runbook, tuple[Problem, ...]]:
    """The runbook and what is wrong in its file; raises `WarroomError` with the nearest names."""
    known = library.get(name)
    if known is not None and not is_path(name):
        return known, tuple(problem for problem in library.problems if problem.file == known.file)
    path = Path(name)
    if is_file(path) or is_path(name):
        parsed = read_file(path, language_of(path, library.language))
        return resolve_includes(parsed, library)
    raise unknown_runbook(name, [runbook.id for runbook in library.runbooks])


def resolve_includes(parsed: Parsed, library: Library) -> tuple[Runbook, tuple[Problem, ...]]:
    """A file's runbook with the includes from the library."""
    known = {other.runbook.id: other for other in library.parsed} | {parsed.runbook.id: parsed}
    runbook, problems = resolve(parsed, known)
    return runbook, (*parsed.problems, *problems)


def unknown_runbook(name: str, known: Sequence[str]) -> WarroomError:
    """Names what was probably meant."""
    near = get_close_matches(name, known, n=3)
    if near:
        return WarroomError(say("runbook.unknown_near", name=clean(name, 80), near=", ".join(near)))
    return WarroomError(say("runbook.unknown", name=clean(name, 80)))


def is_path(name: str) -> bool:
    """Whether a file is meant."""
    return "/" in name or name.lower().endswith((".md", ".markdown"))


def incident_runbook(name: str, config: Config, invocation: Invocation) -> Runbook | None:
    """The runbook that an incident calls `name`: one of the library, or a file; None where it is not here."""
    if not is_path(name):
        return load_runbook(config.runbooks, invocation.words.code, name)
    try:
        runbook, _ = find_runbook(name, load_library(config.runbooks, invocation.words.code))
    except WarroomError:
        return None
    return replace(runbook, id=name)  # the journal knows its steps under this name


def incident_runbooks(
    names: Iterable[str], config: Config, invocation: Invocation, *, report_missing: bool = False
) -> tuple[Runbook, ...]:
    """Those that are here; with `report_missing` it is said that of the others only the step ids are known."""
    runbooks = []
    for name in names:
        runbook = incident_runbook(name, config, invocation)
        if runbook is not None:
            runbooks.append(runbook)
        elif report_missing:
            invocation.print_notice(say("incident.no_runbook_here", name=clean(name, 80)))
    return tuple(runbooks)


def incident_names(
    runbook_ids: Iterable[str], config: Config, invocation: Invocation, incident: Incident | None = None
) -> Names:
    """What these runbooks call their steps and phases, and what the incident's audits found."""
    from response.audit_items import with_found_items
    from response.names import runbook_names

    books = with_found_items(incident_runbooks(runbook_ids, config, invocation), incident)
    return runbook_names(book for book in books if isinstance(book, Runbook))
