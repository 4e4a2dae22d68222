"""The target of a drill, seen through its configuration: what conducting, judging and playing ask of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from actions.runner.request import RunSettings
    from drills.target import Target
    from incidents.settings import JournalSettings
    from panels.spec import PanelSpec
    from runbooks.checks.permission import Permission
    from runbooks.settings import RunbooksSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """`run` is what runs need of the configuration (its signals and journal, too); `permission` says whom checks may ask.

    `board` are its panels, for their objectives. `own_journal` is where the person's real incidents stand, when that is not the
    target's journal: a drill does not begin while one is open in either. `records` is the folder of all drills' results.
    """

    target: Target
    run: RunSettings
    runbooks: RunbooksSettings
    permission: Permission
    records: Path
    board: tuple[PanelSpec, ...] = ()
    own_journal: JournalSettings | None = None
    language: str = "en"
