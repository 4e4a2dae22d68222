"""An npm script of a manual that no package.json of the repository has."""

from __future__ import annotations

import json
import posixpath
import re
from typing import TYPE_CHECKING, Final

from core.message import say
from repolint.facts.manual.commands import commands
from repolint.facts.manual.shell import WILD
from repolint.facts.manual.words import nearest
from repolint.findings import at_command, meant, name
from repolint.registry import MANUAL, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from repolint.facts.manual.commands import Command
    from repolint.project import Project
    from runbooks.lint.finding import Confidence, Finding

_RUN_WITHOUT_RUN: Final = frozenset({"test", "stop", "restart"})
"""`npm test` stands for `npm run test`; `npm start` runs without a script, too."""


def check(project: Project) -> Iterator[Finding]:
    """`npm run X`, and the same with pnpm and yarn."""
    scripts = project.fact(_scripts)
    for command in commands(project):
        asked = _asked(command)
        if asked is None or scripts is None or command.container:
            continue
        script, confidence = asked
        if WILD in script or not re.fullmatch(r"[\w:./-]+", script) or script in scripts:
            continue
        other = nearest(script, scripts)
        yield at_command(
            command,
            "unknown-package-script",
            say("repolint.unknown_script", script=name(script)),
            confidence,
            evidence=f"package.json: {other}" if other else "package.json",
            fix=meant(other, say("repolint.fix_unknown_script", script=name(script), file="package.json")),
        )


def _asked(command: Command) -> tuple[str, Confidence] | None:
    words = [word for word in command.argv[1:] if not word.startswith("-")]
    if command.name in ("npm", "pnpm", "yarn") and words[:1] in (["run"], ["run-script"]) and len(words) > 1:
        at = command.argv.index(words[0])
        after = [word for word in command.argv[at + 1 :] if not word.startswith("-")]
        return (after[0], "certain" if command.name == "npm" else "likely") if after else None
    if command.name == "npm" and command.argv[1:2] and command.argv[1] in _RUN_WITHOUT_RUN:
        return (command.argv[1], "likely") if command.fenced else None
    return None


def _scripts(project: Project) -> set[str] | None:
    """Every script of every package.json; None where there is no package.json or one can't be read."""
    names: set[str] | None = None
    for file in project.files:
        if posixpath.basename(file) == "package.json":
            try:
                package = json.loads(project.text(file))
            except (ValueError, RecursionError):
                return None
            scripts = package.get("scripts", {}) if isinstance(package, dict) else {}
            names = (names or set()) | {str(key) for key in scripts}
    return names


RULE = Rule(
    id="unknown-package-script",
    check=check,
    confidence=("certain", "likely"),
    bad={MANUAL: "`npm run biuld`\n", "package.json": '{"scripts": {"build": "tsc"}}\n'},
    good={MANUAL: "`npm run build`\n", "package.json": '{"scripts": {"build": "tsc"}}\n'},
)
