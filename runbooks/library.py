"""All runbooks that are there: the built-in ones and the team's, in one language, and which fits an alert or a panel."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import WarroomError
from core.message import say
from core.text import clean
from runbooks.checks.addresses import ask_elsewhere
from runbooks.reading.ids import slug
from runbooks.reading.include import resolve
from runbooks.reading.problem import Problem
from runbooks.reading.read import MOST_CHARACTERS, Parsed, read_runbook

if TYPE_CHECKING:
    from collections.abc import Container, Iterable

    from runbooks.model import Runbook
    from runbooks.settings import RunbooksSettings

BUNDLED = Path(__file__).parents[1] / "profiles" / "chimera" / "runbooks"
LANGUAGES = ("en", "zh")
NO_RUNBOOKS = ("readme.md", "format.md")
HEAD_BYTES = 4000
"""So far into a file its id is looked for."""
_ID = re.compile(r"^id:\s*(.+?)\s*$", re.MULTILINE)
ALIKE = 0.75
"""How alike an alert's name and one of a runbook must be for a guess, from 0 to 1."""


@dataclass(frozen=True, slots=True)
class Library:
    """Runbooks sorted by title, ids unique; `problems` of all files that were read."""

    language: str
    runbooks: tuple[Runbook, ...]
    problems: tuple[Problem, ...]
    parsed: tuple[Parsed, ...] = ()
    """As they were read, before includes were put in."""

    def get(self, runbook_id: str) -> Runbook | None:
        """The runbook with this id."""
        return next((one for one in self.runbooks if one.id == runbook_id), None)

    def for_alert(self, name: str) -> tuple[Runbook, ...]:
        """Those that answer the alert, best first: the one that names fewest other alerts knows it best.

        Where none names it, those that name one that is spelled almost like it.
        """
        exact = [one for one in self.runbooks if name in one.alerts]
        if exact:
            return tuple(sorted(exact, key=lambda one: (one.alerts.index(name), len(one.alerts))))
        rated = [
            (max((_alikeness(name, alert) for alert in one.alerts), default=0.0), one)
            for one in self.runbooks
        ]
        close = sorted(
            (pair for pair in rated if pair[0] >= ALIKE), key=lambda pair: (-pair[0], len(pair[1].alerts))
        )
        return tuple(one for _, one in close)

    def for_panel(self, panel_id: str) -> tuple[Runbook, ...]:
        """Those that explain the panel, the one that names it first before the others."""
        found = [one for one in self.runbooks if panel_id in one.panels]
        return tuple(sorted(found, key=lambda one: (one.panels.index(panel_id), len(one.panels))))


def load_runbook(settings: RunbooksSettings, language: str, runbook_id: str) -> Runbook | None:
    """The one runbook, as `load_library` would have it. Only files that name its id are read, unless it includes others."""
    library = load_library(settings, language, runbook_id)
    found = next((one for one in library.parsed if one.runbook.id == runbook_id), None)
    if found is not None and found.includes:
        library = load_library(settings, language)
    return library.get(runbook_id)


def load_library(settings: RunbooksSettings, language: str, only: str = "") -> Library:
    """Read everything, or with `only` what can have this id.

    A runbook that is not there in `language` is shown in the other one.
    """
    order = (*(one for one in LANGUAGES if one != language), language)
    problems: list[Problem] = []
    found: dict[str, Parsed] = {}
    for folder in (BUNDLED, *settings.folders):
        if folder is not BUNDLED and not folder.is_dir():
            problems.append(Problem(clean(str(folder)), 1, say("runbook.no_folder")))
        wanted = {path.name for path in _paths(folder / language)}
        here: dict[str, Parsed] = {}
        for one in order:  # a file that is there in both languages need not be read in both
            here |= _read_folder(folder / one, one, problems, wanted if one != language else (), only)
        if folder is not BUNDLED:
            here |= _read_folder(folder, language, problems, (), only)
        found |= here
    runbooks = []
    for parsed in found.values():
        problems += parsed.problems
        runbook, wrong = resolve(parsed, found)
        problems += wrong
        runbooks.append(ask_elsewhere(runbook, settings.addresses))
    runbooks.sort(key=lambda one: (one.title.lower(), one.id))
    return Library(language, tuple(runbooks), _once(problems), tuple(found.values()))


def read_file(path: Path, language: str) -> Parsed:
    """One file; raises `WarroomError` when it can't be read at all."""
    file = clean(str(path))
    if path.exists() and not path.is_file():
        raise WarroomError(say("runbook.no_file", file=file))
    try:
        with path.open("rb") as opened:
            raw = opened.read(4 * MOST_CHARACTERS + 1)
    except OSError as error:
        raise WarroomError(say("runbook.unreadable", file=file, detail=error.strerror or "?")) from error
    try:
        return read_runbook(raw.decode(), file, language)
    except UnicodeDecodeError as error:
        parsed = read_runbook(raw.decode(errors="replace"), file, language)
        line = raw.count(b"\n", 0, error.start) + 1
        return replace(parsed, problems=(Problem(file, line, say("runbook.not_utf8")), *parsed.problems))


def language_of(path: Path, otherwise: str) -> str:
    """The language of a file by the folder it stands in."""
    return path.absolute().parent.name if path.absolute().parent.name in LANGUAGES else otherwise


def _paths(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.glob("*.md") if path.name.lower() not in NO_RUNBOOKS)
    except OSError:
        return []


def _read_folder(
    folder: Path, language: str, problems: list[Problem], but: Container[str] = (), only: str = ""
) -> dict[str, Parsed]:
    found: dict[str, Parsed] = {}
    for path in _paths(folder):
        if path.name in but or not _can_be(path, only):
            continue
        try:
            parsed = read_file(path, language)
        except WarroomError as error:
            problems.append(Problem(clean(str(path)), 1, error.message))
            continue
        first = found.get(parsed.runbook.id)
        if first is not None:
            message = say("runbook.duplicate_runbook", id=parsed.runbook.id, file=first.runbook.file)
            problems += [*parsed.problems, Problem(clean(str(path)), 1, message)]
        else:
            found[parsed.runbook.id] = parsed
    return found


def _can_be(path: Path, runbook_id: str) -> bool:
    """Whether a file may have this id: by its front matter, or by its name; one that can't be read may not."""
    if not runbook_id or slug(path.stem) == runbook_id:
        return True
    try:
        with path.open("rb") as opened:
            head = opened.read(HEAD_BYTES).decode(errors="replace")
    except OSError:
        return False
    said = _ID.search(head)
    return said is not None and runbook_id in slug(said[1])  # who may be meant is read; who is, is seen then


def _once(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """A circle of includes is met from each of its runbooks."""
    found: dict[tuple[str, int, str], Problem] = {}
    for one in problems:
        found.setdefault((one.file, one.line, one.message.key), one)
    return tuple(found.values())


def _alikeness(one: str, other: str) -> float:
    return SequenceMatcher(None, one.lower(), other.lower()).ratio()
