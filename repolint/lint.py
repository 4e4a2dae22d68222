"""Judges manuals against a repository: opens both, asks every rule, and sorts what they found."""

from __future__ import annotations

import errno
import gc
import logging
import os
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from core.errors import WarroomError
from core.files import is_folder, read_bytes
from core.message import say
from core.text import clean
from repolint.facts.manual.document import MAX_CHARACTERS, read_document
from repolint.project import MAX_BYTES, Project
from repolint.registry import rules
from repolint.suppress import suppress

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from repolint.project import Document
    from repolint.registry import Rule
    from runbooks.lint.finding import Finding

log = logging.getLogger(__name__)
SKIPPED: Final = frozenset(
    {".git", "node_modules", "venv", ".venv", "__pycache__", "site-packages", ".tox", ".mypy_cache"}
)
_TEST_DATA: Final = frozenset(
    {
        "tests",
        "test",
        "testing",
        "testdata",
        "test_data",
        "fixtures",
        "examples",
        "samples",
        "__tests__",
        "__fixtures__",
    }
)
"""Folders whose rules, dashboards and scrape targets nobody operates. What they name stays known; nothing is told of them."""
MAX_FILES: Final = 50_000


class ManualError(WarroomError):
    """A manual or a repository that can't be read, or a rule that broke on it."""


def lint_manuals(paths: Sequence[Path], repo: Path) -> list[Finding]:
    """All findings, once each, by file and line. `ManualError` names what can't be read."""
    project = open_project(paths, repo)
    findings: dict[object, Finding] = {}
    given = {document.file for document in project.documents}
    with _without_collecting():
        for rule in rules():
            for finding in _run(rule, project):
                if finding.file not in given and _TEST_DATA & set(finding.file.split("/")[:-1]):
                    continue
                findings.setdefault((finding.file, finding.line, finding.rule, str(finding.message)), finding)
    kept = suppress(list(findings.values()), project.documents)
    return sorted(kept, key=lambda f: (f.file, f.line, f.rule, str(f.message)))


@contextmanager
def _without_collecting() -> Iterator[None]:
    """Syntax trees are many objects that all stay until the end: the collector would go through them again and again."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def _run(rule: Rule, project: Project) -> list[Finding]:
    try:
        return list(rule.check(project))
    except Exception as error:
        log.exception("rule %s failed on %s", rule.id, project.root)
        raise ManualError(
            say(
                "repolint.rule_broke",
                rule=rule.id,
                repo=clean(str(project.root)),
                error=clean(repr(error)),
            )
        ) from error


def open_project(paths: Sequence[Path], repo: Path) -> Project:
    """Reads the manuals and lists the repository's files; nothing of the repository is run."""
    if not is_folder(repo):
        raise ManualError(say("repolint.no_repository", path=clean(str(repo))))
    documents = tuple(_document(path) for path in dict.fromkeys(paths))
    return Project(repo, frozenset(_files(repo)), documents)


def _document(path: Path) -> Document:
    try:
        raw = read_bytes(path, MAX_BYTES)
    except (OSError, RuntimeError) as error:  # RuntimeError: a symlink that leads to itself
        if isinstance(error, OSError) and error.errno == errno.EFBIG:
            megabytes = MAX_BYTES // 1_000_000
            raise ManualError(say("repolint.too_large", path=clean(str(path)), megabytes=megabytes)) from None
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise ManualError(say("repolint.unreadable", path=clean(str(path)), reason=clean(reason))) from error
    if b"\0" in raw:
        raise ManualError(say("repolint.binary", path=clean(str(path))))
    return read_document(clean(str(path), MAX_CHARACTERS), raw.decode("utf-8", errors="replace"))


def _files(repo: Path) -> Iterator[str]:
    inside = repo.resolve()
    for number, name in enumerate(_tracked(repo) or _walked(repo)):
        if number >= MAX_FILES:
            log.warning("%s has more than %d files; the rest is not looked at", repo, MAX_FILES)
            return
        path = repo / name
        try:
            if path.is_symlink() and not path.resolve(strict=True).is_relative_to(inside):
                continue
            if path.is_file():
                yield name
        except (OSError, RuntimeError):
            continue


def _tracked(repo: Path) -> list[str]:
    """What git keeps, and what is new and not ignored. Settings of the repository that would run a program are off."""
    command = ["git", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-C", str(repo)]
    try:
        done = subprocess.run(
            [*command, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            capture_output=True,
            check=True,
            timeout=60,
            env={**os.environ, "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0"},
        )
    except (OSError, subprocess.SubprocessError):
        return []
    names = [name.decode("utf-8", errors="replace") for name in done.stdout.split(b"\0") if name]
    return sorted(name for name in dict.fromkeys(names) if not SKIPPED & set(name.split("/")[:-1]))


def _walked(repo: Path) -> Iterator[str]:
    for folder, folders, names in os.walk(repo):
        folders[:] = sorted(name for name in folders if name not in SKIPPED)
        for name in sorted(names):
            yield (Path(folder) / name).relative_to(repo).as_posix()
