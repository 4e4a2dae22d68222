"""The database driver that migrations need, against the drivers that the repository installs."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, Final

from core.message import say
from repolint.facts.database.migrations import migrations
from repolint.findings import at_command, line_of
from repolint.rules.alembic_rules import alembic_commands

if TYPE_CHECKING:
    from collections.abc import Iterator

    from repolint.project import Project
    from runbooks.lint.finding import Finding

_PACKAGES: Final = {
    "psycopg2": ("psycopg2",),
    "psycopg": ("psycopg",),
    "asyncpg": ("asyncpg",),
    "pymysql": ("pymysql",),
}
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
_URL = re.compile(r"\b(postgres(?:ql)?(?:\+\w+)?)://(?!$)")
_MOVING: Final = ("upgrade", "downgrade", "current", "check", "stamp")


def missing_drivers(project: Project) -> Iterator[Finding]:
    """Migrations that ask SQLAlchemy for a driver which nothing installs; said once per manual, at the first command."""
    driver, evidence = project.fact(_needed)
    if not driver or driver in project.fact(_installed):
        return
    said: set[str] = set()
    locked = any(posixpath.basename(file).endswith(".lock") for file in project.files)
    for command in alembic_commands(project):
        if command.document.file not in said and any(word in _MOVING for word in command.argv[1:3]):
            said.add(command.document.file)
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
    for found in migrations(project):
        env = f"{found.folder}/env.py"
        text = re.sub(r"#.*", "", project.text(env))  # what a comment says does not choose a driver
        if not text or re.search(
            r"async_engine|create_async|replace\(|drivername|asyncpg|psycopg|set_main_option\([^)]*\+", text
        ):
            continue
        for file in [found.ini, *_places_of_urls(project)]:
            content = project.text(file) if file else ""
            lines = [line for line in content.splitlines() if not line.lstrip().startswith(("#", ";"))]
            url = next(
                (m for line in lines if (m := _URL.search(line)) and "example" not in line.lower()), None
            )
            if url:
                scheme = url[1]
                driver = scheme.partition("+")[2] or "psycopg2"
                return (
                    driver if driver in _PACKAGES else ""
                ), f"{file}:{line_of(content, url[0])} {scheme}://"
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
    found = set()
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
            for driver, packages in _PACKAGES.items():
                if any(
                    re.search(rf"(?<![\w+-]){p}(?:-binary|2-binary|c2?)?(?![\w+])(?!://)", text)
                    for p in packages
                ):
                    found.add(driver)
    return found
