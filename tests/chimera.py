"""Chimera's profile as the program reads it: its board, its manuals, its database."""

from __future__ import annotations

from panels.settings import read_board
from profiles.profile import BUNDLED, load_profile
from runbooks.settings import RunbooksSettings

PROFILE = load_profile(BUNDLED / "chimera")
assert PROFILE.board is not None
assert PROFILE.runbooks is not None
BOARD_FILE = PROFILE.board
BOARD, _PROBLEMS = read_board(BOARD_FILE)
assert not _PROBLEMS
MANUALS = PROFILE.runbooks
RUNBOOKS = RunbooksSettings(folders=(MANUALS,))
DATABASE = {"migrations": PROFILE.migrations, "tables": PROFILE.tables, "indexes": PROFILE.indexes}
"""What `[signals.postgres]` has of it."""
