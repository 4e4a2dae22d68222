"""docker compose: a release is a tag of the image, which the compose file takes from a variable (`image: shop:${TAG}`).

Blue-green are two services `NAME-SLOT` and a proxy that reads `live.conf` again on SIGHUP. Source: the reference of
`docker compose up|ps|kill` and `docker image ls`; `ps --format json` prints a list or a line each, by its version.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from actions.releases.adapters.links import LIVE, live_slot, point
from actions.releases.answers import json_lines, moment
from actions.releases.model import Adapter, Sighting, make_release, newest_first

if TYPE_CHECKING:
    from actions.release_settings import ReleasesSettings
    from actions.releases.model import Argv, Ask, Release


def adapter(settings: ReleasesSettings) -> Adapter:
    """By the compose file in `project`."""
    compose: Argv = ("docker", "compose", "--project-directory", settings.project)
    blue_green = settings.is_blue_green
    service = f"{settings.name}-{{slot}}" if blue_green else settings.name
    wait: Argv = ("--wait", f"--wait-timeout={settings.timeout_s:.0f}")

    def look(ask: Ask) -> Sighting:
        live = live_slot(settings.proxy_folder, settings.slots) if blue_green else ""
        slots = settings.slots if blue_green else ("",)
        services = [service.replace("{slot}", slot) for slot in slots]
        containers = json_lines(ask, (*compose, "ps", "--all", "--format=json", *services))
        running = [
            _running(container, slots[services.index(str(container["Service"]))], live)
            for container in containers
            if container.get("Service") in services
        ]
        images = json_lines(ask, ("docker", "image", "ls", "--format=json", settings.image))
        known = {release.version for release in running}
        kept = [
            make_release(
                image.get("Tag"),
                ref=f"{image.get('Repository')}:{image.get('Tag')}",
                since=moment(image.get("CreatedAt")),
                live=False,
            )
            for image in images
            if image.get("Tag") not in known
        ]
        return Sighting((*newest_first(running), *newest_first(kept)), live)

    return Adapter(
        look=look,
        deploy=((*compose, "up", "--detach", "--no-deps", *wait, service),),
        switch=(
            *point(f"{settings.proxy_folder}/{LIVE}", "{slot}.conf"),
            (*compose, "kill", "--signal=SIGHUP", settings.proxy),
        )
        if settings.proxy
        else (),
        environment={settings.tag_variable: "{version}"},
        dates_runs=False,
        remembers=False,
    )


def _running(container: dict[str, object], slot: str, live_in: str) -> Release:
    image, state = str(container.get("Image") or ""), str(container.get("State") or "")
    health = str(container.get("Health") or "")
    runs = state == "running"
    return make_release(
        image.rpartition("/")[2].partition(":")[2] or image,
        ref=image,
        since=moment(container.get("CreatedAt")),
        slot=slot,
        live=runs if not slot else (runs and slot == live_in if live_in else None),
        note=(health if health not in ("", "healthy") else "") if runs else state,
    )
