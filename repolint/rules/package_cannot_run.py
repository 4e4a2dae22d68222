"""A package behind `python -m` that has no `__main__`."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

from core.message import say
from repolint.facts.files.paths import made_up
from repolint.facts.manual.commands import commands_here, module_run
from repolint.facts.python.source import module_files
from repolint.findings import at_command, name
from repolint.registry import MANUAL, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from repolint.project import Project
    from runbooks.lint.finding import Finding


def check(project: Project) -> Iterator[Finding]:
    """Packages of the repository alone."""
    for command in commands_here(project):
        module = module_run(command)
        if (
            not re.fullmatch(r"[A-Za-z_][\w.]*", module)
            or module.split(".", maxsplit=1)[0] in sys.stdlib_module_names
            or made_up(module)
        ):
            continue
        files = module_files(project, module)
        mains = [file.replace("__init__.py", "__main__.py") for file in files]
        if (
            files
            and all(file.endswith("/__init__.py") for file in files)
            and not project.files.intersection(mains)
        ):
            yield at_command(
                command,
                "package-cannot-run",
                say("repolint.package_cannot_run", module=name(module)),
                "certain",
                evidence=files[0],
                fix=say("repolint.fix_package_cannot_run", file=name(mains[0])),
            )


RULE = Rule(
    id="package-cannot-run",
    check=check,
    confidence=("certain", "likely"),
    bad={MANUAL: "`python -m mailroom`\n", "mailroom/__init__.py": "", "mailroom/app.py": ""},
    good={MANUAL: "`python -m mailroom`\n", "mailroom/__init__.py": "", "mailroom/__main__.py": ""},
)
