"""The `[runbooks]` section of the configuration: where a team keeps its own manuals."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003  # pydantic reads the annotations at run time

from pydantic import Field

from core.settings import Section


class RunbooksSettings(Section):
    """The profile's runbooks are there, too; a team's runbook with the same id replaces one."""

    folders: tuple[Path, ...] = Field(
        default=(),
        description="folders with the team's own runbooks, in en/ and zh/ or beside each other; later ones win",
    )
    secrets: dict[str, tuple[str, ...]] = Field(
        default={},
        description="by environment variable: the hosts that checks of the team's runbooks may send it to",
    )
    hosts: tuple[str, ...] = Field(
        default=(), description="hosts that checks of the team's runbooks may ask without a question"
    )
    addresses: dict[str, str] = Field(
        default={},
        description="where checks ask instead, with what lies below it: a stand-in, a proxy, another region",
    )
