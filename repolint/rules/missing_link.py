"""A relative link of a manual that leads to no file of the repository."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from core.message import say
from repolint.facts.files.links import links
from repolint.facts.files.paths import exists, made_on_the_way, near
from repolint.findings import at_line, meant, name
from repolint.registry import MANUAL, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from repolint.project import Project
    from runbooks.lint.finding import Finding


def check(project: Project) -> Iterator[Finding]:
    """But for files that a build or the manual itself makes."""
    for link in project.fact(links):
        if link.is_there or made_on_the_way(project, link.document, link.path, link.folder):
            continue
        bare = link.path.lstrip("./")
        other = near(project, link.path) or (bare if exists(project, link.document, bare) else "")
        relative = posixpath.relpath(other, link.folder or ".") if other else ""
        yield at_line(
            link.document,
            link.line,
            "missing-link",
            say("repolint.missing_link", path=name(link.path)),
            "certain",
            evidence=other,
            fix=meant(relative, say("repolint.fix_missing_file", path=name(link.file))),
        )


RULE = Rule(
    id="missing-link",
    check=check,
    confidence=("certain",),
    bad={MANUAL: "See [how to restore](docs/restore.md).\n", "docs/restoring.md": "# Restoring\n"},
    good={MANUAL: "See [how to restore](docs/restoring.md).\n", "docs/restoring.md": "# Restoring\n"},
)
