"""A script that a manual runs or names and that the repository does not have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.message import say
from repolint.facts.files.missing import missing_files
from repolint.findings import at_missing_file, name
from repolint.registry import MANUAL, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from repolint.project import Project
    from runbooks.lint.finding import Finding


def check(project: Project) -> Iterator[Finding]:
    """Every missing script that commands use or code font names."""
    for missing in project.fact(missing_files):
        if missing.kind == "script":
            message = say("repolint.missing_script", path=name(missing.path))
            yield at_missing_file(missing, "missing-script", message)


RULE = Rule(
    id="missing-script",
    check=check,
    confidence=("certain", "likely", "hint"),
    bad={MANUAL: "`bash tools/backup.sh` saves everything.\n", "tools/back-up.sh": "#!/bin/sh\n"},
    good={MANUAL: "`bash tools/back-up.sh` saves everything.\n", "tools/back-up.sh": "#!/bin/sh\n"},
)
