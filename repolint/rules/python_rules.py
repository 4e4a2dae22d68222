"""`python -m module` and `pytest path::test` of modules and tests that are not there."""

from __future__ import annotations

import ast
import re
import sys
from itertools import pairwise
from typing import TYPE_CHECKING

from core.message import say
from repolint.facts.files.paths import exists, file_of, judgeable, made_on_the_way, made_up, near
from repolint.facts.manual.commands import commands_here
from repolint.facts.manual.shell import WILD
from repolint.facts.manual.words import nearest
from repolint.facts.python.source import is_package_here, module_files, module_of, tree
from repolint.findings import at_command, meant, name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from repolint.facts.manual.commands import Command
    from repolint.project import Project
    from runbooks.lint.finding import Finding


def missing_modules(project: Project) -> Iterator[Finding]:
    """`python -m a.b` where the repository has `a` but no `a.b`, or a package that can't be run."""
    for command in commands_here(project):
        if not re.fullmatch(r"python[\d.]*|py", command.name) or "-m" not in command.argv[:-1]:
            continue
        dotted = command.argv[command.argv.index("-m") + 1]
        top = dotted.split(".")[0]
        if not re.fullmatch(r"[A-Za-z_][\w.]*", dotted) or top in sys.stdlib_module_names or made_up(dotted):
            continue
        files = module_files(project, dotted)
        if (
            not files
            and is_package_here(project, top)
            and not is_package_here(project, dotted)
            and "." in dotted
        ):
            modules = [module_of(file) for file in project.matching(".py")]
            other = nearest(dotted, modules, 0.75)
            yield at_command(
                command,
                "missing-module",
                say("repolint.missing_module", module=name(dotted)),
                "certain",
                evidence=other,
                fix=meant(other, say("repolint.fix_missing_module", module=name(dotted))),
            )
        elif files and all(file.endswith("/__init__.py") for file in files):
            mains = [file for file in files if file.replace("__init__.py", "__main__.py") in project.files]
            if not mains:
                yield at_command(
                    command,
                    "package-cannot-run",
                    say("repolint.package_cannot_run", module=name(dotted)),
                    "certain",
                    evidence=files[0],
                    fix=say(
                        "repolint.fix_package_cannot_run",
                        file=name(files[0].replace("__init__.py", "__main__.py")),
                    ),
                )


def missing_tests(project: Project) -> Iterator[Finding]:
    """`pytest path` and `pytest path::test` of tests that are not there."""
    for command in commands_here(project):
        for asked in _tests(command):
            path, *inside = asked.split("::")
            path = path.removeprefix("./")
            if not judgeable(path) or ("/" not in path and not path.endswith(".py")):
                continue
            if not exists(project, command.document, path, command.folder):
                if not made_on_the_way(project, command.document, path, command.folder):
                    other = near(project, path)
                    fix = meant(other, say("repolint.fix_missing_file", path=name(path)))
                    yield at_command(
                        command,
                        "missing-test",
                        say("repolint.missing_test", test=name(path)),
                        "certain",
                        evidence=other,
                        fix=fix,
                    )
                continue
            file = file_of(project, command.document, path, command.folder)
            names = _names(project, file) if file else None
            wanted = inside[-1].split("[")[0] if inside else ""
            if names and wanted and WILD not in wanted and wanted not in names:
                other = nearest(wanted, names)
                fix = meant(other, say("repolint.fix_missing_test", path=name(path)))
                yield at_command(
                    command,
                    "missing-test",
                    say("repolint.missing_test", test=name(asked)),
                    "likely",
                    evidence=str(file),
                    fix=fix,
                )


def _tests(command: Command) -> list[str]:
    argv = command.argv
    if argv[:3] in (("python", "-m", "pytest"), ("python3", "-m", "pytest")):
        argv = argv[2:]
    elif command.name not in ("pytest", "py.test"):
        return []
    with_value = (
        "-k",
        "-m",
        "-n",
        "-c",
        "-p",
        "-o",
        "-W",
        "--ignore",
        "--rootdir",
        "--cov",
        "--deselect",
        "--tb",
        "--maxfail",
    )
    return [word for before, word in pairwise(argv) if not word.startswith("-") and before not in with_value]


def _names(project: Project, file: str) -> set[str]:
    parsed = tree(project, file) if file.endswith(".py") else None
    if parsed is None or any(isinstance(node, ast.ClassDef) and node.bases for node in parsed.body):
        return set()  # a base class may bring tests along
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return {node.name for node in ast.walk(parsed) if isinstance(node, kinds)}
