"""All scenarios that are there: those of the profile, then the team's; of two with one id the later folder's is played."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

from core.errors import WarroomError
from core.files import is_folder, real_path
from core.message import say
from core.text import clean
from drills.scenarios.read import read_scenario_file
from profiles.profile import BUNDLED
from runbooks.model import Problem

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from drills.scenarios.model import Scenario
    from drills.scenarios.read import ScenarioFile
    from drills.settings import DrillsSettings


@dataclass(frozen=True, slots=True)
class ScenarioLibrary:
    """Scenarios by id, sorted; `problems` are those of all files, and `files` all that were read, shadowed ones too."""

    scenarios: tuple[Scenario, ...]
    problems: tuple[Problem, ...]
    files: tuple[ScenarioFile, ...]

    def get(self, scenario_id: str) -> Scenario | None:
        """The scenario with this id."""
        return next((scenario for scenario in self.scenarios if scenario.id == scenario_id), None)


def scenario_folders(settings: DrillsSettings) -> tuple[Path, ...]:
    """Those that come with the program, for the sandbox is always there to be broken, then those of the configuration."""
    return tuple(dict.fromkeys((*sorted(BUNDLED.glob("*/drills")), *settings.scenarios)))


def load_scenarios(folders: Sequence[Path]) -> ScenarioLibrary:
    """Read every `.yaml` of the folders (`scenario_folders`); later ones win."""
    problems: list[Problem] = []
    files: list[ScenarioFile] = []
    known: dict[str, Scenario] = {}
    for folder in folders:
        if not is_folder(folder):
            problems.append(
                Problem(clean(str(folder)), 1, "no-folder", say("scenarios.no_folder"), certain=False)
            )
        here: dict[str, str] = {}
        for path in _paths(folder):
            try:
                read = read_scenario_file(path, bundled=is_bundled(path))
            except WarroomError as error:
                problems.append(Problem(clean(str(path)), 1, "unreadable", error.message))
                continue
            files.append(read)
            problems += read.problems
            if read.scenario is None:
                continue
            name = read.scenario.id
            if name in here:
                text = say("scenarios.duplicate", id=name, file=here[name])
                problems.append(Problem(read.file, read.line("id"), "duplicate-scenario", text))
                continue
            here[name] = read.file
            known[name] = read.scenario
    return ScenarioLibrary(tuple(known[name] for name in sorted(known)), tuple(problems), tuple(files))


def find_scenario(folders: Sequence[Path], scenario_id: str) -> Scenario:
    """Raises `WarroomError` that names the nearest one, or what is wrong in the file of that name."""
    library = load_scenarios(folders)
    scenario = library.get(scenario_id)
    if scenario is not None:
        return scenario
    raise unknown_scenario(library, scenario_id)


def unknown_scenario(library: ScenarioLibrary, scenario_id: str) -> WarroomError:
    """The error that names the nearest one, or what is wrong in the file of that name."""
    name = clean(scenario_id, 80)
    for problem in library.problems:
        if problem.file.rpartition("/")[2] in (f"{name}.yaml", f"{name}.yml"):
            what = say("scenarios.place", file=problem.file, line=problem.line, what=problem.message)
            return WarroomError(say("scenarios.broken", id=name, what=what))
    ids = [scenario.id for scenario in library.scenarios]
    near = get_close_matches(scenario_id, ids, n=1)
    if near:
        return WarroomError(say("scenarios.no_such_near", id=name, near=near[0]))
    return WarroomError(say("scenarios.no_such", id=name, known=", ".join(ids) or "–"))


def is_bundled(path: Path) -> bool:
    """Whether it comes with the program: its checks may ask whom they name."""
    try:
        return real_path(path).is_relative_to(BUNDLED)
    except OSError:  # who reads it says why
        return False


def _paths(folder: Path) -> list[Path]:
    try:
        return sorted(
            path for path in folder.iterdir() if path.suffix in (".yaml", ".yml") and path.name[0] != "."
        )
    except OSError:
        return []
