"""A test that a manual hands to pytest and that is not there."""

from __future__ import annotations

import ast
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from core.message import say
from repolint.facts.files.paths import exists, file_of, judgeable, made_on_the_way, near
from repolint.facts.manual.commands import commands_here
from repolint.facts.manual.shell import WILD
from repolint.facts.manual.words import nearest
from repolint.facts.python.source import tree
from repolint.findings import at_command, meant, name
from repolint.registry import MANUAL, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from repolint.facts.manual.commands import Command
    from repolint.project import Project
    from runbooks.lint.finding import Finding

_WITH_VALUE: Final = frozenset(
    {"-k", "-m", "-n", "-c", "-p", "-o", "-W", "--ignore", "--rootdir", "--cov", "--deselect", "--tb"}
    | {"--maxfail"}
)


def check(project: Project) -> Iterator[Finding]:
    """`pytest path` and `pytest path::test`."""
    for command in commands_here(project):
        for test in _asked(command):
            path = test.split("::")[0].removeprefix("./")
            if not judgeable(path) or ("/" not in path and not path.endswith(".py")):
                continue
            if exists(project, command.document, path, command.folder):
                yield from _inside(project, command, test, path)
            elif not made_on_the_way(project, command.document, path, command.folder):
                other = near(project, path)
                yield at_command(
                    command,
                    "missing-test",
                    say("repolint.missing_test", test=name(path)),
                    "certain",
                    evidence=other,
                    fix=meant(other, say("repolint.fix_missing_file", path=name(path))),
                )


def _inside(project: Project, command: Command, test: str, path: str) -> Iterator[Finding]:
    """What is named behind `::`, in a file that is there."""
    file = file_of(project, command.document, path, command.folder)
    names = _names(project, file) if file else None
    wanted = test.rsplit("::", maxsplit=1)[-1].split("[", maxsplit=1)[0] if "::" in test else ""
    if names and wanted and WILD not in wanted and wanted not in names:
        yield at_command(
            command,
            "missing-test",
            say("repolint.missing_test", test=name(test)),
            "likely",
            evidence=str(file),
            fix=meant(nearest(wanted, names), say("repolint.fix_missing_test", path=name(path))),
        )


def _asked(command: Command) -> list[str]:
    argv = command.argv
    if argv[:3] in (("python", "-m", "pytest"), ("python3", "-m", "pytest")):
        argv = argv[2:]
    elif command.name not in ("pytest", "py.test"):
        return []
    return [word for before, word in pairwise(argv) if not word.startswith("-") and before not in _WITH_VALUE]


def _names(project: Project, file: str) -> set[str]:
    parsed = tree(project, file) if file.endswith(".py") else None
    if parsed is None or any(isinstance(node, ast.ClassDef) and node.bases for node in parsed.body):
        return set()  # a base class may bring tests along
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return {node.name for node in ast.walk(parsed) if isinstance(node, kinds)}


RULE = Rule(
    id="missing-test",
    check=check,
    confidence=("certain", "likely"),
    bad={MANUAL: "`pytest tests/test_smoke.py`\n", "tests/test_smoke_all.py": "def test_up():\n    pass\n"},
    good={
        MANUAL: "`pytest tests/test_smoke_all.py`\n",
        "tests/test_smoke_all.py": "def test_up():\n    pass\n",
    },
)
