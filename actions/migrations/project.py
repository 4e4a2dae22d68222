"""The project's own Alembic, run in its own environment by its own command. Nothing of the project is imported here.

argv only, no shell. The address of the database goes by the environment, never by argv. `render` asks Alembic for the SQL
of each step without a database (offline mode), which a script that looks into the database can't give.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from actions.capabilities import Command
from actions.migrations.errors import AlembicFailed, MigrationError, NotRendered
from actions.migrations.sql import Effect, effect, split_statements
from actions.providers.process import INHERITED
from core.message import say
from core.text import clean
from signals.connections.credentials import read_secret, with_password

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from actions.capabilities import Processes
    from signals.settings import PostgresSettings

OWN_ALEMBIC = (sys.executable, "-P", "-m", "alembic")
APPLICATION = "warroom migration"
"""What its sessions are called in pg_stat_activity (libpq's drivers read PGAPPNAME; asyncpg does not)."""
READ_TIMEOUT_S = 120.0
MAX_SQL = 20_000_000
_STEP = re.compile(r"(?m)^-- Running (?:upgrade|downgrade) (?P<from>[^\n]*?) ?-> ?(?P<to>[^\n]*)$")
_DRIVER = re.compile(r"No module named '(psycopg2|psycopg|asyncpg|pg8000|MySQLdb)'")
_FILE = re.compile(r'File "([^"]+)", line (\d+), in (?:upgrade|downgrade)')
_ALEMBICS_OWN = re.compile(r"/alembic/(?:command|config|runtime/|script/|operations/|ddl/)")
_CONNECTED = re.compile(r"Current revision\(s\) for ([^\n]+):")
_RAISED = re.compile(r"[A-Za-z_][\w.]*: \S")
"""The line of a traceback that says what was raised; SQLAlchemy puts the statement below it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """How Alembic is called for one set of scripts. `environment` may hold secrets."""

    command: tuple[str, ...]
    cwd: Path
    ini: Path
    section: str = "alembic"
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)

    def call(
        self, *words: str, timeout_s: float = READ_TIMEOUT_S, options: Mapping[str, str] | None = None
    ) -> Command:
        """The command for these words of Alembic's; `options` are settings of its Postgres sessions (PGOPTIONS)."""
        section = () if self.section == "alembic" else ("-n", self.section)
        shown = {"PGAPPNAME": APPLICATION, "PYTHONUNBUFFERED": "1"}
        if options:
            shown["PGOPTIONS"] = " ".join(f"-c {name}={value}" for name, value in options.items())
        return Command(
            argv=(*self.command, "-c", str(self.ini), *section, *words),
            cwd=str(self.cwd),
            environment=shown,
            secret_environment=self.environment,
            timeout_s=timeout_s,
        )


@dataclass(frozen=True, slots=True)
class RenderedStep:
    """The SQL of one revision, up or down."""

    before: str
    after: str
    effects: tuple[Effect, ...]

    @property
    def transactional(self) -> bool:
        """Whether all of it is done, or nothing."""
        return all(each.transactional for each in self.effects)


def lost_in(steps: Iterable[RenderedStep], version_table: str) -> dict[str, tuple[str, ...]]:
    """The tables that lose something for good, with the columns; `("*",)` for whole rows. Alembic's own is none."""
    lost: dict[str, tuple[str, ...]] = {}
    for each in (each for step in steps for each in step.effects if each.lost):
        table = each.tables[0]
        if table.rpartition(".")[2] == version_table:
            continue
        for name in each.tables if "*" in each.lost else (table,):
            columns = (*lost.get(name, ()), *each.lost)
            lost[name] = ("*",) if "*" in columns else tuple(dict.fromkeys(columns))
    return lost


def emptied_by(steps: Iterable[RenderedStep]) -> tuple[str, ...]:
    """The tables whose rows go although they themselves stay: what points to those rows goes with them, or is cleared."""
    names = (
        table
        for step in steps
        for each in step.effects
        if each.lost == ("*",) and each.statement.lstrip().upper().startswith(("DELETE", "TRUNCATE"))
        for table in each.tables
    )
    return tuple(dict.fromkeys(names))


def project_of(postgres: PostgresSettings) -> Project:
    """From the configuration; raises `MigrationError` where it does not say how Alembic is called."""
    ini = postgres.alembic_ini
    if ini is None and postgres.migrations is not None:
        ini = postgres.migrations / "alembic.ini"
    if ini is None or not ini.is_file():
        raise MigrationError(say("migrations.no_ini"))
    secrets = {name: value.get_secret_value() for name, value in postgres.alembic_environment.items()}
    password = read_secret(None, postgres.password_file)
    url = with_password(postgres.url.get_secret_value(), password)
    own = {} if postgres.alembic_command else {"WARROOM_SERVICE_URL": url}
    return Project(
        command=postgres.alembic_command or OWN_ALEMBIC,
        cwd=(postgres.alembic_folder or ini.parent).absolute(),
        ini=ini.absolute(),
        section=postgres.alembic_section,
        environment={**own, **secrets},
    )


def run_alembic(processes: Processes, command: Command) -> None:
    """Run it, its lines printed as they come; raises `AlembicFailed`."""
    completed = processes.run(command)
    if completed.exit_code:
        raise _failure(completed.exit_code, completed.output)


def _read(command: Command) -> str:
    """What it prints to stdout alone: its log goes to stderr; raises `AlembicFailed`."""
    environment = {name: os.environ[name] for name in INHERITED if name in os.environ}
    try:
        done = subprocess.run(
            command.argv,
            cwd=command.cwd,
            env={**environment, **command.environment, **command.secret_environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=command.timeout_s,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise AlembicFailed(say("migrations.too_long", seconds=command.timeout_s)) from None
    except OSError as error:
        detail = f"{error.filename}: {error.strerror}"
        raise AlembicFailed(say("migrations.not_started", detail=clean(detail))) from None
    if done.returncode:
        raise _failure(done.returncode, (done.stderr or done.stdout).decode(errors="replace"))
    return done.stdout[:MAX_SQL].decode(errors="replace")


def _failure(code: int, output: str) -> AlembicFailed:
    """What it said, as a sentence: a missing driver by name, else where its script stopped and its last line."""
    if driver := _DRIVER.search(output):
        return AlembicFailed(say("migrations.no_driver", driver=driver.group(1)))
    lines = [line.rstrip() for line in output.splitlines() if line.strip()]
    raised = [line for line in lines if _RAISED.match(line)]
    last = (raised or lines or [f"exit code {code}"])[-1].strip()
    if places := [each for each in _FILE.findall(output) if not _ALEMBICS_OWN.search(each[0])]:
        file, line = places[-1]
        return AlembicFailed(
            say("migrations.failed_at", file=clean(Path(file).name), line=int(line), detail=clean(last, 300))
        )
    return AlembicFailed(say("migrations.failed", detail=clean(last, 300)))


def render(project: Project, verb: str, start: str, end: str) -> tuple[RenderedStep, ...]:
    """The SQL from revision `start` (empty for none) to `end`, step by step; raises `NotRendered`."""
    try:
        text = _read(project.call(verb, "--sql", "--", f"{start or 'base'}:{end}"))
    except AlembicFailed as error:
        raise NotRendered(say("migrations.not_rendered", why=error.message)) from None
    places = list(_STEP.finditer(text))
    ends = [place.start() for place in places[1:]] + [len(text)]
    steps = []
    for place, until in zip(places, ends, strict=True):
        statements = _without_wrapping(split_statements(text[place.end() : until]))
        steps.append(
            RenderedStep(
                place["from"].strip(), place["to"].strip(), tuple(effect(each) for each in statements)
            )
        )
    return tuple(steps)


def _without_wrapping(statements: list[str]) -> list[str]:
    """Without the transaction that Alembic puts around one step or all of them; what ends one within a step stays."""
    for word in ("BEGIN", "COMMIT"):
        if statements and statements[-1].upper() == word:
            statements = statements[:-1]
    return statements


def connected_to(project: Project) -> str | None:
    """The database that the project's own env.py connects to, by Alembic's word (its password is masked).

    None where that is not said; raises `AlembicFailed` where it can't connect, and so could not migrate.
    """
    match = _CONNECTED.search(_read(project.call("current", "--verbose")))
    return clean(match.group(1), 200) if match else None
