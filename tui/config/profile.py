"""The profile that a configuration chooses, laid under it.

Precedence: profile < warroom.toml. A profile fills in what `warroom.toml` does not say, key by key; of its panels and
runbooks those go whose id `warroom.toml` has, too. It opens no source: where a section of `[signals]` is not in
`warroom.toml`, nothing of it is taken. An `alembic_ini` of one's own takes the place of the profile's migrations and tables.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from actions.service_settings import ServiceActionsSettings, read_profile_actions
from core.message import say
from core.settings import Section
from drills.settings import DrillsSettings, read_profile_drills
from panels.costs.settings import CostsSettings, read_costs
from panels.settings import read_board
from profiles.profile import GENERIC, bundled, check_profile, profile_folder

if TYPE_CHECKING:
    from core.toml_file import Problem, TomlFile
    from panels.spec import PanelSpec
    from profiles.profile import Profile
    from signals.settings import SignalsSettings
    from tui.config.model import Config

S = TypeVar("S", bound=Section)


@dataclass(frozen=True, slots=True)
class Chosen:
    """A profile, its panels, what its actions and its drills know; and `[costs]` over the pack that goes with it."""

    profile: Profile
    board: tuple[PanelSpec, ...]
    actions: ServiceActionsSettings
    costs: CostsSettings
    drills: DrillsSettings


def read_chosen(
    name: str, file: TomlFile, own_costs: CostsSettings | None = None
) -> tuple[Chosen | None, tuple[Problem, ...]]:
    """The profile that `file` names (generic without a name), or what is wrong with it; raises `ConfigError`."""
    folder = profile_folder(name or GENERIC, file.path.parent)
    if folder is None:
        what = say("config.no_profile", known=", ".join(bundled()))
        return None, (file.problem(("service", "profile"), what),)
    profile, problems = check_profile(folder)
    if profile is None:
        return None, problems
    board, problems = read_board(profile.board) if profile.board is not None else ((), ())
    actions, wrong = (
        read_profile_actions(profile.actions) if profile.actions else (ServiceActionsSettings(), ())
    )
    costs, mistaken = read_costs(own_costs or CostsSettings(), profile, file)
    drills, amiss = (
        read_profile_drills(profile.drills_file) if profile.drills_file else (DrillsSettings(), ())
    )
    return Chosen(profile, board, actions, costs, drills), (*problems, *wrong, *mistaken, *amiss)


def fill_in(config: Config, chosen: Chosen) -> Config:
    """The configuration with what it leaves out, over the panels of its profile."""
    profile = chosen.profile
    own = config.runbooks.folders
    folders = own if profile.runbooks is None else (profile.runbooks, *own)
    runbooks = config.runbooks.model_copy(update={"folders": folders})
    blocks = _filled(config.actions.blocks, **dict(runbooks))
    costs = chosen.costs
    if config.costs.monthly_budget_usd is None:
        budgets = (
            costs.monthly_budget_usd,
            *(spec.budget.monthly_usd for spec in chosen.board if spec.budget),
        )
        named = (config.panels.monthly_budget_usd, *budgets)
        budget = next((usd for usd in named if usd is not None), None)
        costs = costs.model_copy(update={"monthly_budget_usd": budget})
    return config.model_copy(
        update={
            "service": _filled(config.service, name=profile.service_name),
            "signals": _sources(config.signals, profile),
            "costs": costs,
            "runbooks": runbooks,
            "drills": _with_scenarios(config.drills, profile).over(chosen.drills),
            "actions": config.actions.model_copy(update={"blocks": blocks}).over(chosen.actions),
        }
    ).with_profile_board(chosen.board)


def _with_scenarios(drills: DrillsSettings, profile: Profile) -> DrillsSettings:
    """The profile's scenarios first: a team's with the same id is played in its place."""
    if profile.drills is None:
        return drills
    return drills.model_copy(update={"scenarios": (profile.drills, *drills.scenarios)})


def _sources(signals: SignalsSettings, profile: Profile) -> SignalsSettings:
    redis, scrape, postgres = signals.redis, signals.scrape, signals.postgres
    if redis is not None:
        redis = _filled(redis, queues=profile.queues)
    if scrape is not None:
        scrape = _filled(scrape, job=profile.scrape_job)
    if postgres is not None and postgres.alembic_ini is None:
        postgres = _filled(
            postgres, migrations=profile.migrations, tables=profile.tables, indexes=profile.indexes
        )
    return signals.model_copy(update={"redis": redis, "scrape": scrape, "postgres": postgres})


def _filled(section: S, **values: object) -> S:
    """The section with those of `values` that say something and are not in the file."""
    update = {name: value for name, value in values.items() if value and name not in section.model_fields_set}
    return section.model_copy(update=update)
