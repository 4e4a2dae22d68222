"""A word behind `poetry run` and its like that is much like a script of pyproject.toml, but is none."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from core.message import say
from core.toml_file import parse_toml
from repolint.facts.manual.commands import commands
from repolint.facts.manual.words import nearest
from repolint.findings import at_command, meant, name
from repolint.registry import MANUAL, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from repolint.project import Project
    from runbooks.lint.finding import Finding


def check(project: Project) -> Iterator[Finding]:
    """Any installed program may stand there, so only a slip of the finger is reported."""
    scripts = project.fact(_scripts)
    for command in commands(project):
        word = command.argv[0]
        runs = command.wrapper in ("poetry run", "pdm run", "uv run")
        if not runs or not re.fullmatch(r"[\w-]+", word) or word in scripts:
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


def _scripts(project: Project) -> set[str]:
    """The console scripts of every pyproject.toml."""
    names: set[str] = set()
    for file in project.matching("pyproject.toml"):
        try:
            table = parse_toml(project.text(file))
        except ValueError:
            continue
        for path in (("project", "scripts"), ("tool", "poetry", "scripts"), ("tool", "pdm", "scripts")):
            inner: object = table
            for key in path:
                inner = inner.get(key, {}) if isinstance(inner, dict) else {}
            names |= set(inner) if isinstance(inner, dict) else set()
    return names


_PYPROJECT = '[project.scripts]\nmailroom-admin = "mailroom.admin:main"\n'

RULE = Rule(
    id="unknown-project-script",
    check=check,
    confidence=("likely",),
    bad={MANUAL: "`uv run mailroom-admn users`\n", "pyproject.toml": _PYPROJECT},
    good={MANUAL: "`uv run mailroom-admin users`\n", "pyproject.toml": _PYPROJECT},
)
