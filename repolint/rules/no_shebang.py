"""An executable script that a manual starts by its name and whose first line does not say what runs it."""

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
    """Python, and whatever a runner such as `poetry run` starts: a shell takes other scripts for its own."""
    for command, file in project.fact(started_scripts):
        run = command.wrapper.endswith(" run") or file.endswith(".py")
        if run and is_executable(project, file) and not project.text(file).startswith("#!"):
            yield at_command(
                command,
                "no-shebang",
                say("repolint.no_shebang", path=name(command.argv[0])),
                "certain",
                evidence=f"{file}:1",
                fix=say("repolint.fix_no_shebang", path=name(file)),
            )


_MANUAL = "```sh\n./tools/audit.py\n```\n"

RULE = Rule(
    id="no-shebang",
    check=check,
    confidence=("certain", "likely"),
    bad={MANUAL: _MANUAL, "tools/audit.py": "print('all well')\n"},
    good={MANUAL: _MANUAL, "tools/audit.py": "#!/usr/bin/env python3\nprint('all well')\n"},
    executable=("tools/audit.py",),
)
