"""Names that a build tool must know: make targets, npm scripts, poetry scripts."""

from __future__ import annotations

import json
import posixpath
import re
import tomllib
from typing import TYPE_CHECKING, Final

from core.message import say
from repolint.facts.manual.commands import commands
from repolint.facts.manual.shell import WILD
from repolint.facts.manual.words import nearest
from repolint.findings import at_command, meant, name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from repolint.facts.manual.commands import Command
    from repolint.project import Project
    from runbooks.lint.finding import Confidence, Finding

_MAKEFILES: Final = ("Makefile", "makefile", "GNUmakefile", ".mk")
_MAKE_VALUES: Final = {"-C", "-f", "-j", "-I", "-l", "-o", "-W", "--directory", "--file", "--jobs"}
_ENGLISH: Final = frozenset(
    {"sure", "it", "them", "this", "that", "sense", "use", "a", "an", "the", "changes"}
)
_NPM_ALONE: Final = frozenset({"test", "start", "stop", "restart"})


def unknown_make_targets(project: Project) -> Iterator[Finding]:
    """`make X` where no makefile has X, or where there is no makefile at all."""
    targets, open_ended, files = project.fact(make_targets)
    generated = {
        c.document.file for c in commands(project) if c.name in ("cmake", "configure", "qmake", "meson")
    }
    for command in commands(project):
        if (
            command.name != "make"
            or command.document.file in generated
            or command.container
            or open_ended
            or any(WILD in word for word in command.argv)
        ):
            continue
        if not command.fenced and command.argv[1:2] and command.argv[1] in _ENGLISH:
            continue
        for target in _asked_targets(command):
            if target not in targets and re.fullmatch(r"[\w.:/-]+", target) and target not in project.files:
                other = nearest(target, targets)
                yield at_command(
                    command,
                    "unknown-make-target",
                    say("repolint.unknown_target", target=name(target))
                    if files
                    else say("repolint.no_makefile", target=name(target)),
                    "certain" if command.fenced or len(command.argv) == 2 else "likely",
                    evidence=f"{files[0]}: {other}" if other else ", ".join(files[:3]),
                    fix=meant(
                        f"make {other}" if other else "",
                        say("repolint.fix_unknown_target", target=name(target)),
                    ),
                )


def _asked_targets(command: Command) -> list[str]:
    words, found = list(command.argv[1:]), []
    while words:
        word = words.pop(0)
        if word in _MAKE_VALUES and not (word == "-j" and words[:1] and not words[0].isdigit()):
            words = words[1:]
        elif not word.startswith("-") and "=" not in word:
            found.append(word)
    return found


def make_targets(project: Project) -> tuple[set[str], bool, list[str]]:
    """All targets, whether others may exist too (patterns, includes from elsewhere, computed names), and the makefiles."""
    targets: set[str] = set()
    open_ended = False
    files = [
        file
        for file in project.matching(*_MAKEFILES)
        if posixpath.basename(file).lower().endswith(("makefile", ".mk"))
    ]
    files = sorted(
        {*files, *(f for f in project.files if posixpath.basename(f).startswith("Makefile."))}, key=len
    )
    for file in files:
        for line in project.text(file).splitlines():
            rule = re.match(r"([^\t#=:\s][^#=:]*?)\s*::?(?!=)", line)
            if rule:
                targets |= set(rule[1].split())
                open_ended |= "%" in rule[1] or "$(" in rule[1] or "${" in rule[1]
            included = re.match(r"-?s?include\s+(.+)", line)
            if included:
                open_ended |= not all(
                    any(f.endswith(part.lstrip("./")) for f in project.files) for part in included[1].split()
                )
    return targets, open_ended, files


def unknown_package_scripts(project: Project) -> Iterator[Finding]:
    """`npm run X` where no package.json of the repository has X."""
    scripts = project.fact(package_scripts)
    for command in commands(project):
        asked = _package_script(command)
        if asked is None or WILD in asked[0] or command.container or not re.fullmatch(r"[\w:./-]+", asked[0]):
            continue
        script, confidence = asked
        if scripts is None or script in scripts:
            continue
        other = nearest(script, scripts)
        yield at_command(
            command,
            "unknown-package-script",
            say("repolint.unknown_script", script=name(script)),
            confidence,
            evidence=f"package.json: {other}" if other else "package.json",
            fix=meant(other, say("repolint.fix_unknown_script", script=name(script), file="package.json")),
        )


def _package_script(command: Command) -> tuple[str, Confidence] | None:
    words = [word for word in command.argv[1:] if not word.startswith("-")]
    if command.name in ("npm", "pnpm", "yarn") and words[:1] in (["run"], ["run-script"]) and len(words) > 1:
        at = command.argv.index(words[0])
        if any(
            word in ("--prefix", "-w", "--workspace", "-C", "--filter", "-F", "--cwd")
            for word in command.argv[:at]
        ):
            words = words[:1] + words[1:]
        after = [word for word in command.argv[at + 1 :] if not word.startswith("-")]
        return (after[0], "certain" if command.name == "npm" else "likely") if after else None
    if command.name == "npm" and len(command.argv) > 1 and command.argv[1] in _NPM_ALONE - {"start"}:
        return (command.argv[1], "likely") if command.fenced else None
    return None


def package_scripts(project: Project) -> set[str] | None:
    """Every script of every package.json; None where there is no package.json or one can't be read."""
    found: set[str] | None = None
    for file in project.files:
        if posixpath.basename(file) == "package.json":
            try:
                package = json.loads(project.text(file))
            except ValueError:
                return None
            scripts = package.get("scripts", {}) if isinstance(package, dict) else {}
            found = (found or set()) | {str(key) for key in scripts}
    return found


def unknown_poetry_scripts(project: Project) -> Iterator[Finding]:
    """`poetry run X` where X is much like a script of pyproject.toml, but is none."""
    scripts = project.fact(project_scripts)
    for command in commands(project):
        word = command.argv[0]
        if (
            command.wrapper not in ("poetry run", "pdm run", "uv run")
            or not re.fullmatch(r"[\w-]+", word)
            or word in scripts
        ):
            continue
        other = nearest(word, scripts, 0.8)
        if other:
            yield at_command(
                command,
                "unknown-project-script",
                say("repolint.unknown_script", script=name(word)),
                "likely",
                evidence=f"pyproject.toml: {other}",
                fix=meant(
                    other, say("repolint.fix_unknown_script", script=name(word), file="pyproject.toml")
                ),
            )


def project_scripts(project: Project) -> set[str]:
    """The console scripts of every pyproject.toml."""
    found: set[str] = set()
    for file in project.matching("pyproject.toml"):
        try:
            table = tomllib.loads(project.text(file))
        except tomllib.TOMLDecodeError:
            continue
        for path in (("project", "scripts"), ("tool", "poetry", "scripts"), ("tool", "pdm", "scripts")):
            inner: object = table
            for key in path:
                inner = inner.get(key, {}) if isinstance(inner, dict) else {}
            found |= set(inner) if isinstance(inner, dict) else set()
    return found
