"""A team's own programs: `commands.list` prints JSON, everything else is an argv template of the configuration.

    {"live": "blue", "releases": [{"version": "v2", "ref": "…", "since": "2026-11-28T03:01:00Z", "slot": "blue"}]}

Without slots a release says `"live": true` itself; a list alone is the releases. What is left out is not known.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from actions.releases.answers import json_answer, moment, objects
from actions.releases.model import Adapter, Sighting, make_release
from actions.template import filled

if TYPE_CHECKING:
    from actions.release_settings import ReleasesSettings
    from actions.releases.model import Ask, Release


def adapter(settings: ReleasesSettings) -> Adapter:
    """By the configured commands alone."""

    def look(ask: Ask) -> Sighting:
        argv = filled(settings.commands.list, {"name": settings.name, "namespace": settings.namespace})
        document = json_answer(ask, argv)
        items = document.get("releases") if isinstance(document, dict) else document
        live = document.get("live") if isinstance(document, dict) else None
        slot = live if isinstance(live, str) and live in settings.slots else ""
        return Sighting(tuple(_release(item, slot) for item in objects(items)), slot)

    return Adapter(look=look, deploy=())


def _release(item: dict[str, Any], live_slot: str) -> Release:
    slot, live = item.get("slot") or "", item.get("live")
    if not isinstance(live, bool):
        live = slot == live_slot if live_slot else None
    return make_release(
        item.get("version"),
        ref=item.get("ref"),
        since=moment(item.get("since")),
        slot=slot,
        live=live,
        handle=item.get("handle"),
        note=item.get("note"),
    )
