"""All runbooks that are there: the profile's and the team's, in one language, and which fits an alert or a panel."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import WarroomError
from core.files import is_file, is_folder, read_head
from core.message import say
from core.text import clean
from profiles.profile import BUNDLED
from runbooks.model import Check, Problem
from runbooks.reading.ids import slug
from runbooks.reading.include import resolve
from runbooks.reading.read import MAX_CHARACTERS, Parsed, read_runbook

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping

    from runbooks.model import Runbook, Step
    from runbooks.settings import RunbooksSettings

LANGUAGES = ("en", "zh")
NOT_RUNBOOKS = ("readme.md", "format.md")
HEAD_BYTES = 4000
"""So far into a file its id is looked for."""
_ID = re.compile(r"^id:\s*(.+?)\s*$", re.MULTILINE)
MIN_SIMILARITY = 0.75
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
        return next((runbook for runbook in self.runbooks if runbook.id == runbook_id), None)

    def for_alert(self, name: str) -> tuple[Runbook, ...]:
        """Those that answer the alert, best first: the one that names fewest other alerts knows it best.

        Where none names it, those that name one that is spelled almost like it.
        """
        exact = [runbook for runbook in self.runbooks if name in runbook.alerts]
        if exact:
            return tuple(sorted(exact, key=lambda book: (book.alerts.index(name), len(book.alerts))))
        rated = [
            (max((_similarity(name, alert) for alert in runbook.alerts), default=0.0), runbook)
            for runbook in self.runbooks
        ]
        close = [pair for pair in rated if pair[0] >= MIN_SIMILARITY]
        close.sort(key=lambda pair: (-pair[0], len(pair[1].alerts)))
        return tuple(runbook for _, runbook in close)

    def for_panel(self, panel_id: str) -> tuple[Runbook, ...]:
        """Those that explain the panel, the one that names it first before the others."""
        fitting = [runbook for runbook in self.runbooks if panel_id in runbook.panels]
        return tuple(sorted(fitting, key=lambda book: (book.panels.index(panel_id), len(book.panels))))


def load_runbook(settings: RunbooksSettings, language: str, runbook_id: str) -> Runbook | None:
    """The one runbook, as `load_library` would have it. Only files that name its id are read, unless it includes others."""
    library = load_library(settings, language, runbook_id)
    parsed = next((parsed for parsed in library.parsed if parsed.runbook.id == runbook_id), None)
    if parsed is not None and parsed.includes:
        library = load_library(settings, language)
    return library.get(runbook_id)


def load_library(settings: RunbooksSettings, language: str, only: str = "") -> Library:
    """Read everything, or with `only` what can have this id.

    A runbook that is not there in `language` is shown in the other one.
    """
    order = (*(other for other in LANGUAGES if other != language), language)
    problems: list[Problem] = []
    known: dict[str, Parsed] = {}
    for folder in settings.folders:
        if not is_folder(folder):
            problems.append(
                Problem(clean(str(folder)), 1, "no-folder", say("runbook.no_folder"), certain=False)
            )
        translated = {path.name for path in _paths(folder / language)}
        in_folder: dict[str, Parsed] = {}
        for code in order:  # a file that is there in both languages need not be read in both
            skip = translated if code != language else ()
            in_folder |= _read_folder(folder / code, code, problems, skip, only)
        in_folder |= _read_folder(folder, language, problems, (), only)
        known |= in_folder
    runbooks = []
    for parsed in known.values():
        problems += parsed.problems
        runbook, include_problems = resolve(parsed, known)
        problems += include_problems
        runbooks.append(prepare_checks(runbook, settings.addresses))
    runbooks.sort(key=lambda runbook: (runbook.title.lower(), runbook.id))
    return Library(language, tuple(runbooks), _unique(problems), tuple(known.values()))


def prepare_checks(runbook: Runbook, addresses: Mapping[str, str]) -> Runbook:
    """The runbook whose HTTP checks ask `addresses[x]` wherever their address is `x` or lies below it; the text shows it.

    A drill asks stand-ins, a network behind a proxy another address. Checks of the program's own files are marked.
    """
    bases = {address.rstrip("/"): target.rstrip("/") for address, target in addresses.items()}
    phases = tuple(
        replace(phase, steps=tuple(_prepare_step(step, bases) for step in phase.steps))
        for phase in runbook.phases
    )
    return replace(runbook, phases=phases)


def _prepare_step(step: Step, bases: Mapping[str, str]) -> Step:
    if not any(check.probe == "http" for check in step.checks):
        return step
    bundled = Path(step.file).resolve().is_relative_to(BUNDLED)
    blocks = (
        replace(_redirect(block, bases), bundled=bundled)
        if isinstance(block, Check) and block.probe == "http"
        else block
        for block in step.blocks
    )
    return replace(step, blocks=tuple(blocks))


def _redirect(check: Check, bases: Mapping[str, str]) -> Check:
    url = str((check.parameters or {}).get("url", ""))
    base = max((prefix for prefix in bases if f"{url}/".startswith(f"{prefix}/")), key=len, default=None)
    if base is None:
        return check
    redirected = bases[base] + url.removeprefix(base)
    return replace(check, parameters={**(check.parameters or {}), "url": redirected})


def read_file(path: Path, language: str) -> Parsed:
    """One file; raises `WarroomError` when it can't be read at all."""
    file = clean(str(path))
    if path.exists() and not path.is_file():
        raise WarroomError(say("runbook.no_file", file=file))
    try:
        raw = read_head(path, 4 * MAX_CHARACTERS + 1)
    except OSError as error:
        raise WarroomError(say("runbook.unreadable", file=file, detail=error.strerror or "?")) from error
    try:
        return read_runbook(raw.decode(), file, language)
    except UnicodeDecodeError as error:
        parsed = read_runbook(raw.decode(errors="replace"), file, language)
        line = raw.count(b"\n", 0, error.start) + 1
        return replace(
            parsed, problems=(Problem(file, line, "not-utf8", say("runbook.not_utf8")), *parsed.problems)
        )


def language_of(path: Path, otherwise: str) -> str:
    """The language of a file by the folder it stands in."""
    return path.absolute().parent.name if path.absolute().parent.name in LANGUAGES else otherwise


def _paths(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.glob("*.md") if path.name.lower() not in NOT_RUNBOOKS)
    except OSError:
        return []


def _read_folder(
    folder: Path, language: str, problems: list[Problem], skip: Container[str] = (), only: str = ""
) -> dict[str, Parsed]:
    runbooks: dict[str, Parsed] = {}
    for path in _paths(folder):
        if path.name in skip or not _may_have_id(path, only):
            continue
        try:
            parsed = read_file(path, language)
        except WarroomError as error:
            problems.append(
                Problem(clean(str(path)), 1, "unreadable" if is_file(path) else "no-file", error.message)
            )
            continue
        first = runbooks.get(parsed.runbook.id)
        if first is not None:
            message = say("runbook.duplicate_runbook", id=parsed.runbook.id, file=first.runbook.file)
            problems += [*parsed.problems, Problem(clean(str(path)), 1, "duplicate-runbook", message)]
        else:
            runbooks[parsed.runbook.id] = parsed
    return runbooks


def _may_have_id(path: Path, runbook_id: str) -> bool:
    """Whether a file may have this id: by its front matter, or by its name; one that can't be read may not."""
    if not runbook_id or slug(path.stem) == runbook_id:
        return True
    try:
        head = read_head(path, HEAD_BYTES).decode(errors="replace")
    except OSError:
        return False
    match = _ID.search(head)
    return match is not None and runbook_id in slug(
        match[1]
    )  # what may be meant is read; what is, is seen then


def _unique(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """A circle of includes is met from each of its runbooks."""
    unique: dict[tuple[str, int, str], Problem] = {}
    for problem in problems:
        unique.setdefault((problem.file, problem.line, problem.rule), problem)
    return tuple(unique.values())


def _similarity(name: str, other: str) -> float:
    return SequenceMatcher(None, name.lower(), other.lower()).ratio()
