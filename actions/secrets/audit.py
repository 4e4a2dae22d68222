"""The audit: what is looked at, by which scanner, and the findings that become of their hits.

Kingfisher reads the files, every commit, and what commits and tags say; Betterleaks reads the files for a second opinion; our own rules go with both, and alone where Kingfisher is missing. Two scanners that report one
value at one place make one finding.
"""

from __future__ import annotations

import os
import stat
import threading
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from actions.secrets import betterleaks, git, kingfisher, own
from actions.secrets.findings import findings_of
from actions.secrets.fingerprint import fingerprints
from actions.secrets.git import GitError
from actions.secrets.model import Audit, Scanned, Unread, Verdict
from actions.secrets.progress import Began, Ended, Listed, Seen, StillReading
from actions.secrets.scanner import GaveUpError, ScannerError
from actions.secrets.verdicts import (
    Decision,
    LastAudit,
    last_audit,
    read_decisions,
    verdict_of,
    write_last,
)
from core.files import make_private_folder, open_regular
from core.message import say
from core.text import clean

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from actions.secrets.git import Repository
    from actions.secrets.model import Finding, Hit
    from actions.secrets.progress import Progress
    from actions.secrets.scanner import Limit
    from core.message import Message

MAX_FILE_BYTES = 256 << 20
"""Kingfisher leaves out what is larger; such a file is named as not read."""
STILL_S = 10.0
"""How often it is said which scanner is still at it."""
_SEVERITY = {Verdict.TRUE: 0, Verdict.OPEN: 1, Verdict.ACCEPTED: 2, Verdict.FALSE: 3}


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditSettings:
    """What to audit, and where our own files are.

    `state` holds the key of the fingerprints and what the last audit saw, `cache` the scanner's compiled rules (4 s to
    make) and its scratch files, `decisions` is the file of verdicts.
    """

    folder: Path
    logs: tuple[Path, ...] = ()
    """Files and folders outside `folder` that hold logs."""
    state: Path
    cache: Path
    decisions: Path
    second_opinion: bool = True


class _Walk(NamedTuple):
    files: list[tuple[str, Path]]
    bytes: int
    unread: list[Unread]


def audit(
    settings: AuditSettings, progress: Callable[[Progress], None], now: dt.datetime, limit: Limit
) -> Audit:
    """Look at everything and judge it by the decisions that stand; `progress` hears of each part.

    Raises `FingerprintKeyError` and `BaselineError`; a scanner, repository or file that can't be read is named in the result
    instead, a scanner that is not ready when the limit is over, too. Who interrupts the calling thread ends the scanners.
    """
    folder = settings.folder.absolute()
    make_private_folder(settings.cache)
    fingerprint = fingerprints(settings.state / "fingerprint.key")
    decisions = read_decisions(settings.decisions)
    walk = _walk(folder, settings.logs)
    unread = list(walk.unread)
    report = _Report(progress, fingerprint)
    report(Listed(len(walk.files)))
    repositories, refused = git.repositories(folder)
    unread += [Unread(place=clean(name), why=say("secrets.repository_refused")) for name in refused]
    commits = 0
    failed: list[Unread] = []
    hits = _scan_all(
        list(_parts(settings, folder, repositories, walk, failed, limit=limit)), report, limit, failed
    )
    findings, failures = findings_of(hits, folder, repositories, fingerprint)
    for repository in repositories:
        try:
            commits += sum(kind == "commit" for kind in repository.objects.values())
        except GitError as error:
            failures[repository.prefix or "."] = error
    failed += [_failed(name, error) for name, error in failures.items()]
    judged = _judged(findings, decisions, now)
    result = Audit(
        at=now,
        path=str(folder),
        findings=tuple(sorted(judged, key=_order)),
        scanned=Scanned(
            files=len(walk.files),
            bytes=walk.bytes,
            repositories=len(repositories),
            commits=commits,
            scanners=scanners(second_opinion=settings.second_opinion),
            unread=(*unread, *failed),
        ),
    )
    known = frozenset(finding.fingerprint for finding in result.findings)
    last = last_audit(settings.state, folder)
    before = last.fingerprints if last else known
    # What a scan that failed did not report is not gone.
    gone = before - known if not failed else frozenset()
    result = replace(result, new=known - before, gone=gone)
    write_last(settings.state, folder, LastAudit.of(result, (known | before) - gone))
    return result


class _Report:
    """Says each part, and each value when the first scanner has it: hours before its history is known. For any thread."""

    def __init__(self, progress: Callable[[Progress], None], fingerprint: Callable[[str], str]) -> None:
        self._progress = progress
        self._fingerprint = fingerprint
        self._seen: set[str] = set()
        self._lock = threading.Lock()

    def __call__(self, progress: Progress) -> None:
        with self._lock:
            self._progress(progress)

    def hit(self, hit: Hit) -> None:
        """Once for each value."""
        name = self._fingerprint(hit.value)
        with self._lock:
            if name not in self._seen:
                self._seen.add(name)
                place = clean(f"{hit.file}:{hit.line}")
                self._progress(Seen(name, clean(hit.rule, 80), place))


def _scan_all(parts: Sequence[_Part], report: _Report, limit: Limit, failed: list[Unread]) -> list[Hit]:
    """Each scanner is a process of its own: they run side by side, the longest decides."""
    hits: list[Hit] = []
    for part in parts:
        report(Began(part.label))
    with ThreadPoolExecutor(max_workers=max(1, len(parts))) as threads:
        scans = {threads.submit(_scan, part, report): part for part in parts}
        left = set(scans)
        try:
            while left:
                ended, left = wait(left, STILL_S, FIRST_COMPLETED)
                for scan in ended:
                    part, (seen, error) = scans[scan], scan.result()
                    hits += seen
                    report(Ended(part.label, len(seen)))
                    if error is not None:
                        failed.append(_failed(part.name, error))
                for scan in left if not ended else ():
                    report(StillReading(scans[scan].label, round(limit.spent_s)))
        except BaseException:
            limit.stop()  # leaving the block waits for their threads
            raise
    return hits


def _scan(part: _Part, report: _Report) -> tuple[list[Hit], ScannerError | GitError | None]:
    """What a part reports until it ends or fails."""
    hits = []
    try:
        for hit in part.hits:
            hits.append(hit)  # what came before a failure counts
            report.hit(hit)
    except (ScannerError, GitError) as error:
        return hits, error
    return hits, None


class _Part(NamedTuple):
    name: str
    what: str
    hits: Iterable[Hit]

    @property
    def label(self) -> str:
        """The scanner and what it reads."""
        return clean(f"{self.name} {self.what}")


def _parts(
    settings: AuditSettings,
    folder: Path,
    repositories: Sequence[Repository],
    walk: _Walk,
    failed: list[Unread],
    *,
    limit: Limit,
) -> Iterator[_Part]:
    """The scans; each begins when its hits are asked for."""
    binary = kingfisher.program()
    logs = [str(path.absolute()) for path in settings.logs if path.exists()]
    if binary is None:
        yield _Part(own.NAME, "files", own.scan_files(walk.files, limit))
        for repository in repositories:
            history = own.scan_objects(repository, limit)
            yield _Part(own.NAME, f"history of {repository.prefix or '.'}", history)
    else:
        # A submodule's repository lies below .git, a linked working tree's outside of the folder: both are named.
        inside = {folder / repository.prefix / ".git" for repository in repositories}
        directories = [str(item.directory) for item in repositories if item.directory not in inside]
        paths = [".", *directories, *logs]
        texts = (text for repository in repositories for text in _messages(repository, failed))
        hits = kingfisher.scan(binary, folder, paths, texts, settings.cache, limit=limit)
        yield _Part(kingfisher.NAME, "files and history", hits)
    if settings.second_opinion and betterleaks.installed():
        for path in (".", *logs):
            second = betterleaks.scan_paths(folder, path, settings.cache, limit)
            yield _Part(betterleaks.NAME, f"files of {path}", second)


def _messages(repository: Repository, failed: list[Unread]) -> Iterator[kingfisher.Text]:
    try:
        for name, text in git.contents(repository, git.messages(repository)):
            yield kingfisher.Text(str(repository.directory), name, text)
    except GitError as error:
        failed.append(_failed(repository.prefix or ".", error))


def scanners(*, second_opinion: bool) -> tuple[str, ...]:
    """Name and version of each scanner that is installed and wanted; `warroom` are our own rules."""
    from importlib.metadata import version

    names = []
    if kingfisher.program() is not None:
        names.append(f"{kingfisher.NAME} {version('kingfisher-bin')}")
    if second_opinion and betterleaks.installed():
        names.append(f"{betterleaks.NAME} {version('pybetterleaks')}")
    return (*names, own.NAME)


def _walk(folder: Path, logs: Sequence[Path]) -> _Walk:
    """Every regular file outside of `.git`, and what can't be read. Links are not followed: they may lead anywhere."""
    files: list[tuple[str, Path]] = []
    unread: list[Unread] = []
    size = 0

    def refuse(error: OSError) -> None:
        unread.append(Unread(place=clean(str(error.filename)), why=_why(error)))

    for top in (folder, *logs):
        for path in _paths(top, refuse):
            shown = path.relative_to(folder).as_posix() if path.is_relative_to(folder) else str(path)
            try:
                state = path.lstat()
                reason = _unfit(state)
                if reason is None:
                    open_regular(path).close()
            except OSError as error:
                reason = _why(error)
            if reason is not None:
                unread.append(Unread(place=clean(shown), why=reason))
                continue
            files.append((shown, path))
            size += state.st_size
    return _Walk(files, size, unread)


def _paths(top: Path, refuse: Callable[[OSError], None]) -> Iterator[Path]:
    if top.is_file():
        yield top
        return
    for place, folders, names in os.walk(top, onerror=refuse):
        folders[:] = sorted(name for name in folders if name != ".git")
        yield from (Path(place) / name for name in sorted(names))


def _unfit(state: os.stat_result) -> Message | None:
    """Why a file is not read; None for one that is."""
    if stat.S_ISLNK(state.st_mode):
        return say("secrets.link")
    if not stat.S_ISREG(state.st_mode):
        return say("secrets.no_file")
    return say("secrets.too_large", size=state.st_size) if state.st_size > MAX_FILE_BYTES else None


def _failed(place: str, error: ScannerError | GitError) -> Unread:
    if isinstance(error, GaveUpError):
        had = "?" if error.processor_s is None else f"{error.processor_s:.1f}"
        after_s = round(error.seconds)
        why = say("secrets.gave_up", seconds=after_s, processor_s=had)
        return Unread(place=clean(place), why=why, after_s=after_s)
    return Unread(place=clean(place), why=say("secrets.part_failed", detail=clean(str(error))))


def _why(error: OSError) -> Message:
    return say("secrets.unreadable", detail=error.strerror or "?")


def _judged(
    findings: Iterable[Finding], decisions: Mapping[str, Decision], now: dt.datetime
) -> Iterator[Finding]:
    for finding in findings:
        yield replace(finding, verdict=verdict_of(decisions.get(finding.fingerprint), now))


def _order(finding: Finding) -> tuple[int, str, str, str, int, str]:
    return (
        _SEVERITY[finding.verdict],
        finding.fingerprint,
        finding.where,
        finding.file,
        finding.line,
        finding.commit,
    )
