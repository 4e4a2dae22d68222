"""Chimera's profile as the program reads it: its board, its manuals, its database."""

from __future__ import annotations

from panels.costs.settings import read_pack
from panels.settings import PanelsSettings, board, read_board
from profiles.profile import BUNDLED, load_profile
from runbooks.settings import RunbooksSettings

PROFILE = load_profile(BUNDLED / "chimera")
assert PROFILE.board is not None
assert PROFILE.runbooks is not None
BOARD_FILE = PROFILE.board
_READ, _PROBLEMS = read_board(BOARD_FILE)
assert not _PROBLEMS
assert PROFILE.costs is not None
COSTS_FILE = PROFILE.costs
_PACK, _PROBLEMS = read_pack(COSTS_FILE)
assert not _PROBLEMS
(_BUDGET,) = (spec.budget.monthly_usd for spec in _READ if spec.budget is not None)
COSTS = _PACK.model_copy(update={"monthly_budget_usd": _BUDGET})
BOARD = board(PanelsSettings(), _READ, ("prometheus",), costs=COSTS)
MANUALS = PROFILE.runbooks
RUNBOOKS = RunbooksSettings(folders=(MANUALS,))
DATABASE = {"migrations": PROFILE.migrations, "tables": PROFILE.tables, "indexes": PROFILE.indexes}
"""What `[signals.postgres]` has of it."""
