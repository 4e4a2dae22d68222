"""The drill that is conducted from this program: begun and steered by keys, conducted in a thread of its own.

It goes on whatever screen is on top. Its end lifts everything; should this program die instead, the watchdog does.
"""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from dataclasses import dataclass
from queue import SimpleQueue
from typing import TYPE_CHECKING

from textual.message import Message as UiMessage

from core.errors import WarroomError
from core.message import say
from tui.runtime.exit import report_crash
from tui.runtime.threads import in_thread

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from core.message import Message
    from drills.conduct import Played
    from drills.records import DrillRecord
    from drills.scenarios.library import ScenarioLibrary
    from drills.scenarios.model import Scenario
    from drills.state import DrillCommand, DrillState
    from tui.config.model import Config
    from tui.incident.context import Host


class DrillChanged(UiMessage):
    """The drill of this program has a new state."""

    def can_replace(self, message: UiMessage) -> bool:
        """One is enough: the screen looks at the newest state."""
        return isinstance(message, DrillChanged)


@dataclass(frozen=True, slots=True)
class Playbook:
    """What can be played, and the results of the people who played it, oldest first; `problems` counts files that can't be used."""

    library: ScenarioLibrary
    results: dict[str, tuple[DrillRecord, ...]]
    problems: int


@dataclass(frozen=True, slots=True)
class Ended:
    """What came of a drill: what was played, or why it was not; `report` is the page that was written of it."""

    played: Played | None = None
    problem: Message | None = None
    report: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a drill stands. `place` is the configuration that responders open their boards with, once the target is there."""

    scenario: Scenario
    state: DrillState | None = None
    place: Path | None = None
    ended: Ended | None = None


class DrillMaster:
    """Belongs to the App's thread; what the conductor's thread hands over is frozen."""

    def __init__(self, host: Host, config_path: Callable[[], Path | None]) -> None:
        self._host, self._config_path = host, config_path
        self._config: Config | None = None
        self._commands: SimpleQueue[DrillCommand] = SimpleQueue()
        self._over = asyncio.Event()
        self.scenario: Scenario | None = None
        """The one that is played, or was played last."""
        self.state: DrillState | None = None
        self.place: Path | None = None
        """See `Standing`."""
        self.starts_sandbox = False
        self.ended: Ended | None = None
        self.is_news = False
        """Whether nobody has seen yet what came of it."""
        self.is_left = False
        """Whether the program is only waiting for its end."""

    @property
    def is_playing(self) -> bool:
        """Whether it goes on."""
        return self.scenario is not None and self.ended is None

    def standing(self) -> Standing | None:
        """The drill that goes on, or was played last."""
        if self.scenario is None:
            return None
        return Standing(scenario=self.scenario, state=self.state, place=self.place, ended=self.ended)

    def open(self, config: Config) -> None:
        """What the program is about is known."""
        self._config = config

    def read(self) -> Playbook:
        """Scenarios and results from the disk; for a thread. Raises `WarroomError`."""
        from drills.records import load_all
        from drills.scenarios.library import load_scenarios, scenario_folders
        from drills.settings import records_folder

        settings = self._settings().drills
        library = load_scenarios(scenario_folders(settings))
        records = load_all(records_folder(settings))
        results: dict[str, tuple[DrillRecord, ...]] = {}
        for record in records.records:
            if record.is_result:  # one that goes on elsewhere would give its answer away
                results[record.scenario] = (*results.get(record.scenario, ()), record)
        return Playbook(library, results, len(library.problems) + len(records.problems))

    def runs_here(self) -> bool:
        """Whether the board is over a sandbox, which is then broken; it looks at the disk."""
        from drills.target import find_target
        from tui.config.file import ConfigNotFound, find_config

        config = self._settings()
        try:
            path = find_config(self._config_path())
        except ConfigNotFound:
            return False
        return find_target(path, config.service.environment, config.actions.checkout).sandbox is not None

    def begin(self, scenario: Scenario) -> None:
        """Conduct it; one that goes on is not disturbed."""
        if self.is_playing:
            return
        self.scenario, self.state, self.place, self.ended = scenario, None, None, None
        self._commands, self._over, self.is_news = SimpleQueue(), asyncio.Event(), True
        self._host.run_worker(self._play(scenario), group="drill")

    def order(self, command: DrillCommand) -> None:
        """What the master wants; the conductor does it within a fifth of a second."""
        self._commands.put(command)

    async def wait_over(self) -> None:
        """Until everything is lifted and written down."""
        await self._over.wait()

    def exit_message(self) -> Message | None:
        """Where the report is, for who has left the screen."""
        report = self.ended.report if self.ended is not None else None
        return None if report is None else say("drill_master.report_at", file=str(report))

    async def _play(self, scenario: Scenario) -> None:
        ended = await in_thread(lambda: self._to_its_end(scenario), name="drill")
        self.ended = ended
        self._over.set()
        self._host.notice = ended.problem or say("drill_master.over", scenario=scenario.id)
        self._host.repaint()

    def _to_its_end(self, scenario: Scenario) -> Ended:
        played: Played | None = None
        try:
            played = self._conduct(scenario)
            return Ended(played, None, self._write_report(played))
        except WarroomError as error:
            problem = error.message
        except Exception as error:  # noqa: BLE001  # it must be seen that it has ended
            key, values = report_crash(error)
            problem = say(key, **values)
        return Ended(played, problem)

    def _conduct(self, scenario: Scenario) -> Played:
        from drills.conduct import conduct
        from drills.settings import records_folder
        from incidents.settings import actor_name
        from tui.drills.place import read_site

        own = self._settings()
        records = records_folder(own.drills)
        with ExitStack() as stack:
            path = self._find_place(scenario, stack)
            site = read_site(path, self._host.words.code, records, own.journal)
            self.place = path
            return conduct(
                scenario,
                site,
                master=actor_name(own.journal),
                commands=self._commands,
                on_state=self._on_state,
            )

    def _find_place(self, scenario: Scenario, stack: ExitStack) -> Path:
        from tui.config.file import find_config
        from tui.drills.place import own_sandbox

        if scenario.where == "configured":
            raise WarroomError(say("drill_master.only_configured", scenario=scenario.id))
        if self.runs_here():
            return find_config(self._config_path())
        self.starts_sandbox = True
        try:
            return stack.enter_context(own_sandbox())
        finally:
            self.starts_sandbox = False

    def _on_state(self, state: DrillState) -> None:
        self.state = state
        self._host.post_message(DrillChanged())

    def _write_report(self, played: Played) -> Path:
        """Beside the record, in a folder of its own: the page and its charts. Raises `WarroomError`."""
        from core.files import make_private_folder, open_private
        from core.text import clean
        from drills.report import drill_report

        words = self._host.words
        made = drill_report(played.record, words.say, words.code)
        folder = played.file.with_suffix("")
        page = folder / "report.md"
        try:
            make_private_folder(folder)
            for name, text in {page.name: made.markdown, **made.charts}.items():
                with open_private(folder / name) as file:
                    file.write(text)
        except OSError as error:
            detail = error.strerror or type(error).__name__
            raise WarroomError(
                say("drill.record_unwritable", file=clean(str(page)), detail=detail)
            ) from error
        return page

    def _settings(self) -> Config:
        from tui.config.model import Config

        return self._config or Config()
