"""The `[drills]` section: whether this system may be broken on purpose, and where drills are kept."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003  # pydantic reads the annotations at run time
from typing import Self

from pydantic import Field

from core.home import user_folder
from core.settings import Section
from core.toml_file import Problem, read_toml, validate
from drills.probes.settings import ProbesSettings
from drills.stress.settings import StressSettings


class DrillsSettings(Section):
    """Without it only the sandbox can be broken."""

    allow_chaos: bool = Field(
        default=False,
        description="faults may be injected here although `[service] environment` is production",
    )
    scenarios: tuple[Path, ...] = Field(
        default=(), description="folders with the team's own scenarios; later ones win"
    )
    records: Path | None = Field(
        default=None,
        description="where results are kept; a folder that a team shares compares the team. Without it in the state folder",
    )
    probes: ProbesSettings = ProbesSettings()
    stress: StressSettings = StressSettings()

    def over(self, profile: DrillsSettings) -> Self:
        """These, and what probes and load leave out as `profile` has it: it does not say what may be broken."""
        update = {"probes": self.probes.over(profile.probes), "stress": self.stress.over(profile.stress)}
        return self.model_copy(update=update)


class _ProfileDrills(Section):
    """A profile's `drills.toml`."""

    probes: ProbesSettings = ProbesSettings()
    stress: StressSettings = StressSettings()


def read_profile_drills(path: Path) -> tuple[DrillsSettings, tuple[Problem, ...]]:
    """What a profile says of `[drills]`, with what is wrong in it; raises `ConfigError` if it can't be read."""
    file = read_toml(path)
    if isinstance(file, Problem):
        return DrillsSettings(), (file,)
    known, problems = validate(_ProfileDrills, file)
    known = known or _ProfileDrills()
    return DrillsSettings(probes=known.probes, stress=known.stress), problems


def records_folder(settings: DrillsSettings) -> Path:
    """Where the results of drills are kept; raises `ConfigError` where there is no home."""
    return settings.records or user_folder("state") / "drills"
