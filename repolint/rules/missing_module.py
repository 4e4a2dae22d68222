"""A Python module behind `python -m` that the repository's package does not have."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

from core.message import say
from repolint.facts.files.paths import made_up
from repolint.facts.manual.commands import commands_here, module_run
from repolint.facts.manual.words import nearest
from repolint.facts.python.source import is_package_here, module_files, module_of
from repolint.findings import at_command, meant, name
from repolint.registry import MANUAL, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from repolint.project import Project
    from runbooks.lint.finding import Finding


def check(project: Project) -> Iterator[Finding]:
    """Only `a.b` where the repository has a package `a`: anything else may be installed."""
    for command in commands_here(project):
        module = module_run(command)
        top = module.split(".", maxsplit=1)[0]
        if (
            "." not in module
            or not re.fullmatch(r"[A-Za-z_][\w.]*", module)
            or top in sys.stdlib_module_names
            or made_up(module)
            or module_files(project, module)
            or not is_package_here(project, top)
            or is_package_here(project, module)
        ):
            continue
        other = nearest(module, [module_of(file) for file in project.matching(".py")], 0.75)
        yield at_command(
            command,
            "missing-module",
            say("repolint.missing_module", module=name(module)),
            "certain",
            evidence=other,
            fix=meant(other, say("repolint.fix_missing_module", module=name(module))),
        )


RULE = Rule(
    id="missing-module",
    check=check,
    confidence=("certain", "likely"),
    bad={MANUAL: "`python -m mailroom.sweep`\n", "mailroom/sweeper.py": ""},
    good={MANUAL: "`python -m mailroom.sweeper`\n", "mailroom/sweeper.py": ""},
)
