"""A database driver that migrations need and that nothing in the repository installs."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, Final

from core.message import say
from repolint.facts.database.alembic import alembic_commands
from repolint.facts.database.migrations import migrations
from repolint.findings import at_command, line_of
from repolint.registry import MANUAL, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from repolint.project import Project
    from runbooks.lint.finding import Finding

_DRIVERS: Final = ("psycopg2", "psycopg", "asyncpg", "pymysql")
_DEPENDENCIES: Final = (
    "requirements",
    "pyproject.toml",
    "Pipfile",
    "setup.py",
    "setup.cfg",
    "environment.yml",
    ".lock",
    "Dockerfile",
)
_URL: Final = re.compile(r"\b(postgres(?:ql)?(?:\+\w+)?)://(?!$)")
_CONNECTS: Final = ("upgrade", "downgrade", "current", "check", "stamp")
_CHOOSES: Final = re.compile(
    r"async_engine|create_async|replace\(|drivername|asyncpg|psycopg|set_main_option\([^)]*\+"
)
"""An env.py that chooses the driver itself."""


def check(project: Project) -> Iterator[Finding]:
    """Said once per manual, at its first command that connects; certain where a lock file lists what is installed."""
    driver, evidence = project.fact(_needed)
    if not driver or driver in project.fact(_installed):
        return
    reported: set[str] = set()
    locked = any(posixpath.basename(file).endswith(".lock") for file in project.files)
    for command in project.fact(alembic_commands):
        if command.document.file not in reported and any(word in _CONNECTS for word in command.argv[1:3]):
            reported.add(command.document.file)
            yield at_command(
                command,
                "missing-driver",
                say("repolint.missing_driver", driver=driver),
                "certain" if locked else "likely",
                evidence=evidence,
                fix=say("repolint.fix_missing_driver", driver=driver),
            )


def _needed(project: Project) -> tuple[str, str]:
    """The driver's package for the URL that env.py hands to SQLAlchemy, and where that URL stands."""
    for environment in migrations(project):
        # what a comment says does not choose a driver
        text = re.sub(r"#.*", "", project.text(f"{environment.folder}/env.py"))
        if not text or _CHOOSES.search(text):
            continue
        for file in [environment.ini, *_places_of_urls(project)]:
            content = project.text(file) if file else ""
            lines = [line for line in content.splitlines() if not line.lstrip().startswith(("#", ";"))]
            url = next(
                (m for line in lines if (m := _URL.search(line)) and "example" not in line.lower()), None
            )
            if url:
                driver = url[1].partition("+")[2] or "psycopg2"
                evidence = f"{file}:{line_of(content, url[0])} {url[1]}://"
                return (driver if driver in _DRIVERS else ""), evidence
    return "", ""


def _places_of_urls(project: Project) -> list[str]:
    names = re.compile(
        r"(?:^|/)(?:settings|config)\.py$|(?:^|/)\.env\.(?:example|sample|template)$|(?:^|/)(?:docker-)?compose[\w.-]*\.ya?ml$"
    )
    return [
        file
        for file in sorted(project.files, key=lambda f: (f.count("/"), f))
        if names.search(file) and "test" not in file
    ]


def _installed(project: Project) -> set[str]:
    """Drivers that any file of dependencies names."""
    drivers = set()
    for file in project.files:
        base = posixpath.basename(file)
        if any(mark in base for mark in _DEPENDENCIES) or "requirements" in file:
            text = project.text(file)
            if base in (
                "poetry.lock",
                "uv.lock",
                "pdm.lock",
            ):  # which also lists what other packages could use
                text = "\n".join(re.findall(r"(?m)^name = .*", text))
            drivers |= {driver for driver in _DRIVERS if _asks_for(text, driver)}
    return drivers


def _asks_for(text: str, driver: str) -> bool:
    return re.search(rf"(?<![\w+-]){driver}(?:-binary|2-binary|c2?)?(?![\w+])(?!://)", text) is not None


_CLINIC = {
    "migrations/env.py": "from alembic import context\n",
    "migrations/versions/a1.py": 'revision = "4c1d9e07aa21"\ndown_revision = None\n',
    "settings.py": 'URL = "postgresql://localhost/clinic"\n',
}

RULE = Rule(
    id="missing-driver",
    check=check,
    confidence=("certain", "likely"),
    bad={MANUAL: "`alembic upgrade head`\n", **_CLINIC, "requirements.txt": "alembic\npsycopg\n"},
    good={MANUAL: "`alembic upgrade head`\n", **_CLINIC, "requirements.txt": "alembic\npsycopg2-binary\n"},
)
