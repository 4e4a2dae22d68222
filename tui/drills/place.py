"""Where a drill is played: the running sandbox of a configuration, or one that is started for it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from drills.site import Site
    from incidents.settings import JournalSettings


@contextmanager
def own_sandbox() -> Iterator[Path]:
    """The configuration of a new sandbox, once all of it answers; it ends with the block. Raises `WarroomError`."""
    from core.errors import WarroomError
    from core.message import say
    from core.text import clean
    from sandbox.ports import choose_ports
    from sandbox.stack import Traffic
    from sandbox.start import start_sandbox

    with start_sandbox(choose_ports(), Traffic()) as stack:
        answer = stack.answer()
        if not answer.get("ready"):
            raise WarroomError(say("sandbox.failed", detail=clean(str(answer.get("detail", "")))))
        yield stack.config


def read_site(path: Path, language: str, records: Path, own_journal: JournalSettings) -> Site:
    """The target as its configuration has it. Raises `ConfigError`."""
    import os

    from drills.site import Site
    from drills.target import find_target
    from runbooks.checks.permission import permit
    from tui.config.load import load_config
    from tui.config.runs import run_settings

    config = load_config(path)
    return Site(
        target=find_target(path, config.service.environment, config.actions.checkout),
        run=run_settings(config),
        runbooks=config.runbooks,
        permission=permit(config.runbooks, os.environ),
        records=records,
        board=config.board(),
        own_journal=own_journal if own_journal != config.journal else None,
        language=language,
    )
