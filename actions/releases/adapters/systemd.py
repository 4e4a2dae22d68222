"""systemd: a folder for each release, beside it the link that the unit's paths go through.

    /srv/shop/releases/v2.3.0    folder = "/srv/shop/releases"
    /srv/shop/current            → releases/v2.3.0; blue-green: /srv/shop/blue and /srv/shop/green, unit NAME@SLOT

Requests go where the proxy's `live.conf` points: `SLOT.conf` of the live slot. Source: systemctl(1), ln(1), mv(1).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from actions.releases.adapters.links import LIVE, live_slot, point, pointed, pointed_since
from actions.releases.answers import last_line
from actions.releases.errors import NotListed
from actions.releases.model import Adapter, Sighting, make_release, newest_first
from core.message import say
from core.text import clean

if TYPE_CHECKING:
    from actions.release_settings import ReleasesSettings
    from actions.releases.model import Ask, Release


def adapter(settings: ReleasesSettings) -> Adapter:
    """Folders are read on this host."""
    folder = settings.folder.rstrip("/")
    beside = str(Path(folder).parent)
    blue_green = settings.is_blue_green
    unit = f"{settings.name}@{{slot}}.service" if blue_green else f"{settings.name}.service"
    link = f"{beside}/{{slot}}" if blue_green else f"{beside}/current"

    def look(ask: Ask) -> Sighting:
        live = live_slot(settings.proxy_folder, settings.slots) if blue_green else ""
        links = (
            {slot: f"{beside}/{slot}" for slot in settings.slots} if blue_green else {"": f"{beside}/current"}
        )
        running = {
            slot: _release(pointed(place), place, slot, live, _state(ask, unit.replace("{slot}", slot)))
            for slot, place in links.items()
            if pointed(place)
        }
        kept = [
            make_release(name, ref=f"{folder}/{name}", since=_made(f"{folder}/{name}"), live=False)
            for name in _folders(folder)
            if name not in {release.version for release in running.values()}
        ]
        return Sighting((*newest_first(running.values()), *newest_first(kept)), live)

    return Adapter(
        look=look,
        lists_all=True,
        dates_runs=False,
        deploy=(
            *point(link, f"{folder}/{{version}}"),
            ("systemctl", "restart", unit),
            ("systemctl", "is-active", unit),
        ),
        switch=(
            *point(f"{settings.proxy_folder}/{LIVE}", f"{settings.proxy_folder}/{{slot}}.conf"),
            ("systemctl", "reload", settings.proxy),
        )
        if settings.proxy
        else (),
    )


def _release(version: str, place: str, slot: str, live_in: str, state: str) -> Release:
    runs = state == "active"
    return make_release(
        version,
        ref=place,
        since=pointed_since(place),
        slot=slot,
        live=runs if not slot else (runs and slot == live_in if live_in else None),
        note="" if runs else state,
    )


def _state(ask: Ask, unit: str) -> str:
    """As `systemctl is-active` says it: its exit code 3 is an answer, too; it prints nothing where systemd is not there."""
    done = ask(("systemctl", "is-active", unit))
    words = done.document.strip()
    if not words:
        detail = last_line(done.words)
        raise NotListed(say("releases.tool_failed", program="systemctl", code=done.exit_code, detail=detail))
    return clean(words.splitlines()[0], 40)


def _folders(folder: str) -> list[str]:
    try:
        return sorted(each.name for each in Path(folder).iterdir() if each.is_dir() and not each.is_symlink())
    except OSError as error:
        raise NotListed(
            say("releases.no_folder", folder=clean(folder), detail=error.strerror or "?")
        ) from None


def _made(folder: str) -> float | None:
    try:
        return Path(folder).stat().st_mtime
    except OSError:
        return None
