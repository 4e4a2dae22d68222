"""A `make` target of a manual that no makefile has."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, Final, NamedTuple

from core.message import say
from repolint.facts.manual.commands import commands
from repolint.facts.manual.shell import WILD
from repolint.facts.manual.words import nearest
from repolint.findings import at_command, meant, name
from repolint.registry import MANUAL, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from repolint.facts.manual.commands import Command
    from repolint.project import Project
    from runbooks.lint.finding import Finding

_MAKEFILES: Final = ("Makefile", "makefile", "GNUmakefile", ".mk")
_WITH_VALUE: Final = {"-C", "-f", "-j", "-I", "-l", "-o", "-W", "--directory", "--file", "--jobs"}
_ENGLISH: Final = frozenset(
    {"sure", "it", "them", "this", "that", "sense", "use", "a", "an", "the", "changes"}
)


class Targets(NamedTuple):
    """`open_ended`: others may exist, too (patterns, includes from elsewhere, computed names)."""

    names: set[str]
    open_ended: bool
    makefiles: list[str]


def check(project: Project) -> Iterator[Finding]:
    """Also where there is no makefile at all; where something generates makefiles nothing is said."""
    targets = project.fact(_targets)
    generated = {
        c.document.file for c in commands(project) if c.name in ("cmake", "configure", "qmake", "meson")
    }
    for command in commands(project):
        if (
            command.name != "make"
            or command.document.file in generated
            or command.container
            or targets.open_ended
            or any(WILD in word for word in command.argv)
        ):
            continue
        if not command.fenced and command.argv[1:2] and command.argv[1] in _ENGLISH:
            continue
        for target in _asked(command):
            if (
                target not in targets.names
                and re.fullmatch(r"[\w.:/-]+", target)
                and target not in project.files
            ):
                yield _finding(command, target, targets)


def _finding(command: Command, target: str, targets: Targets) -> Finding:
    other = nearest(target, targets.names)
    files = targets.makefiles
    return at_command(
        command,
        "unknown-make-target",
        say("repolint.unknown_target", target=name(target))
        if files
        else say("repolint.no_makefile", target=name(target)),
        "certain" if command.fenced or len(command.argv) == 2 else "likely",
        evidence=f"{files[0]}: {other}" if other else ", ".join(files[:3]),
        fix=meant(f"make {other}" if other else "", say("repolint.fix_unknown_target", target=name(target))),
    )


def _asked(command: Command) -> list[str]:
    words, targets = list(command.argv[1:]), []
    while words:
        word = words.pop(0)
        if word in _WITH_VALUE and not (word == "-j" and words[:1] and not words[0].isdigit()):
            words = words[1:]
        elif not word.startswith("-") and "=" not in word:
            targets.append(word)
    return targets


def _targets(project: Project) -> Targets:
    names: set[str] = set()
    open_ended = False
    for file in _makefiles(project):
        for line in project.text(file).splitlines():
            rule = re.match(r"([^\t#=:\s][^#=:]*?)\s*::?(?!=)", line)
            if rule:
                names |= set(rule[1].split())
                open_ended |= "%" in rule[1] or "$(" in rule[1] or "${" in rule[1]
            included = re.match(r"-?s?include\s+(.+)", line)
            if included:
                open_ended |= not all(
                    any(known.endswith(part.lstrip("./")) for known in project.files)
                    for part in included[1].split()
                )
    return Targets(names, open_ended, _makefiles(project))


def _makefiles(project: Project) -> list[str]:
    files = {
        file
        for file in project.matching(*_MAKEFILES)
        if posixpath.basename(file).lower().endswith(("makefile", ".mk"))
    }
    files |= {file for file in project.files if posixpath.basename(file).startswith("Makefile.")}
    return sorted(sorted(files), key=len)


RULE = Rule(
    id="unknown-make-target",
    check=check,
    confidence=("certain", "likely"),
    bad={MANUAL: "```sh\nmake deploi\n```\n", "Makefile": "deploy:\n\ttrue\n"},
    good={MANUAL: "```sh\nmake deploy\n```\n", "Makefile": "deploy:\n\ttrue\n"},
)
