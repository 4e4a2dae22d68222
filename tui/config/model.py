"""What `warroom.toml` can say: each room owns its section, here they meet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field, PrivateAttr

from actions.release_settings import ReleasesSettings
from actions.settings import ActionsSettings
from core.settings import Section
from drills.settings import DrillsSettings
from incidents.settings import IncidentsSettings, JournalSettings
from panels.costs.settings import CostsSettings
from panels.settings import PanelsSettings, board
from runbooks.settings import RunbooksSettings
from sandbox.settings import SandboxSettings
from signals.settings import SignalsSettings
from tui.i18n import LanguageCode  # noqa: TC001  # pydantic reads it
from tui.theme import ThemeName  # noqa: TC001  # pydantic reads it

if TYPE_CHECKING:
    from actions.releases.scripts import ReleaseSchemas
    from panels.spec import PanelSpec


class ServiceSettings(Section):
    """What is operated."""

    name: str = Field(default="", description="without it the profile's")
    environment: str = "prod"
    profile: str = Field(
        default="", description="what is special to the system: a bundled profile, or the folder of your own"
    )


class TuiSettings(Section):
    """How the program looks and speaks."""

    language: LanguageCode | None = None
    theme: ThemeName | None = None


class Config(Section):
    """`warroom.toml`, validated."""

    service: ServiceSettings = ServiceSettings()
    signals: SignalsSettings = SignalsSettings()
    panels: PanelsSettings = PanelsSettings()
    costs: CostsSettings = CostsSettings()
    journal: JournalSettings = JournalSettings()
    incidents: IncidentsSettings = IncidentsSettings()
    runbooks: RunbooksSettings = RunbooksSettings()
    actions: ActionsSettings = ActionsSettings()
    releases: ReleasesSettings = ReleasesSettings()
    sandbox: SandboxSettings = SandboxSettings()
    drills: DrillsSettings = DrillsSettings()
    tui: TuiSettings = TuiSettings()
    _profile_board: tuple[PanelSpec, ...] = PrivateAttr(default=())

    def board(self) -> tuple[PanelSpec, ...]:
        """The panels to show, in order."""
        signals = self.signals
        return board(self.panels, self._profile_board, signals.configured(), signals.interval_s, self.costs)

    def release_schemas(self) -> ReleaseSchemas | None:
        """The scripts of each release, where the configuration says where they are."""
        if self.releases.scripts is None:
            return None
        from actions.releases.scripts import ReleaseSchemas

        return ReleaseSchemas(self.releases.scripts, self.signals.postgres)

    def with_profile_board(self, panels: tuple[PanelSpec, ...]) -> Config:
        """The same over the panels of a profile."""
        config = self.model_copy()
        config._profile_board = panels  # noqa: SLF001  # of this very class
        return config
