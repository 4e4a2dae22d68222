"""Scripts that a manual runs, and files and documents that it names, that are not in the repository."""

from __future__ import annotations

import posixpath
import re
import stat
from typing import TYPE_CHECKING, Final

from core.message import say
from repolint.facts.files.paths import (
    exists,
    file_of,
    judgeable,
    made_on_the_way,
    near,
    place_of,
    top_folders,
)
from repolint.facts.manual.commands import commands, commands_here
from repolint.facts.manual.words import PLAN
from repolint.findings import at_command, at_line, meant, name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from repolint.facts.manual.commands import Command
    from repolint.project import Document, Project
    from runbooks.lint.finding import Confidence, Finding

SCRIPTS: Final = (".sh", ".py", ".js", ".mjs", ".cjs", ".ts", ".rb", ".pl", ".bash", ".bat", ".ps1")
NAMED: Final = (
    *SCRIPTS,
    ".md",
    ".rst",
    ".yml",
    ".yaml",
    ".toml",
    ".json",
    ".sql",
    ".ini",
    ".cfg",
    ".conf",
    ".go",
    ".tsx",
    ".jsx",
)
DOCUMENTS: Final = (".md", ".rst", ".adoc")
_INTERPRETERS: Final = frozenset(
    [
        "python",
        "python3",
        "python3.11",
        "python3.12",
        "bash",
        "sh",
        "zsh",
        "source",
        ".",
        "node",
        "ts-node",
        "tsx",
        "ruby",
        "perl",
    ]
)
_FILE_OPTIONS: Final[dict[str, tuple[str, ...]]] = {
    "psql": ("-f", "--file"),
    "docker-compose": ("-f", "--file"),
    "docker": ("-f", "--file"),
    "kubectl": ("-f", "--filename", "-k"),
    "pip": ("-r", "--requirement"),
    "pip3": ("-r", "--requirement"),
    "alembic": ("-c", "--config"),
    "locust": ("-f", "--locustfile"),
    "make": ("-f",),
}
_READERS: Final[dict[tuple[str, ...], int]] = {
    ("k6", "run"): 2,
    ("promtool", "check", "rules"): 3,
    ("promtool", "check", "config"): 3,
    ("promtool", "test", "rules"): 3,
    ("ansible-playbook",): 1,
    ("chmod", "+x"): 2,
}


_BROUGHT: Final = re.compile(
    r"(?i)(?:^|/)\.env[^/]*$|(?:secret|credential|private|backup|dump)[^/]*$|(?:^|/)(?:backups?|dumps?)/"
)
"""Files of these names, or of such folders, are often somebody's own, and kept out of the repository on purpose."""


_ABOVE: Final = 8
"""So many lines stand at most between the end of such a block and the command."""
_LINKED: Final = re.compile(r"\[`([^`]+)`\]\((?![a-zA-Z][\w+.-]*:|//)")
"""A path that is the text of a link into the repository: what is wrong with it is said of the link."""


def missing_scripts(project: Project) -> Iterator[Finding]:
    """A command that runs or reads a file of the repository that is not there."""
    for command in commands(project):
        if command.container:
            continue
        for path in [] if _only_named(command) else files_used(command):
            if _missing(project, command.document, path, command.folder):
                yield _finding(project, command, path)


def _only_named(command: Command) -> bool:
    """Whether the "command" is nothing but a path in code font, which `missing_files` judges."""
    return (
        not command.fenced
        and not command.wrapper
        and len(command.argv) == 1
        and not command.argv[0].startswith("./")
    )


def _finding(project: Project, command: Command, path: str) -> Finding:
    script = path.endswith(SCRIPTS)
    other = near(project, path)
    confidence: Confidence = "certain" if "/" in path or command.fenced else "likely"
    if confidence == "certain" and _from_above(project, path):
        confidence = "likely"
    if not script and (_BROUGHT.search(path) or _is_written_above(command, path)):
        confidence = "hint"
    return at_command(
        command,
        "missing-script" if script else "missing-file",
        say("repolint.missing_script" if script else "repolint.missing_file", path=name(path)),
        confidence,
        evidence=other,
        fix=meant(other, say("repolint.fix_missing_file", path=name(path))),
    )


def _is_written_above(command: Command, path: str) -> bool:
    """Whether a block of the file's own language stands right above: then the reader saves it under this name."""
    ending = posixpath.splitext(path)[1].removeprefix(".").replace("yml", "yaml")
    lines = {
        code.line
        for code in command.document.codes
        if code.fence is not None and code.fence.replace("yml", "yaml") == ending
    }
    return "/" not in path and any(0 < command.line - line <= _ABOVE for line in lines)


def _from_above(project: Project, path: str) -> bool:
    """Whether the manuals write several paths as somebody above the repository would, and this one so too."""
    folder, _, rest = path.removeprefix("./").partition("/")
    return rest in project.files and len(project.fact(_written_from_above).get(folder, ())) > 1


def _written_from_above(project: Project) -> dict[str, set[str]]:
    """Per folder that the repository does not have: the paths behind it that are right from the root."""
    found: dict[str, set[str]] = {}
    for document in project.documents:
        for text in (*(one.text for one in document.prose), *(one.text for one in document.codes)):
            for folder, rest in re.findall(r"(?<![\w./-])([\w-]+)/([\w./-]*\w)", text):
                if rest in project.files and folder not in top_folders(project):
                    found.setdefault(folder, set()).add(rest)
    return found


def files_used(command: Command) -> list[str]:
    """The files that the command can't do without, as written."""
    argv = command.argv
    first = argv[0]
    found = []
    if _is_script(first):
        found.append(first)
    if command.name in _INTERPRETERS or (first == "." and len(argv) > 1):
        found += _interpreted(command)
    for readers, index in _READERS.items():
        if (command.name, *argv[1 : len(readers)]) == readers:
            found += [word for word in argv[index : index + 1] if "." in word]
    options = _FILE_OPTIONS.get(command.name, ())
    if command.name == "docker" and argv[1:2] not in (("compose",), ("build",)):
        options = ()
    found += [value for value in command.values(*options) if posixpath.splitext(value)[1]]
    return [path for path in found if path not in ("-", ".")]


def _is_script(word: str) -> bool:
    return (
        word.endswith(SCRIPTS)
        and ("/" in word or word.endswith((".sh", ".py")))
        and not word.endswith(("/.py", "/.sh"))
    )


def _interpreted(command: Command) -> list[str]:
    words = list(command.argv[1:])
    while words and words[0].startswith("-"):
        if words[0] in ("-m", "-c", "-e", "-", "-p", "-s") or re.fullmatch(r"-[a-z]*c", words[0]):
            return []
        words.pop(0)
        if command.argv[0].startswith("python") and command.argv[1] in ("-W", "-X"):
            words = words[1:]
    return [word for word in words[:1] if posixpath.splitext(word)[1]]


def _missing(project: Project, document: Document, path: str, folder: str) -> bool:
    path = path.removeprefix("./")
    return (
        judgeable(path)
        and not exists(project, document, path, folder)
        and not made_on_the_way(project, document, path, folder)
    )


def missing_files(project: Project) -> Iterator[Finding]:
    """A path in code font that is not in the repository although its folder is."""
    used = {
        (command.document.file, command.line, path)
        for command in commands(project)
        for path in files_used(command)
        if not _only_named(command)
    }
    for document in project.documents:
        linked = {(prose.line, text) for prose in document.prose for text in _LINKED.findall(prose.text)}
        for code in document.codes:
            path = code.text.strip().split("::")[0]
            path = re.sub(r"(?::\d+(?:-\d+)?|#L\d+(?:-L\d+)?)$", "", path)
            if code.fence is not None or (document.file, code.line, path) in used or not path.endswith(NAMED):
                continue
            if (code.line, code.text) in linked or _leaves(project, document, path):
                continue
            if not _missing(project, document, path, ""):
                continue
            confidence = _how_sure(project, path)
            if confidence is not None:
                other = near(project, path)
                kind = "document" if path.endswith(DOCUMENTS) else "script" if _is_tool(path) else "file"
                if PLAN.search(_title(document)) or _is_shown(document, code.line):
                    confidence = "likely" if confidence == "certain" else "hint"
                yield at_line(
                    document,
                    code.line,
                    f"missing-{kind}",
                    say(f"repolint.missing_{kind}", path=name(path)),
                    confidence,
                    evidence=other,
                    fix=meant(other, say("repolint.fix_missing_file", path=name(path))),
                )


def _leaves(project: Project, document: Document, path: str) -> bool:
    """Whether a path that is written from the manual's own folder leads out of the repository."""
    here = posixpath.dirname(place_of(project, document))
    return path.startswith("../") and posixpath.normpath(posixpath.join(here, path)).startswith("../")


def _is_shown(document: Document, line: int) -> bool:
    """Whether the line introduces a block with the file's content: then the reader may be the one who makes it."""
    spoken = next((prose.text for prose in document.prose if prose.line == line), "")
    fence = next(
        (code.line for code in document.codes if code.fence is not None and code.line > line), line + 99
    )
    return spoken.rstrip("*_) ").endswith((":", "：")) and fence - line <= 4


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


def scripts_that_cannot_start(project: Project) -> Iterator[Finding]:
    """A script that is started by its name but is not executable, or says nowhere what runs it; once per manual."""
    said: set[tuple[str, str]] = set()
    for command in commands_here(project):
        first = command.argv[0]
        typed = command.fenced or command.wrapper or first.startswith("./")  # else it is only spoken of
        if (
            not typed
            or "/" not in first
            or not judgeable(first.removeprefix("./"))
            or (not command.fenced and len(command.argv) == 1 and _is_mounted(command))
        ):
            continue
        file = file_of(project, command.document, first.removeprefix("./"), command.folder)
        if (
            file is None
            or not file.endswith((".sh", ".py", ".bash", ".pl", ".rb"))
            or _made_executable(project, command)
        ):
            continue
        if (command.document.file, file) in said:
            continue
        said.add((command.document.file, file))
        runner = command.wrapper if command.wrapper.endswith(" run") else ""
        if not (project.root / file).stat().st_mode & stat.S_IXUSR:
            yield at_command(
                command,
                "not-executable",
                say("repolint.not_executable", path=name(first)),
                "certain",
                evidence=file,
                fix=say("repolint.fix_not_executable", path=name(file)),
            )
        elif not project.text(file).startswith("#!") and (runner or file.endswith(".py")):
            yield at_command(
                command,
                "no-shebang",
                say("repolint.no_shebang", path=name(first)),
                "certain",
                evidence=f"{file}:1",
                fix=say("repolint.fix_no_shebang", path=name(file)),
            )


def _is_mounted(command: Command) -> bool:
    """Whether the line also says where the file stands inside a container: then it is spoken of, and not run."""
    end = "/" + posixpath.basename(command.argv[0])
    codes = [code.text for code in command.document.codes if code.line == command.line]
    return any(text.startswith("/") and text.endswith(end) for text in codes)


def _made_executable(project: Project, command: Command) -> bool:
    """Whether the manual has its reader make it executable."""
    base = posixpath.basename(command.argv[0])
    modes = [c for c in commands(project) if c.document is command.document and c.name == "chmod"]
    words = [word for mode in modes for word in mode.argv[1:]]
    return any(posixpath.basename(word) == base or "*" in word or word == "-R" for word in words)
