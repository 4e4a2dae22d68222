"""A release, what an adapter sees of all of them, and what an adapter is."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, TypeAlias

from pydantic import Field

from core.text import clean

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from actions.capabilities import Captured

VERSION = r"^[A-Za-z0-9_][A-Za-z0-9_.+-]{0,127}$"
"""A tag of an image (Docker's own grammar) with `+`: no option, no path, nothing that an argv or `--set` reads otherwise."""
Version = Annotated[str, Field(pattern=VERSION)]
MAX_RELEASES = 50
"""So many are shown and compared; older ones are counted."""
Argv: TypeAlias = tuple[str, ...]
Ask: TypeAlias = Callable[[Argv], "Captured"]
"""Runs a program that only reads; any exit code is an answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """One release by its adapter's word. `ref` is its image, folder or chart, `handle` how the adapter calls it.

    `since` (Unix seconds) is when it came, None where that is not said; `slot` is empty where it stands in none. `live`
    None: nobody says whether requests reach it.
    """

    version: str
    ref: str = ""
    since: float | None = None
    slot: str = ""
    live: bool | None = None
    handle: str = ""
    note: str = ""
    as_given: bool = True
    """False: the name had to be cleaned to be shown, and is another one by now."""

    @property
    def is_usable(self) -> bool:
        """Whether its name may stand in an argv: another one is shown, and nothing is done with it."""
        return self.as_given and re.fullmatch(VERSION, self.version) is not None


@dataclass(frozen=True, slots=True)
class Sighting:
    """Every release that an adapter sees, the newest first, and the live slot; empty where it is not known, or there are none."""

    releases: tuple[Release, ...]
    live_slot: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Adapter:
    """How one tool is asked and told, as argv templates (`actions.template`); what is not possible is empty.

    `look` only reads; it raises `NotListed` where the tool does not answer as it should.
    """

    look: Callable[[Ask], Sighting]
    deploy: tuple[Argv, ...]
    back: tuple[Argv, ...] = ()
    switch: tuple[Argv, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    dates_runs: bool = True
    """False: `since` of a release that is not live is when it was built, not when it ran."""
    lists_all: bool = False
    """True: what `look` does not see can't be brought in."""
    remembers: bool = True
    """False: the tool forgets the version that it was told when it is called by hand without it."""


def make_release(
    version: object,
    *,
    ref: object = "",
    since: float | None = None,
    slot: object = "",
    live: bool | None = None,
    handle: object = "",
    note: object = "",
) -> Release:
    """A release from outside: every text is cleaned, and a handle that no argv may have is dropped."""
    known_as = _text(handle)
    return Release(
        version=_text(version) or "?",
        ref=_text(ref),
        since=since,
        slot=_text(slot),
        live=live,
        handle=known_as if re.fullmatch(VERSION, known_as) else "",
        note=_text(note),
        as_given=_text(version) == str(version),
    )


def in_slot(version: str, slot: str) -> str:
    """A release with its slot, where it stands in one."""
    return f"{version} ({slot})" if slot else version


def newest_first(releases: Iterable[Release]) -> tuple[Release, ...]:
    """By when they came; what nobody dates comes last, in the order in which it was given."""
    return tuple(sorted(releases, key=lambda each: -(each.since or 0.0)))[:MAX_RELEASES]


def _text(value: object) -> str:
    return "" if value is None else clean(str(value), 200)
