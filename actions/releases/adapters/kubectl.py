"""Kubernetes: a release is a ReplicaSet of the deployment; blue-green are two deployments and the service's selector.

Sources: kubectl's reference (`set image`, `rollout status`, `rollout undo --to-revision`, `patch`), and the API's objects
(apps/v1 Deployment and ReplicaSet, annotation `deployment.kubernetes.io/revision`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from actions.releases.answers import inner, json_answer, moment, objects
from actions.releases.model import Adapter, Sighting, make_release, newest_first

if TYPE_CHECKING:
    from actions.release_settings import ReleasesSettings
    from actions.releases.model import Argv, Ask, Release

REVISION = "deployment.kubernetes.io/revision"


def adapter(settings: ReleasesSettings) -> Adapter:
    """In the namespace of the configuration, with kubectl's own context and credentials."""
    kubectl: Argv = ("kubectl", "--namespace", settings.namespace)
    container = settings.container or settings.name
    deployment = (
        f"deployment/{settings.name}-{{slot}}" if settings.is_blue_green else f"deployment/{settings.name}"
    )
    ready: Argv = (*kubectl, "rollout", "status", deployment, f"--timeout={settings.timeout_s:.0f}s")
    image = f"{container}={settings.image}:{{version}}"

    def look(ask: Ask) -> Sighting:
        sets = objects(inner(json_answer(ask, (*kubectl, "get", "replicasets", "--output", "json")), "items"))
        if not settings.is_blue_green:
            return Sighting(newest_first(_releases(sets, settings.name, container)))
        service = json_answer(ask, (*kubectl, "get", "service", settings.name, "--output", "json"))
        selected = str(inner(service, "spec", "selector", "slot") or "")
        live = selected if selected in settings.slots else ""
        releases = [
            release
            for slot in settings.slots
            for release in _releases(sets, f"{settings.name}-{slot}", container, slot=slot, live=live)
        ]
        return Sighting(newest_first(releases), live)

    return Adapter(
        look=look,
        deploy=((*kubectl, "set", "image", deployment, image), ready),
        back=((*kubectl, "rollout", "undo", deployment, "--to-revision={handle}"), ready),
        switch=(
            (
                *kubectl,
                "patch",
                "service",
                settings.name,
                "--type=merge",
                '--patch={"spec":{"selector":{"slot":"{slot}"}}}',
            ),
        ),
    )


def _releases(
    sets: list[dict[str, Any]], deployment: str, container: str, *, slot: str = "", live: str = ""
) -> list[Release]:
    """The ReplicaSets of one deployment; of a slot the one that stands in it now and those that it had."""
    releases = []
    for each in sets:
        owners = objects(inner(each, "metadata", "ownerReferences"))
        if not any(o.get("kind") == "Deployment" and o.get("name") == deployment for o in owners):
            continue
        containers = objects(inner(each, "spec", "template", "spec", "containers"))
        image = next((str(c.get("image") or "") for c in containers if c.get("name") == container), "")
        wanted, ready = inner(each, "spec", "replicas"), inner(each, "status", "readyReplicas") or 0
        runs = isinstance(wanted, int) and wanted > 0
        releases.append(
            make_release(
                _tag(image),
                ref=image,
                since=moment(inner(each, "metadata", "creationTimestamp")),
                slot=slot if runs else "",
                live=(runs if not slot else runs and slot == live if live else None),
                handle=inner(each, "metadata", "annotations", REVISION),
                note=f"{ready}/{wanted}" if runs else "",
            )
        )
    return releases


def _tag(image: str) -> str:
    """What stands behind the name: a tag, or the digest where there is no tag."""
    name = image.partition("@")[0]
    tag = name.rpartition("/")[2].partition(":")[2]
    return tag or image.partition("@")[2] or image
