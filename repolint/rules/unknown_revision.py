"""A revision of the database that a manual names and that no migration has."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from core.message import say
from repolint.facts.database.alembic import SAMPLE_REVISION, alembic_calls
from repolint.facts.database.migrations import migrations
from repolint.facts.manual.shell import WILD
from repolint.facts.manual.words import is_example, nearest
from repolint.findings import at_command, at_line, meant, name
from repolint.registry import MANUAL, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from repolint.facts.database.alembic import Call
    from repolint.facts.database.migrations import Revision
    from repolint.project import Document, Project
    from runbooks.lint.finding import Confidence, Finding

_TAKES_REVISION: Final = frozenset({"upgrade", "downgrade", "stamp", "show", "edit"})
_SPEAKS: Final = re.compile(r"(?i)revision|migration|alembic|迁移|版本|修订")
"""A line that speaks of migrations: only there twelve hexadecimal digits are a revision."""


def check(project: Project) -> Iterator[Finding]:
    """In alembic commands, and in code font on a line that speaks of migrations."""
    scripts = migrations(project)
    revisions = [revision for environment in scripts for revision in environment.revisions]
    if revisions and not any(environment.open_ended for environment in scripts):
        yield from _in_commands(project, revisions)
        for document in project.documents:
            yield from _in_text(document, [revision.id for revision in revisions])


def _in_commands(project: Project, revisions: list[Revision]) -> Iterator[Finding]:
    for command, call in project.fact(alembic_calls):
        for wanted in _asked(call):
            if any(r.id.startswith(wanted) or r.label == wanted.split("@")[0] for r in revisions):
                continue
            other = nearest(wanted, [r.id for r in revisions], 0.5)
            place = next((r.file for r in revisions if r.id == other), "")
            sure: Confidence = "likely" if is_example(command.document, command.line) else "certain"
            yield at_command(
                command,
                "unknown-revision",
                say("repolint.unknown_revision", revision=name(wanted)),
                sure,
                evidence=f"{place} {other}".strip(),
                fix=meant(other, say("repolint.fix_unknown_revision")),
            )


def _asked(call: Call) -> list[str]:
    """The revisions that the command counts on, without steps from them (`+2`) and parts that Alembic itself knows."""
    if call.unknown or call.subcommand not in _TAKES_REVISION:
        return []
    words = [part for word in call.rest[:1] for part in word.split(":")]
    plain = [re.sub(r"[+-]\d+$", "", word).removesuffix("@head").removesuffix("@base") for word in words]
    return [
        word
        for word in plain
        if word not in ("", "head", "heads", "base", "current")
        and WILD not in word
        and not SAMPLE_REVISION.fullmatch(word)
    ]


def _in_text(document: Document, revisions: list[str]) -> Iterator[Finding]:
    lines = {
        prose.line: prose.text
        for prose in document.prose
        if _SPEAKS.search(prose.text) and not is_example(document, prose.line)
    }
    for code in document.codes:
        text = code.text
        if code.fence is not None or code.line not in lines or text in revisions:
            continue
        commit = re.search(rf"(?i)(?:commit|sha|提交)\W{{0,3}}{re.escape(text)}", lines[code.line])
        if re.fullmatch(r"(?=.*\d)[0-9a-f]{12}", text) and not commit and not SAMPLE_REVISION.fullmatch(text):
            other = nearest(text, revisions, 0.5)
            yield at_line(
                document,
                code.line,
                "unknown-revision",
                say("repolint.unknown_revision", revision=name(text)),
                "likely",
                evidence=other,
                fix=meant(other, say("repolint.fix_unknown_revision")),
            )


_SCRIPTS = {
    "migrations/env.py": "from alembic import context\n",
    "migrations/versions/a1.py": 'revision = "4c1d9e07aa21"\ndown_revision = None\n',
}

RULE = Rule(
    id="unknown-revision",
    check=check,
    confidence=("certain", "likely"),
    bad={MANUAL: "`alembic downgrade 4c1d9e07bb21`\n", **_SCRIPTS},
    good={MANUAL: "`alembic downgrade 4c1d9e07aa21`\n", **_SCRIPTS},
)
