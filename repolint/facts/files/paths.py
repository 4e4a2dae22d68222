"""Whether a path that a manual names is in the repository, from wherever its reader may stand."""

from __future__ import annotations

import posixpath
import re
from collections import defaultdict
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from repolint.facts.manual.commands import commands
from repolint.facts.manual.shell import WILD
from repolint.facts.manual.words import absent_paths, makes_or_misses, nearest

if TYPE_CHECKING:
    from repolint.project import Document, Project

BUILT: Final = frozenset(
    {
        "dist",
        "build",
        "target",
        "out",
        "node_modules",
        "venv",
        ".venv",
        "site-packages",
        "htmlcov",
        "coverage",
        ".next",
    }
)
"""Folders that a build makes."""

_OUTPUTS: Final = {
    "-o",
    "--output",
    "-out",
    "--out",
    "-keyout",
    "--cov-report",
    "--junitxml",
    "--logfile",
    "--pidfile",
    "--outfile",
    "--output-file",
    "--report",
    "--destination",
    "--dest",
    "-O",
    "--json-report-file",
    "--html",
}
_MAX_ALIKE: Final = 3
_MAKERS: Final = frozenset(
    [
        "touch",
        "mkdir",
        "tee",
        "cp",
        "mv",
        "ln",
        "wget",
        "curl",
        "tar",
        "unzip",
        "pg_dump",
        "pg_dumpall",
        "openssl",
        "git",
        "install",
        "rsync",
        "scp",
    ]
)


def place_of(project: Project, document: Document) -> str:
    """The manual's path in the repository, or its bare name where it stands outside."""
    return project.fact(_places).get(document.file) or _place(project, document.file)


def _places(project: Project) -> dict[str, str]:
    return {document.file: _place(project, document.file) for document in project.documents}


def _place(project: Project, file: str) -> str:
    try:
        return Path(file).resolve().relative_to(project.root.resolve()).as_posix()
    except ValueError:
        return Path(file).name


def judgeable(path: str) -> bool:
    """Whether it is a path of this repository at all, and not a pattern, an address or a place of the machine."""
    return not (
        WILD in path
        or path.startswith(("/", "~", "-", "\\"))
        or re.search(
            r"[*?\[\]{}<>|\"'`\s\\@=,;!%：，。；、（）「」“”]|^[a-z][\w+.-]*:|\.\.\.|…|^[A-Za-z]:", path
        )
        or made_up(path)
        or re.search(r"(?:YYYY|XXX|TIMESTAMP|<|>)|(?:^|/)[A-Z]+_[A-Z]+/", path)
    )


def made_up(name: str) -> bool:
    """Whether a name stands for one that the reader has to fill in."""
    words = r"your|my|some|foo|bar|xx+|example|path[/-]to|placeholder|file_?name|script_?name"
    return re.search(rf"(?i)(?:^|[/._-])(?:{words})", name) is not None


def candidates(project: Project, document: Document, path: str, folder: str = "") -> list[str]:
    """Where the path may be: from the command's folder, the root, and the manual's folder and those above it."""
    paths = [posixpath.join(folder, path), path]
    above = posixpath.dirname(place_of(project, document))
    while above:
        paths.append(posixpath.join(above, path))
        above = posixpath.dirname(above)
    normal = dict.fromkeys(posixpath.normpath(candidate) for candidate in paths)
    return [candidate for candidate in normal if not candidate.startswith("../")]


def exists(project: Project, document: Document, path: str, folder: str = "") -> bool:
    """Whether the path is there as a file or folder, or somewhere deeper under that whole name."""
    known = project.fact(_known)
    wanted = candidates(project, document, path, folder)
    if any(candidate in known.paths or candidate == "." for candidate in wanted):
        return True
    short = posixpath.normpath(path)
    while short.startswith("../"):
        short = short[3:]
    return any(
        f"/{other}".endswith(f"/{short}") for other in known.by_name.get(posixpath.basename(short), ())
    )


def made_on_the_way(project: Project, document: Document, path: str, folder: str = "") -> bool:
    """Whether git ignores it, the manual itself makes it, or a template of it lies beside it (`.env` and `.env.example`)."""
    known = project.fact(_known)
    for candidate in candidates(project, document, path, folder):
        if git_ignored(project, candidate):
            return True
        if any(
            candidate + ending in known.paths
            for ending in (".example", ".sample", ".template", ".dist", ".tpl", ".j2")
        ):
            return True
    if posixpath.normpath(path) in project.fact(_written_by_scripts):
        return True
    base = posixpath.basename(posixpath.normpath(path))
    if BUILT & set(path.split("/")[:-1]) or in_submodule(project, path):
        return True
    return base in project.fact(_made).get(document.file, set())


def _written_by_scripts(project: Project) -> set[str]:
    """Paths into which a script of the repository writes, such as a set-up that lays further scripts down."""
    into = re.compile(r"(?:(?<![\d&])>|\btee\s+(?:-a\s+)?)\s*[\"']?([\w./-]*\w)")
    texts = (project.text(file) for file in project.matching(".sh", ".bash", "Makefile"))
    return {posixpath.normpath(path) for text in texts for path in into.findall(text)}


def in_submodule(project: Project, path: str) -> bool:
    """Whether it belongs to another repository that is only linked here."""
    return any(path == folder or path.startswith(folder + "/") for folder in project.fact(_submodules))


def _submodules(project: Project) -> list[str]:
    texts = (project.text(file) for file in project.matching(".gitmodules"))
    return [path for text in texts for path in re.findall(r"(?m)^\s*path\s*=\s*(\S+)", text)]


def file_of(project: Project, document: Document, path: str, folder: str = "") -> str | None:
    """The one file of the repository that is meant, where that is clear."""
    for candidate in candidates(project, document, path, folder):
        if candidate in project.files:
            return candidate
    short = posixpath.normpath(path)
    files = [
        f
        for f in project.fact(_known).by_name.get(posixpath.basename(short), ())
        if f"/{f}".endswith(f"/{short}")
    ]
    return files[0] if len(files) == 1 and files[0] in project.files else None


def near(project: Project, path: str) -> str:
    """A file that may be meant: of the same name elsewhere, else of a name much like it."""
    base = posixpath.basename(path.rstrip("/"))
    known = project.fact(_known)
    same = [file for file in known.by_name.get(base, ()) if file in project.files]
    if len(same) > _MAX_ALIKE:  # a README says nothing by its name
        folders = set(path.split("/")[:-1]) - {"..", "."}
        same = [file for file in same if folders & set(file.split("/")[:-1])]
    if same:
        return nearest(path, same, 0.0) or same[0]
    ending = posixpath.splitext(base)[1]
    stems = {posixpath.splitext(name)[0] for name in known.by_name if posixpath.splitext(name)[1] == ending}
    alike = nearest(posixpath.splitext(base)[0], stems, 0.75)
    files = [file for file in known.by_name.get(alike + ending, ()) if file in project.files] if alike else []
    return nearest(path, files, 0.0) if files else ""


class _Known:
    """All files and folders, and where each last part of a path is found."""

    def __init__(self, project: Project) -> None:
        self.paths: set[str] = set()
        for file in project.files:
            path = file
            while path and path not in self.paths:
                self.paths.add(path)
                path = posixpath.dirname(path)
        self.by_name: dict[str, list[str]] = defaultdict(list)
        for path in sorted(self.paths):
            self.by_name[posixpath.basename(path)].append(path)


def _known(project: Project) -> _Known:
    return _Known(project)


def top_folders(project: Project) -> set[str]:
    """The first parts of all paths that have a folder."""
    return project.fact(_top_folders)


def _top_folders(project: Project) -> set[str]:
    return {file.split("/", 1)[0] for file in project.files if "/" in file}


def _made(project: Project) -> dict[str, set[str]]:
    """Per manual the last parts of what its own commands write."""
    made: dict[str, set[str]] = defaultdict(set)
    for command in commands(project):
        paths = list(command.writes)
        for index, word in enumerate(command.argv[:-1]):
            if word in _OUTPUTS:
                paths.append(command.argv[index + 1])
        paths += [
            word.split("=", 1)[1]
            for word in command.argv
            if word.split("=", 1)[0] in _OUTPUTS and "=" in word
        ]
        if command.name in _MAKERS:
            paths += command.argv[1:]
        elif command.argv[1:3] in (("-m", "venv"), ("-m", "virtualenv")) or command.name == "virtualenv":
            paths.append(command.argv[-1])
        made[command.document.file] |= {posixpath.basename(path.rstrip("/")) for path in paths}
    for document in project.documents:
        for prose in document.prose:
            made[document.file] |= {posixpath.basename(path.rstrip("/")) for path in absent_paths(prose)}
        made[document.file] |= {posixpath.basename(path.rstrip("/")) for path in _listed(document)}
        made[document.file] |= {posixpath.basename(path) for path in _shown(document)}
    return made


def _listed(document: Document) -> list[str]:
    """Paths in a list under a line such as "Generated files:"."""
    paths: list[str] = []
    lead_end, heading = -9, ""
    for prose in document.prose:
        lead = prose.text.strip("*_ ")
        if lead.endswith((":", "：")) and "`" not in lead:
            lead_end, heading = prose.line if makes_or_misses(lead) else -9, prose.heading
        elif lead_end >= prose.line - 2 and prose.heading == heading:
            lead_end = prose.line
            paths += re.findall(r"`([^`\s]+)`", prose.text)
    return paths


def _shown(document: Document) -> list[str]:
    """Files whose content the manual shows: a fence whose first line, or the one below `#!`, is a comment with nothing but the path."""
    paths = []
    before = -1
    for code in document.codes:
        if code.fence is not None:
            if code.text.startswith("#!") and code.line != before + 1:
                continue
            title = re.fullmatch(
                r"\s*(?:#|//|--|<!--|/\*)\s*(?:[Ff]ile:?\s+)?([\w./-]+\.\w+)\s*(?:-->|\*/)?\s*", code.text
            )
            if code.line != before + 1 and title:
                paths.append(title[1])
            before = code.line
    return paths


Kind = Literal["git", "docker"]


def left_out(lines: str, path: str, kind: Kind) -> bool:
    """Whether the ignore file with these `lines`, standing in the folder that `path` is relative to, leaves it out."""
    out = False
    for line in lines.splitlines():
        pattern = line.strip()
        if not pattern or pattern.startswith("#"):
            continue
        again = pattern.startswith("!")
        if _expression(pattern.removeprefix("!").strip(), kind).match(path):
            out = not again
    return out


def git_ignored(project: Project, path: str) -> bool:
    """Whether git would not keep this file of the repository."""
    folder = posixpath.dirname(path)
    while True:
        file = posixpath.join(folder, ".gitignore")
        if file in project.files:
            inner = path[len(folder) :].lstrip("/")
            if left_out(project.text(file), inner, "git"):
                return True
        if posixpath.dirname(folder) == folder:
            return False
        folder = posixpath.dirname(folder)


@lru_cache(maxsize=500)
def _expression(pattern: str, kind: Kind) -> re.Pattern[str]:
    anchored = kind == "docker" or "/" in pattern.rstrip("/")
    body = pattern.strip("/").removeprefix("./")
    text = ""
    for piece in re.split(r"(\*\*/|/\*\*|\*\*|\*|\?|\[[^\]]*\])", body):
        text += {"**/": "(?:.*/)?", "/**": "/.*", "**": ".*", "*": "[^/]*", "?": "[^/]"}.get(piece) or (
            piece.replace("[!", "[^") if re.fullmatch(r"\[[^\]\\]+\]", piece) else re.escape(piece)
        )
    try:
        return re.compile(f"{'' if anchored else '(?:.*/)?'}{text}(?:/.*)?$")
    except re.error:
        return re.compile(r"(?!)")
