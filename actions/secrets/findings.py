"""From a scanner's hits to findings: which place is meant, which commit brought the value first, is it still in HEAD."""

from __future__ import annotations

import fnmatch
import os
import posixpath
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from actions.secrets import betterleaks, git
from actions.secrets.git import GitError
from actions.secrets.model import Finding, Where
from core.text import clean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from actions.secrets.git import Commit, Repository
    from actions.secrets.model import Hit

FILES_ONLY = (betterleaks.NAME,)
"""Scanners that do not look at the history: what they alone report is not known to be absent from it."""
_LOGS = ("*.log", "*.log.*", "*.out", "logs/*", "*/logs/*", "log/*", "*/log/*")
_ENVIRONMENTS = (".env", ".env.*", "*.env", ".envrc", "*/.env", "*/.env.*", "*/.envrc")


def findings_of(
    hits: Iterable[Hit], folder: Path, repositories: Sequence[Repository], fingerprint: Callable[[str], str]
) -> tuple[list[Finding], dict[str, GitError]]:
    """The findings, one a place and value, and the repositories that could not be asked about theirs."""
    groups: dict[str, list[Hit]] = {}
    for hit in hits:
        groups.setdefault(_repository_of(hit, folder, repositories), []).append(hit)
    by_directory = {str(repository.directory): repository for repository in repositories}
    findings: set[Finding] = set()
    failures: dict[str, GitError] = {}
    for name, group in groups.items():
        try:
            findings.update(_findings(by_directory.get(name), group, fingerprint, folder))
        except GitError as error:
            failures[name] = error
            findings.update(_findings(None, group, fingerprint, folder))
    in_head: dict[str, bool | None] = {}
    for value, present in _only_in_files(groups.get("", ()), groups, repositories, failures):
        in_head[fingerprint(value)] = present
    has_history = any(not item.prefix for item in repositories) and not failures
    return _merged(findings, in_head, has_history=has_history), failures


def _only_in_files(
    hits: Sequence[Hit],
    groups: Mapping[str, Sequence[Hit]],
    repositories: Sequence[Repository],
    failures: dict[str, GitError],
) -> Iterator[tuple[str, bool | None]]:
    """Values that only a scanner of files reports: whether HEAD has them there; None where it has not, for it may elsewhere."""
    elsewhere = {hit.value for group in groups.values() for hit in group if hit.scanner not in FILES_ONLY}
    alone: dict[Repository, list[Hit]] = {}
    for hit in hits:
        if hit.value not in elsewhere and (repository := _tree_of(hit.file, repositories)) is not None:
            alone.setdefault(repository, []).append(hit)
    for repository, group in alone.items():
        tops = [hit.file.removeprefix(f"{repository.prefix}/") for hit in group]
        try:
            blobs = git.blobs_at(repository, [("HEAD", top) for top in tops])
            texts = dict(git.contents(repository, sorted({blob for blob in blobs if blob})))
        except GitError as error:
            failures[str(repository.directory)] = error
            texts = {}
            blobs = [""] * len(group)
        present: dict[str, bool] = {}
        for hit, blob in zip(group, blobs, strict=True):
            present[hit.value] = present.get(hit.value, False) or hit.value.encode() in texts.get(blob, b"")
        yield from ((value, True if there else None) for value, there in present.items())


def _tree_of(file: str, repositories: Sequence[Repository]) -> Repository | None:
    """The repository in whose working tree a file is: the innermost."""
    around = [each for each in repositories if not each.prefix or file.startswith(f"{each.prefix}/")]
    return max(around, key=lambda each: len(each.prefix), default=None)


def _repository_of(hit: Hit, folder: Path, repositories: Sequence[Repository]) -> str:
    """The Git directory that a hit's commit or object is in; empty for a file."""
    if not hit.commit and not hit.object:
        return ""
    named = Path(hit.repository) if hit.repository else Path(hit.file.partition("objects/")[0])
    place = Path(os.path.normpath(folder / named))
    for repository in repositories:
        if place in (repository.directory, folder / repository.prefix):
            return str(repository.directory)
    return ""


def _findings(
    repository: Repository | None, hits: Sequence[Hit], fingerprint: Callable[[str], str], folder: Path
) -> Iterator[Finding]:
    """One finding a hit, with what the repository knows of it. Raises `GitError`."""
    if repository is None:
        for hit in hits:
            yield _finding(hit, _where(hit, folder), fingerprint(hit.value), commit=hit.commit, file=hit.file)
        return
    kinds = repository.objects
    blobs = {hit.object for hit in hits if kinds.get(hit.object) == "blob"}
    origin = git.commits_of_blobs(repository, blobs)
    placed: list[tuple[Hit, str, str]] = []
    for hit in hits:
        kind = kinds.get(hit.object)
        if kind == "commit":
            placed.append((hit, hit.object, f"message of commit {hit.object[:12]}"))
        elif kind == "tag":
            placed.append((hit, "", f"message of tag {hit.object[:12]}"))
        elif hit.object and hit.object not in origin:
            placed.append((hit, "", f"object {hit.object[:12]}"))
        else:
            placed.append((hit, *origin.get(hit.object, (hit.commit, hit.file))))
    known = git.commits(repository, {commit for _, commit, _ in placed if commit})
    head = git.head_blobs(repository)
    at = git.blobs_at(repository, [(commit or "HEAD", file) for _, commit, file in placed])
    first: dict[str, Commit] = {}
    in_head: dict[str, bool] = {}
    for (hit, commit, _), blob in zip(placed, at, strict=True):
        value = fingerprint(hit.value)
        in_head[value] = in_head.get(value, False) or (blob or hit.object) in head
        oldest, this = first.get(value), known.get(commit)
        if this and (oldest is None or this.committed_at < oldest.committed_at):
            first[value] = this
    for hit, commit, file in placed:
        value = fingerprint(hit.value)
        shown = posixpath.join(repository.prefix, file) if repository.prefix else file
        yield replace(
            _finding(hit, Where.HISTORY, value, commit=commit, file=shown),
            first_commit=first[value].id if value in first else "",
            author_date=first[value].author_date if value in first else "",
            in_head=in_head[value],
        )


def _finding(hit: Hit, where: Where, fingerprint: str, *, commit: str, file: str) -> Finding:
    return Finding(
        rule=clean(hit.rule, 80),
        where=where,
        file=clean(file),
        line=hit.line,
        commit=commit,
        first_commit="",
        author_date="",
        in_head=None,
        fingerprint=fingerprint,
        scanners=(hit.scanner,),
    )


def _where(hit: Hit, folder: Path) -> Where:
    if (
        hit.commit
        or hit.object
        or hit.file.startswith((".git/logs/", ".git/COMMIT_"))
        or "/.git/logs/" in hit.file
    ):
        return Where.HISTORY
    if any(fnmatch.fnmatch(hit.file, pattern) for pattern in _ENVIRONMENTS):
        return Where.ENV
    outside = Path(hit.file).is_absolute() and not Path(hit.file).is_relative_to(folder)
    if outside or any(fnmatch.fnmatch(hit.file, pattern) for pattern in _LOGS):
        return Where.LOG
    return Where.TREE


def _merged(
    findings: Iterable[Finding], in_head: Mapping[str, bool | None], *, has_history: bool
) -> list[Finding]:
    """One finding a place and value, with all scanners that report it; a named rule wins over a generic one.

    What the history knows of a value holds for its places in files, too: a value that it does not have is not in HEAD,
    unless nobody looked for it there (`in_head`).
    """
    known = {finding.fingerprint: finding for finding in findings if finding.in_head is not None}
    merged: dict[tuple[str, Where, str, int, str], Finding] = {}
    for finding in sorted(
        findings, key=lambda finding: ("generic" in finding.rule, finding.scanners, finding.rule)
    ):
        key = (finding.fingerprint, finding.where, finding.file, finding.line, finding.commit)
        other = merged.get(key, finding)
        scanners = tuple(sorted({*other.scanners, *finding.scanners}))
        merged[key] = replace(other, scanners=scanners)
    absent = False if has_history else None
    return [
        replace(finding, first_commit=past.first_commit, author_date=past.author_date, in_head=past.in_head)
        if (past := known.get(finding.fingerprint))
        else replace(finding, in_head=in_head.get(finding.fingerprint, absent))
        for finding in merged.values()
    ]
