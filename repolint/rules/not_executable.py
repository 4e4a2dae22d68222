"""A script that a manual starts by its name and that is not executable."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.message import say
from repolint.facts.files.started import is_executable, started_scripts
from repolint.findings import at_command, name
from repolint.registry import MANUAL, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from repolint.project import Project
    from runbooks.lint.finding import Finding


def check(project: Project) -> Iterator[Finding]:
    """Once per manual and script."""
    for command, file in project.fact(started_scripts):
        if not is_executable(project, file):
            yield at_command(
                command,
                "not-executable",
                say("repolint.not_executable", path=name(command.argv[0])),
                "certain",
                evidence=file,
                fix=say("repolint.fix_not_executable", path=name(file)),
            )


RULE = Rule(
    id="not-executable",
    check=check,
    confidence=("certain", "likely"),
    bad={MANUAL: "```sh\n./tools/backup.sh\n```\n", "tools/backup.sh": "#!/bin/sh\n"},
    good={MANUAL: "```sh\nsh tools/backup.sh\n```\n", "tools/backup.sh": "#!/bin/sh\n"},
)
