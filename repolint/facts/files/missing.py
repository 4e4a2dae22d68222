"""Scripts, files and documents that a manual runs, reads or names, and that the repository does not have."""

from __future__ import annotations

import bisect
import posixpath
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from repolint.facts.files.paths import exists, judgeable, made_on_the_way, near, place_of, top_folders
from repolint.facts.files.used import SCRIPTS, files_in_images, files_used, is_only_named
from repolint.facts.manual.commands import commands
from repolint.facts.manual.words import PLAN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from repolint.facts.manual.commands import Command
    from repolint.project import Document, Project
    from runbooks.lint.finding import Confidence

Kind = Literal["script", "file", "document"]
DOCUMENTS: Final = (".md", ".rst", ".adoc")
_NAMED: Final = (
    *SCRIPTS,
    *DOCUMENTS[:2],
    *(".yml", ".yaml", ".toml", ".json", ".sql", ".ini", ".cfg", ".conf", ".go", ".tsx", ".jsx"),
)
_BROUGHT: Final = re.compile(
    r"(?i)(?:^|/)\.env[^/]*$|(?:secret|credential|private|backup|dump)[^/]*$|(?:^|/)(?:backups?|dumps?)/"
)
"""Files of these names, or of such folders, are often somebody's own, and kept out of the repository on purpose."""
_MAX_LINES_ABOVE: Final = 8
"""So many lines stand at most between the end of a block with a file's content and the command that uses the file."""
_LINKED: Final = re.compile(r"\[`([^`]+)`\]\((?![a-zA-Z][\w+.-]*:|//)")
"""A path that is the text of a link into the repository: what is wrong with it is said of the link."""


@dataclass(frozen=True, slots=True)
class MissingFile:
    """A path that is not there, with the command that needs it (None where it is only named), and a path that may be meant."""

    kind: Kind
    path: str
    document: Document
    line: int
    confidence: Confidence
    nearest: str
    command: Command | None = None


def missing_files(project: Project) -> tuple[MissingFile, ...]:
    """What commands use, what stands in code font, and what commands use inside images."""
    return (*_used(project), *_named(project), *_used_in_images(project))


def _used(project: Project) -> Iterator[MissingFile]:
    for command in commands(project):
        if command.container or is_only_named(command):
            continue
        for path in files_used(command):
            if not _is_missing(project, command.document, path, command.folder):
                continue
            script = path.endswith(SCRIPTS)
            confidence: Confidence = "certain" if "/" in path or command.fenced else "likely"
            if confidence == "certain" and _is_from_above(project, path):
                confidence = "likely"
            if not script and (_BROUGHT.search(path) or _is_written_above(command, path)):
                confidence = "hint"
            kind: Kind = "script" if script else "file"
            yield MissingFile(
                kind, path, command.document, command.line, confidence, near(project, path), command
            )


def _used_in_images(project: Project) -> Iterator[MissingFile]:
    for used in project.fact(files_in_images):
        if not used.in_context:
            command = used.command
            yield MissingFile(
                "script",
                used.path,
                command.document,
                command.line,
                "likely",
                near(project, used.path),
                command,
            )


def _named(project: Project) -> Iterator[MissingFile]:
    """A path in code font that is not in the repository although its folder is."""
    used = {
        (command.document.file, command.line, path)
        for command in commands(project)
        for path in files_used(command)
        if not is_only_named(command)
    }
    for document in project.documents:
        shown = _lines_before_a_block(document)
        linked = {(prose.line, text) for prose in document.prose for text in _LINKED.findall(prose.text)}
        for code in document.codes:
            path = code.text.strip().split("::")[0]
            path = re.sub(r"(?::\d+(?:-\d+)?|#L\d+(?:-L\d+)?)$", "", path)
            if (
                code.fence is not None
                or (document.file, code.line, path) in used
                or not path.endswith(_NAMED)
            ):
                continue
            if (code.line, code.text) in linked or _leads_out(project, document, path):
                continue
            confidence = _how_sure(project, path) if _is_missing(project, document, path, "") else None
            if confidence is None:
                continue
            if PLAN.search(_title(document)) or code.line in shown:
                confidence = "likely" if confidence == "certain" else "hint"
            kind: Kind = "document" if path.endswith(DOCUMENTS) else "script" if _is_tool(path) else "file"
            yield MissingFile(kind, path, document, code.line, confidence, near(project, path))


def _is_missing(project: Project, document: Document, path: str, folder: str) -> bool:
    path = path.removeprefix("./")
    return (
        judgeable(path)
        and not exists(project, document, path, folder)
        and not made_on_the_way(project, document, path, folder)
    )


def _is_written_above(command: Command, path: str) -> bool:
    """Whether a block of the file's own language stands right above: then the reader saves it under this name."""
    if "/" in path:
        return False
    ending = posixpath.splitext(path)[1].removeprefix(".").replace("yml", "yaml")
    lines = {
        code.line
        for code in command.document.codes
        if code.fence is not None and code.fence.replace("yml", "yaml") == ending
    }
    return any(0 < command.line - line <= _MAX_LINES_ABOVE for line in lines)


def _is_from_above(project: Project, path: str) -> bool:
    """Whether the manuals write several paths as somebody above the repository would, and this one so too."""
    folder, _, rest = path.removeprefix("./").partition("/")
    return rest in project.files and len(project.fact(_written_from_above).get(folder, ())) > 1


def _written_from_above(project: Project) -> dict[str, set[str]]:
    """Per folder that the repository does not have: the paths behind it that are right from the root."""
    paths: dict[str, set[str]] = {}
    for document in project.documents:
        for text in (*(prose.text for prose in document.prose), *(code.text for code in document.codes)):
            for folder, rest in re.findall(r"(?<![\w./-])([\w-]+)/([\w./-]*\w)", text):
                if rest in project.files and folder not in top_folders(project):
                    paths.setdefault(folder, set()).add(rest)
    return paths


def _leads_out(project: Project, document: Document, path: str) -> bool:
    """Whether a path that is written from the manual's own folder leads out of the repository."""
    here = posixpath.dirname(place_of(project, document))
    return path.startswith("../") and posixpath.normpath(posixpath.join(here, path)).startswith("../")


def _lines_before_a_block(document: Document) -> set[int]:
    """Lines that introduce a block with a file's content: then the reader may be the one who makes the file."""
    fenced = sorted({code.line for code in document.codes if code.fence is not None})
    first = {prose.line: prose.text for prose in reversed(document.prose)}
    lines = set()
    for line, text in first.items():
        after = bisect.bisect_right(fenced, line)
        if text.rstrip("*_) ").endswith((":", "：")) and after < len(fenced) and fenced[after] - line <= 4:
            lines.add(line)
    return lines


def _title(document: Document) -> str:
    return posixpath.basename(document.file) + " " + (document.prose[0].heading if document.prose else "")


def _is_tool(path: str) -> bool:
    """Whether it is there to be run by hand."""
    return path.endswith((".sh", ".bash", ".bat", ".ps1")) or (
        path.endswith(SCRIPTS)
        and bool({"scripts", "bin", "tools", "ops", "hack"} & set(path.split("/")[:-1]))
    )


def _how_sure(project: Project, path: str) -> Confidence | None:
    """A path below a folder of the repository speaks of this repository; a bare name may be about anything."""
    if "/" not in path:
        stem, ending = posixpath.splitext(path)
        return "likely" if ending == ".sh" or (ending == ".md" and stem.isupper()) else None
    return "certain" if path.removeprefix("../").split("/", 1)[0] in top_folders(project) else "hint"
