"""The runbooks that an incident follows, for commands: in the asked language, read when they are needed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from core.errors import WarroomError
from core.message import say
from core.text import clean

if TYPE_CHECKING:
    from collections.abc import Iterable

    from incidents.report.describe import Names
    from runbooks.model import Runbook
    from tui.cli.command import Invocation
    from tui.config.load import Config


def known(name: str, config: Config, invocation: Invocation) -> Runbook | None:
    """The runbook that an incident calls `name`: one of the library, or a file; None where it is not here."""
    from runbooks.library import load_library, load_runbook
    from tui.cli.runbook.find import find, is_path

    if not is_path(name):
        return load_runbook(config.runbooks, invocation.words.code, name)
    try:
        runbook, _ = find(name, load_library(config.runbooks, invocation.words.code))
    except WarroomError:
        return None
    return replace(runbook, id=name)  # the journal knows its steps under this name


def followed(
    names: Iterable[str], config: Config, invocation: Invocation, *, tell: bool = False
) -> tuple[Runbook, ...]:
    """Those that are here; of the others `tell` says that only the ids of their steps are known."""
    found = []
    for name in names:
        runbook = known(name, config, invocation)
        if runbook is not None:
            found.append(runbook)
        elif tell:
            invocation.remark(say("incident.no_runbook_here", name=clean(name, 80)))
    return tuple(found)


def names(runbook_ids: Iterable[str], config: Config, invocation: Invocation) -> Names:
    """What these runbooks call their steps and phases."""
    from runbooks.step_names import names_of

    return names_of(followed(runbook_ids, config, invocation))
