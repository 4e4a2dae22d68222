"""Helm: a release is a revision of the Helm release, its version that of the chart.

Sources: Helm's reference (`helm history --output json`, `helm upgrade --version`, `helm rollback RELEASE REVISION`).
Blue-green are two Helm releases `NAME-SLOT`; requests go where the selector of the Kubernetes service NAME points.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from actions.releases.answers import inner, json_answer, moment, objects
from actions.releases.model import Adapter, Sighting, make_release, newest_first

if TYPE_CHECKING:
    from actions.release_settings import ReleasesSettings
    from actions.releases.model import Argv, Ask, Release

_CHART = re.compile(r"^.*?-(?=v?\d)")
"""The name before the version: `shop-api-2.3.0`."""


def adapter(settings: ReleasesSettings) -> Adapter:
    """In the namespace of the configuration, with Helm's own context and credentials."""
    name = f"{settings.name}-{{slot}}" if settings.is_blue_green else settings.name
    within: Argv = ("--namespace", settings.namespace)
    wait: Argv = ("--wait", f"--timeout={settings.timeout_s:.0f}s")

    def history(ask: Ask, of: str) -> list[dict[str, Any]]:
        return objects(json_answer(ask, ("helm", "history", of, *within, "--output=json", "--max=20")))

    def look(ask: Ask) -> Sighting:
        if not settings.is_blue_green:
            return Sighting(newest_first(_release(item) for item in history(ask, settings.name)))
        argv = ("kubectl", *within, "get", "service", settings.name, "--output", "json")
        selected = str(inner(json_answer(ask, argv), "spec", "selector", "slot") or "")
        live = selected if selected in settings.slots else ""
        releases = [
            _release(item, slot=slot, live=live)
            for slot in settings.slots
            for item in history(ask, f"{settings.name}-{slot}")
        ]
        return Sighting(newest_first(releases), live)

    patch = '--patch={"spec":{"selector":{"slot":"{slot}"}}}'
    return Adapter(
        look=look,
        deploy=(
            (
                "helm",
                "upgrade",
                name,
                settings.chart,
                "--version={version}",
                "--reuse-values",
                *within,
                *wait,
            ),
        ),
        back=(("helm", "rollback", name, "{handle}", *within, *wait),),
        switch=(("kubectl", *within, "patch", "service", settings.name, "--type=merge", patch),),
    )


def _release(item: dict[str, Any], *, slot: str = "", live: str = "") -> Release:
    """A revision; what Helm calls deployed is what its slot runs, `pending-…` and `failed` stand as a note."""
    chart, status = str(item.get("chart") or ""), str(item.get("status") or "")
    runs = status == "deployed"
    return make_release(
        _CHART.sub("", chart) or chart,
        ref=f"{chart} ({item.get('app_version') or '?'})",
        since=moment(item.get("updated")),
        slot=slot if runs else "",
        live=(runs if not slot else runs and slot == live if live else None),
        handle=item.get("revision"),
        note="" if status in ("deployed", "superseded") else status,
    )
