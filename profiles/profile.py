"""One profile: what is special to one operated system, read from its folder.

    profile.toml     what the system is called and known by: names of queues, metrics, tables
    board.toml       its panels, with their limits and links, as `[[panel]]`
    costs.toml       which of its counters tell of money and tokens, as `[costs]` has it
    actions.toml     what its actions need to know, as `[actions]` has it: switches, staged return, data, pictures
    runbooks/en, zh  its manuals
    drills/          its game days, one `.yaml` each
    drills.toml      what probes and load ask of it, as `[drills]` has it

A profile says what `warroom.toml` may leave out: where both speak, `warroom.toml` is in force. It configures no source.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import Field

from core.files import is_file, is_folder
from core.home import expanded
from core.message import say
from core.settings import Section
from core.text import clean
from core.toml_file import Problem, read_toml, refuse, validate

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

BUNDLED = Path(__file__).parent
GENERIC = "generic"
"""Which one it is where none is chosen."""
_FILE = "profile.toml"
_ANYBODYS = frozenset({"celery", "default"})
"""Names of queues by which nobody is recognised: Celery's own default, and what people call it instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What a folder says; empty or None is what it does not say. `tables` and `indexes` go by table, then by name."""

    id: str
    title: str
    service_name: str
    metric_prefix: str
    scrape_job: str
    queues: tuple[str, ...]
    migrations: Path | None
    tables: Mapping[str, Mapping[str, str]]
    indexes: Mapping[str, Mapping[str, str]]
    board: Path | None
    costs: Path | None
    actions: Path | None
    runbooks: Path | None
    drills: Path | None
    drills_file: Path | None


class _ProfileFile(Section):
    """`profile.toml`."""

    title: str
    service_name: str = Field(default="", description="its name where [service] gives none")
    metric_prefix: str = Field(default="", description="its metrics begin so: by them it is recognised")
    scrape_job: str = Field(default="", description="the label `job` of pages that are scraped directly")
    queues: tuple[str, ...] = Field(default=(), description="its Celery queues")
    migrations: Path | None = Field(default=None, description="its Alembic scripts, seen from this file")
    tables: dict[str, dict[str, str]] = Field(
        default={}, description="by table: columns and their types as Postgres prints them, with `not null`"
    )
    indexes: dict[str, dict[str, str]] = Field(
        default={}, description="by table: indexes as Postgres prints them from their method on"
    )


def bundled() -> tuple[str, ...]:
    """The names of all profiles that come with the program."""
    return tuple(sorted(file.parent.name for file in BUNDLED.glob(f"*/{_FILE}")))


def recognised(metrics: Iterable[str], queues: Collection[str] = ()) -> Profile | None:
    """The bundled profile whose metrics or queues these are."""
    metrics = tuple(metrics)
    for name in bundled():
        profile = load_profile(BUNDLED / name)
        own = set(profile.queues) - _ANYBODYS
        if own and own <= set(queues):
            return profile
        if profile.metric_prefix and any(metric.startswith(profile.metric_prefix) for metric in metrics):
            return profile
    return None


def profile_folder(name: str, beside: Path) -> Path | None:
    """Where the profile is: a bundled one by its name, else a folder as seen from `beside`; None where there is none."""
    if name in bundled():
        return BUNDLED / name
    folder = beside / expanded(Path(name))
    return folder if name and is_file(folder / _FILE) else None


def check_profile(folder: Path) -> tuple[Profile | None, tuple[Problem, ...]]:
    """The profile, and everything that is wrong in its file; raises `ConfigError` if that can't be read."""
    file = read_toml(folder / _FILE)
    if isinstance(file, Problem):
        return None, (file,)
    known, problems = validate(_ProfileFile, file)
    if known is None:
        return None, problems
    migrations = None if known.migrations is None else (folder / expanded(known.migrations)).resolve()
    if migrations is not None and not is_folder(migrations):
        what = say("config.no_folder", folder=clean(str(migrations)))
        return None, (file.problem(("migrations",), what),)
    board, costs, actions = folder / "board.toml", folder / "costs.toml", folder / "actions.toml"
    runbooks, drills, drills_file = folder / "runbooks", folder / "drills", folder / "drills.toml"
    return Profile(
        id=folder.resolve().name,
        title=known.title,
        service_name=known.service_name,
        metric_prefix=known.metric_prefix,
        scrape_job=known.scrape_job,
        queues=known.queues,
        migrations=migrations,
        tables=known.tables,
        indexes=known.indexes,
        board=board if is_file(board) else None,
        costs=costs if is_file(costs) else None,
        actions=actions if is_file(actions) else None,
        runbooks=runbooks if is_folder(runbooks) else None,
        drills=drills if is_folder(drills) else None,
        drills_file=drills_file if is_file(drills_file) else None,
    ), ()


def load_profile(folder: Path) -> Profile:
    """The profile in `folder`; raises `ConfigError` with file, line and key of what is wrong first."""
    profile, problems = check_profile(folder)
    if profile is None:
        raise refuse(problems)
    return profile
