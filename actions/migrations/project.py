"""The project's own Alembic, run in its own environment by its own command. Nothing of the project is imported here.

argv only, no shell. The address of the database goes by the environment, never by argv. `render` asks Alembic for the SQL
of each step without a database (offline mode), which a script that looks into the database can't give.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from actions.migrations.errors import AlembicFailed, NotRendered
from actions.migrations.sql import Effect, effect, split_statements
from core.message import say
from core.text import clean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from actions.migrations.settings import MigrationSettings
    from signals.settings import PostgresSettings

OWN_ALEMBIC = (sys.executable, "-P", "-m", "alembic")
APPLICATION = "warroom migration"
"""What its sessions are called in pg_stat_activity (libpq's drivers read PGAPPNAME; asyncpg does not)."""
RENDER_TIMEOUT_S = 120.0
MAX_OUTPUT = 8_000_000
KEPT_LINES = 400
_ENVIRONMENT = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "VIRTUAL_ENV", "TMPDIR", "USER", "LOGNAME")
"""What every run gets of our own variables; the rest is named in the configuration."""
_STEP = re.compile(r"(?m)^-- Running (?:upgrade|downgrade) (?P<from>[^\n]*?) ?-> ?(?P<to>[^\n]*)$")
_DRIVER = re.compile(r"No module named '(psycopg2|psycopg|asyncpg|pg8000|MySQLdb)'")
_FILE = re.compile(r'File "([^"]+)", line (\d+), in (?:upgrade|downgrade)')
_CONNECTED = re.compile(r"Current revision\(s\) for ([^\n]+):")


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """How Alembic is called for one set of scripts. `environment` may hold secrets."""

    command: tuple[str, ...]
    cwd: Path
    ini: Path | None
    section: str = "alembic"
    folder: Path | None = None
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def argv(self) -> tuple[str, ...]:
        """The command up to Alembic's own verb, as it is shown."""
        ini = str(self.ini) if self.ini else "alembic.ini"
        section = () if self.section == "alembic" else ("-n", self.section)
        return (*self.command, "-c", ini, *section)


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


def project_of(settings: MigrationSettings, postgres: PostgresSettings) -> Project:
    """From the configuration; raises `NotRendered` where no scripts are configured."""
    ini, folder = postgres.alembic_ini, postgres.migrations
    if ini is None and folder is None:
        raise NotRendered(say("migrations.no_scripts"))
    place = ini.absolute().parent if ini else folder.absolute() if folder else Path.cwd()
    secrets = {name: value.get_secret_value() for name, value in settings.environment.items()}
    own = {} if settings.command else {"WARROOM_SERVICE_URL": postgres.url.get_secret_value()}
    return Project(
        command=settings.command or OWN_ALEMBIC,
        cwd=settings.folder or place,
        ini=ini.absolute() if ini else None,
        section=postgres.alembic_section,
        folder=folder.absolute() if folder else None,
        environment={**own, **secrets},
    )


def run_alembic(
    project: Project,
    *words: str,
    timeout_s: float,
    print_line: Callable[[str], None] | None = None,
    options: Mapping[str, str] | None = None,
) -> str:
    """Run it, and give what it printed to stdout; raises `AlembicFailed`. `options` go to Postgres' sessions (PGOPTIONS).

    Its lines go to `print_line` as they come.
    """
    environment = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
    environment |= {**project.environment, "PYTHONUNBUFFERED": "1", "PGAPPNAME": APPLICATION}
    if options:
        environment["PGOPTIONS"] = " ".join(f"-c {name}={value}" for name, value in options.items())
    with _called(project) as argv:
        try:
            process = subprocess.Popen(
                [*argv, *words],
                cwd=project.cwd,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                errors="replace",
            )
        except OSError as error:
            detail = f"{error.filename}: {error.strerror}"
            raise AlembicFailed(say("migrations.not_started", detail=clean(detail))) from None
        return _finish(process, timeout_s, print_line)


def _finish(
    process: subprocess.Popen[str], timeout_s: float, print_line: Callable[[str], None] | None
) -> str:
    import threading

    printed: list[str] = []
    errors: list[str] = []

    def read(stream: Iterator[str], lines: list[str], *, keep: int) -> None:
        length = 0
        for line in stream:
            length += len(line)
            if length < MAX_OUTPUT:
                lines.append(line)
                del lines[:-keep]
            if print_line is not None:
                print_line(clean(line.rstrip("\n"), 2_000))

    assert process.stdout is not None  # noqa: S101  # piped above
    assert process.stderr is not None  # noqa: S101
    threads = [
        threading.Thread(target=read, args=(process.stdout, printed), kwargs={"keep": 200_000}, daemon=True),
        threading.Thread(
            target=read, args=(process.stderr, errors), kwargs={"keep": KEPT_LINES}, daemon=True
        ),
    ]
    for thread in threads:
        thread.start()
    try:
        code = process.wait(timeout_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise AlembicFailed(say("migrations.too_long", seconds=timeout_s)) from None
    finally:
        for thread in threads:
            thread.join(5)
        process.stdout.close()
        process.stderr.close()
    if code:
        raise _failure(code, "".join(errors), "".join(printed))
    return "".join(printed)


def _failure(code: int, errors: str, printed: str) -> AlembicFailed:
    """What it said, as a sentence: a missing driver by name, else where its script stopped and its last line."""
    if driver := _DRIVER.search(errors):
        return AlembicFailed(say("migrations.no_driver", driver=driver.group(1)))
    lines = [line.strip() for line in (errors or printed).splitlines() if line.strip()]
    last = next(
        (line for line in reversed(lines) if not line.startswith(("(Background on", "[SQL:"))),
        f"exit code {code}",
    )
    if place := _FILE.findall(errors):
        file, line = place[-1]
        return AlembicFailed(
            say("migrations.failed_at", file=clean(Path(file).name), line=int(line), detail=clean(last, 300))
        )
    return AlembicFailed(say("migrations.failed", detail=clean(last, 300)))


def render(project: Project, verb: str, start: str, end: str) -> tuple[RenderedStep, ...]:
    """The SQL from revision `start` (empty for none) to `end`, step by step; raises `NotRendered`."""
    try:
        text = run_alembic(
            project, verb, "--sql", "--", f"{start or 'base'}:{end}", timeout_s=RENDER_TIMEOUT_S
        )
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
    """The database that the project's own env.py connects to, by Alembic's word (its password is masked); else None."""
    try:
        text = run_alembic(project, "current", "--verbose", timeout_s=RENDER_TIMEOUT_S)
    except AlembicFailed:
        return None
    match = _CONNECTED.search(text)
    return clean(match.group(1), 200) if match else None


@contextmanager
def _called(project: Project) -> Iterator[tuple[str, ...]]:
    """The argv with an ini that exists: a folder of scripts without one is given one for the time of the call."""
    if project.ini is not None:
        yield project.argv
        return
    with tempfile.TemporaryDirectory(prefix="warroom-alembic-") as folder:
        ini = Path(folder) / "alembic.ini"
        place = str(project.folder).replace("%", "%%")
        ini.write_text(f"[{project.section}]\nscript_location = {place}\n", encoding="utf-8")
        yield tuple(str(ini) if word == "alembic.ini" else word for word in project.argv)
