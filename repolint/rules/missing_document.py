"""A document that a manual names in code font and that the repository does not have."""

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
    """Every missing document that commands use or code font names."""
    for missing in project.fact(missing_files):
        if missing.kind == "document":
            message = say("repolint.missing_document", path=name(missing.path))
            yield at_missing_file(missing, "missing-document", message)


RULE = Rule(
    id="missing-document",
    check=check,
    confidence=("certain", "likely", "hint"),
    bad={MANUAL: "See `docs/restore.md`.\n", "docs/restoring.md": "# Restoring\n"},
    good={MANUAL: "See `docs/restoring.md`.\n", "docs/restoring.md": "# Restoring\n"},
)
