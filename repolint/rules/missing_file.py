"""A file other than a script or document that a manual reads or names and that the repository does not have."""

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
    """Every missing file that commands use or code font names."""
    for missing in project.fact(missing_files):
        if missing.kind == "file":
            message = say("repolint.missing_file", path=name(missing.path))
            yield at_missing_file(missing, "missing-file", message)


RULE = Rule(
    id="missing-file",
    check=check,
    confidence=("certain", "likely", "hint"),
    bad={MANUAL: "The limits stand in `config/limit.toml`.\n", "config/limits.toml": ""},
    good={MANUAL: "The limits stand in `config/limits.toml`.\n", "config/limits.toml": ""},
)
