"""All that is known now: which releases there are, which answers, where the schema is, and whether they fit each other."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from actions.capabilities import Command
from actions.releases.adapters import adapter_of
from actions.releases.errors import ReleaseError
from actions.releases.fit import Fitting, fit_of, unknown_fit
from actions.releases.model import in_slot
from actions.releases.probe import ask_instance, ask_version
from actions.releases.scripts import KnownScripts, read_scripts
from actions.template import fill, filled
from core.errors import WarroomError
from core.message import say
from signals.database.postgres import find_version_table, read_version
from signals.database.revisions import AlembicScripts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from actions.model import Context
    from actions.releases.model import Adapter, Argv, Release, Sighting
    from actions.releases.probe import Answered
    from core.message import Message

LOOK_TIMEOUT_S = 30.0
"""For a program that only lists."""


@dataclass(frozen=True)
class Standing:
    """What was seen. `rows` is what Alembic's table holds, None where that is not known: `rows_why` says why."""

    context: Context
    adapter: Adapter
    sighting: Sighting
    rows: tuple[str, ...] | None
    rows_why: Message | None

    @property
    def live(self) -> tuple[Release, ...]:
        """What requests reach by the adapter's word: none is not known, two is a move on its way."""
        return tuple(each for each in self.sighting.releases if each.live)

    @property
    def live_version(self) -> str | None:
        """The one that is live; None where none or several are."""
        versions = {each.version for each in self.live}
        return versions.pop() if len(versions) == 1 else None

    @property
    def idle_slot(self) -> str:
        """The slot that requests do not reach; empty where that is not known."""
        live, slots = self.sighting.live_slot, self.context.releases.slots
        return next((slot for slot in slots if slot != live), "") if live else ""

    def in_slot(self, slot: str) -> Release | None:
        """What stands in it."""
        return next((each for each in self.sighting.releases if each.slot == slot), None)

    def find(self, version: str) -> Release | None:
        """A release by its name, rather the one that stands somewhere."""
        named = [each for each in self.sighting.releases if each.version == version]
        return next((each for each in named if each.slot or each.live), next(iter(named), None))

    @cached_property
    def answers(self) -> Answered:
        """Who answers where users ask."""
        return ask_version(self.context)

    @cached_property
    def instances(self) -> dict[str, Answered]:
        """What each instance says that it is, in the order in which they are replaced; empty where there are none."""
        return {each.name: ask_instance(self.context, each) for each in self.context.releases.instances}

    def is_everywhere(self, version: str) -> bool:
        """Whether no instance says otherwise."""
        return all(each.is_release(version) for each in self.instances.values())

    @cached_property
    def _scripts(self) -> dict[str, KnownScripts | Message]:
        return {}

    def scripts(self, version: str) -> KnownScripts | Message:
        """A release's scripts, or why they are not known; read once."""
        if version not in self._scripts:
            try:
                self._scripts[version] = read_scripts(
                    self.context.releases.scripts, self.context.signals.postgres, version
                )
            except ReleaseError as error:
                self._scripts[version] = error.message
        return self._scripts[version]

    def fit(self, version: str) -> Fitting:
        """Whether it can use the schema as it is now."""
        scripts = self.scripts(version)
        if not isinstance(scripts, KnownScripts):
            return unknown_fit(scripts)
        if self.rows is None:
            return unknown_fit(self.rows_why or say("releases.no_database"), scripts.heads)
        return fit_of(scripts, self.rows, self._authors())

    def author(self) -> KnownScripts | None:
        """The scripts that know the database's revisions: those of the release that brought it where it is."""
        rows = set(self.rows or ())
        return next((each for each in self._authors() if rows <= each.scripts.known), None)

    def _authors(self) -> Iterator[KnownScripts]:
        """All scripts, those of what runs first; read as far as they are wanted."""
        releases = self.sighting.releases
        ordered = [*self.live, *(each for each in releases if each.slot), *releases]
        for version in dict.fromkeys(each.version for each in ordered if each.is_usable):
            scripts = self.scripts(version)
            if isinstance(scripts, KnownScripts):
                yield scripts

    def describe(self) -> Message:
        """The state in one sentence."""
        live = ", ".join(in_slot(each.version, each.slot) for each in self.live)
        answered = self.answers
        said = ", ".join(f"{name} {each.version or '?'}" for name, each in self.instances.items())
        return say(
            "releases.state_instances" if said else "releases.state",
            **({"instances": said} if said else {}),
            live=live or "?",
            answers=answered.version or "?",
            rows="?" if self.rows is None else ", ".join(self.rows) or "–",
            fit=self.fit(self.live_version).text if self.live_version else say("releases.fit_nobody"),
        )


def look(context: Context) -> Standing:
    """Look at everything; raises `NotListed` or `ActionRefused` where not even the releases are known."""
    adapter = adapter_of(context.releases)
    sighting = adapter.look(lambda argv: context.processes.capture(command_of(context, adapter, argv, {})))
    rows, why = _read_rows(context)
    return Standing(context=context, adapter=adapter, sighting=sighting, rows=rows, rows_why=why)


def command_of(
    context: Context,
    adapter: Adapter,
    argv: Argv,
    values: Mapping[str, str],
    *,
    timeout_s: float = LOOK_TIMEOUT_S,
) -> Command:
    """An argv template with the release, its slot and what the configuration says filled in."""
    settings = context.releases
    own = {
        "name": settings.name,
        "image": settings.image,
        "container": settings.container or settings.name,
        "namespace": settings.namespace,
        "chart": settings.chart,
        "folder": settings.folder,
        "project": settings.project,
        **values,
    }
    secret = settings.commands.secret_environment
    return Command(
        argv=filled(argv, own),
        cwd=settings.cwd,
        environment={name: fill(value, own) for name, value in adapter.environment.items()},
        secret_environment={name: value.get_secret_value() for name, value in secret.items()},
        timeout_s=timeout_s,
    )


def _read_rows(context: Context) -> tuple[tuple[str, ...] | None, Message | None]:
    """What Alembic's table holds, or why that is not known."""
    postgres = context.signals.postgres
    if postgres is None:
        return None, say("actions.not_configured", section="signals.postgres")
    try:
        with context.databases.connect() as connection:
            table = find_version_table(connection, AlembicScripts(postgres), "postgres")
            return read_version(connection, table), None
    except WarroomError as error:
        return None, error.message
