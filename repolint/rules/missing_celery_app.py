"""A Celery app behind `-A` that is no module of the repository, or a module without an app."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from core.message import say
from repolint.facts.celery.commands import celery_commands
from repolint.facts.celery.source import celery_source
from repolint.facts.manual.commands import ELSEWHERE
from repolint.facts.manual.shell import WILD
from repolint.facts.manual.words import nearest
from repolint.facts.python.source import is_package_here, module_files, module_of
from repolint.findings import at_command, meant, name
from repolint.registry import MANUAL, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from repolint.facts.manual.commands import Command
    from repolint.project import Project
    from runbooks.lint.finding import Finding


def check(project: Project) -> Iterator[Finding]:
    """Every `-A` and `--app` of a celery command that runs here."""
    for command in project.fact(celery_commands):
        for app in command.values("-A", "--app"):
            if (
                WILD not in app
                and re.fullmatch(r"[\w.]+(?::\w+)?", app)
                and command.container != ELSEWHERE
                and (finding := _judged(project, command, app))
            ):
                yield finding


def _judged(project: Project, command: Command, app: str) -> Finding | None:
    module = app.partition(":")[0]
    files = _files(project, app)
    apps = [module_of(file) for file in celery_source(project).apps]
    if not files:
        if is_package_here(project, module):
            return None
        other = nearest(module, apps, 0.3) or (apps[0] if len(apps) == 1 else "")
        message, evidence = say("repolint.missing_celery_app", app=name(app)), other
    elif any(re.search(r"celery|import \*", project.text(file), re.IGNORECASE) for file in files):
        return None
    else:
        other = apps[0] if apps else ""
        message, evidence = say("repolint.no_celery_app", app=name(app), file=name(files[0])), files[0]
    fix = meant(f"-A {other}" if other else "", say("repolint.fix_celery_app"))
    return at_command(command, "missing-celery-app", message, "certain", evidence=evidence, fix=fix)


def _files(project: Project, app: str) -> list[str]:
    """The files of the module, also where the last part of the name is a variable in it."""
    module, _, attribute = app.partition(":")
    files = module_files(project, module)
    if files or "." not in module or attribute:
        return files
    above, last = module.rsplit(".", 1)
    return [file for file in module_files(project, above) if re.search(rf"\b{last}\b", project.text(file))]


_APP = "from celery import Celery\n\napp = Celery('mailroom')\n"

RULE = Rule(
    id="missing-celery-app",
    check=check,
    confidence=("certain", "likely"),
    bad={MANUAL: "`celery -A mailroom.worker inspect ping`\n", "mailroom/celery.py": _APP},
    good={MANUAL: "`celery -A mailroom.celery inspect ping`\n", "mailroom/celery.py": _APP},
)
