"""The `[releases]` section: how releases of the service are listed, brought in, switched, and asked which they are."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003  # pydantic reads the annotations at run time
from typing import Annotated, Literal, Self, TypeAlias

from pydantic import Field, SecretStr, model_validator

from actions.template import PLACEHOLDER, places
from core.settings import HttpAddress, OptionalHttpAddress, Seconds, Section
from signals.settings import HttpSettings

Argv: TypeAlias = tuple[str, ...]
Slot = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,30}$")]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.@-]{0,100}$")]
_NEEDED: dict[str, tuple[str, ...]] = {
    "compose": ("name", "image", "project"),
    "kubectl": ("name", "image"),
    "systemd": ("name", "folder"),
    "helm": ("name", "chart"),
    "own": ("name",),
}
PLACES = frozenset(
    [
        "version",
        "slot",
        "instance",
        "handle",
        "name",
        "image",
        "container",
        "namespace",
        "chart",
        "folder",
        "project",
    ]
)
"""What an argv may have filled in: the release, where it goes, how its adapter calls it, and what this section says."""


def _check_places(texts: Argv, known: frozenset[str]) -> None:
    for name in sorted(places(texts) - known):
        raise ValueError(f"{{{name}}} is not known here; there are {', '.join(sorted(known))}")


class ReleaseCommands(Section):
    """Argv templates, run without a shell; those that are given take the place of the adapter's own."""

    list: Argv = Field(
        default=(),
        description='prints JSON: {"live": SLOT, "releases": [{"version", "ref", "since", "slot", "live", "handle"}]}',
    )
    deploy: tuple[Argv, ...] = Field(
        default=(), description="brings {version} in (to {slot}, or to one {instance}), and waits for it"
    )
    back: tuple[Argv, ...] = Field(
        default=(), description="goes back to {handle}, where the adapter keeps old releases; else `deploy`"
    )
    switch: tuple[Argv, ...] = Field(default=(), description="sends all requests to {slot}")
    environment: dict[str, str] = Field(
        default={}, description="variables of all of them, shown; {version} is filled"
    )
    secret_environment: dict[str, SecretStr] = Field(default={}, description="variables that are not shown")

    @model_validator(mode="after")
    def _places(self) -> Self:
        for argv in (self.list, *self.deploy, *self.back, *self.switch):
            _check_places(argv, PLACES)
            if argv and PLACEHOLDER.search(argv[0]):
                raise ValueError("the program itself has no place in it")
        return self


class ReleaseProbe(HttpSettings):
    """The request that answers with the version: what proves that a release runs."""

    field: str = Field(
        default="version", description="where it stands in the JSON, with dots; empty: the whole body is it"
    )
    slots: dict[Slot, HttpAddress] = Field(
        default={}, description="the address of each slot, whether live or not"
    )
    requests: int = Field(default=3, ge=1, le=100, description="so many answers in a row must agree")
    wait_s: Seconds = Field(default=30.0, description="how long a release may take until it answers so")


class ReleaseInstance(Section):
    """One process of the service that is replaced by itself, and how it says which release it is."""

    name: Name
    url: OptionalHttpAddress = Field(
        default="", description="answers with its version, as `[releases.probe]` does"
    )
    conf: str = Field(
        default="",
        pattern=r"^[A-Za-z0-9_]{0,100}$",
        description="a Celery worker of this name: the setting of its app that holds its release (`inspect conf`)",
    )

    @model_validator(mode="after")
    def _can_be_asked(self) -> Self:
        if bool(self.url) == bool(self.conf):
            raise ValueError("either url or conf says how the instance is asked which release it is")
        return self


class ReleaseScripts(Section):
    """Where the Alembic scripts of each release are: on this host by `{version}`, or in a Git repository."""

    alembic_ini: str | None = Field(default=None, description="/srv/shop/releases/{version}/alembic.ini")
    repository: Path | None = Field(default=None, description="a clone that has every release")
    ref: str = Field(default="{version}", description="the tag or commit of a release in it")
    path: str = Field(default="alembic/versions", description="the folder of the revisions in it")

    @model_validator(mode="after")
    def _check_scripts(self) -> Self:
        if (self.alembic_ini is None) == (self.repository is None):
            raise ValueError("either alembic_ini or repository says where the scripts of a release are")
        if "{version}" not in (self.alembic_ini or self.ref):
            raise ValueError("{version} must stand in it: each release has scripts of its own")
        return self


class ReleaseGate(Section):
    """A command that must be green before a deploy."""

    id: str = Field(pattern=r"^[a-z][a-z0-9-]{0,40}$")
    argv: Argv = Field(min_length=1, description="{version} is filled")
    cwd: str = "/"
    environment: dict[str, str] = Field(default={})
    secret_environment: dict[str, SecretStr] = Field(default={}, description="variables that are not shown")
    timeout_s: Seconds = 1800.0

    @model_validator(mode="after")
    def _places(self) -> Self:
        _check_places((*self.argv, self.cwd), frozenset(["version"]))
        if PLACEHOLDER.search(self.argv[0]):
            raise ValueError("the program itself has no place in it")
        return self

    @property
    def needs_version(self) -> bool:
        """Whether it looks at one release."""
        return bool(places((*self.argv, self.cwd)))


class ReleasesSettings(Section):
    """How the service's releases are handled; without an adapter nothing is known of them."""

    adapter: Literal["compose", "kubectl", "systemd", "helm", "own"] | None = None
    strategy: Literal["rolling", "blue-green"] = "rolling"
    name: Name = Field(default="service", description="the compose service, deployment, unit or Helm release")
    image: str = Field(
        default="", pattern=r"^([A-Za-z0-9][A-Za-z0-9_.:/-]*)?$", description="without its tag"
    )
    container: str = Field(default="", description="of the deployment; without it `name`")
    namespace: str = Field(default="default", pattern=r"^[a-z0-9][a-z0-9-]*$")
    chart: str = Field(default="", pattern=r"^([A-Za-z0-9./][A-Za-z0-9_.:/-]*)?$", description="Helm's chart")
    tag_variable: str = Field(
        default="TAG",
        pattern=r"^[A-Z][A-Z0-9_]*$",
        description="stands in the compose file: image: shop:${TAG}",
    )
    folder: str = Field(
        default="", description="systemd: a folder for each release, beside it the link `current`"
    )
    project: str = Field(default="", description="the folder of the compose file")
    proxy: str = Field(
        default="", description="compose or systemd: what reads live.conf again when it is told"
    )
    proxy_folder: str = Field(
        default="",
        description="compose or systemd, blue-green: SLOT.conf of each slot, and the link live.conf",
    )
    slots: tuple[Slot, Slot] = ("blue", "green")
    cwd: str = "/"
    timeout_s: Seconds = Field(default=600.0, description="of each command")
    commands: ReleaseCommands = ReleaseCommands()
    instances: tuple[ReleaseInstance, ...] = Field(
        default=(),
        description="rolling: replaced one after the other in this order, each asked before the next is touched",
    )
    probe: ReleaseProbe | None = None
    scripts: ReleaseScripts | None = None
    gates: tuple[ReleaseGate, ...] = ()

    @model_validator(mode="after")
    def _complete(self) -> Self:
        for need in _NEEDED.get(self.adapter or "", ()):
            if not getattr(self, need):
                raise ValueError(f"the adapter {self.adapter} needs `{need}`")
        if self.adapter == "own" and not (self.commands.list and self.commands.deploy):
            raise ValueError("an adapter of your own needs commands.list and commands.deploy")
        if self.is_blue_green and not self._can_switch:
            raise ValueError("blue-green needs commands.switch (compose, systemd: or proxy and proxy_folder)")
        if self.slots[0] == self.slots[1]:
            raise ValueError("the two slots are the same")
        if len({gate.id for gate in self.gates}) != len(self.gates):
            raise ValueError("two gates have the same id")
        self._check_instances()
        return self

    def _check_instances(self) -> None:
        by_name = [
            group
            for group in (self.commands.deploy, self.commands.back)
            if any("instance" in places(argv) for argv in group)
        ]
        if not self.instances:
            if by_name:
                raise ValueError("{instance} stands in a command, but there are no `instances`")
            return
        if self.is_blue_green:
            raise ValueError("`instances` are replaced by a rolling release; blue-green has slots")
        if len(by_name) != 1 + bool(self.commands.back):
            raise ValueError("with `instances` commands.deploy (and back) have to name the {instance}")
        if len({each.name for each in self.instances}) != len(self.instances):
            raise ValueError("two instances have the same name")
        if self.probe is None and any(each.url for each in self.instances):
            raise ValueError("an instance with a url is asked as [releases.probe] says, which is missing")

    @property
    def _can_switch(self) -> bool:
        by_proxy = self.adapter in ("compose", "systemd") and bool(self.proxy and self.proxy_folder)
        return bool(self.commands.switch) or by_proxy or self.adapter in ("kubectl", "helm", None)

    @property
    def is_blue_green(self) -> bool:
        """Whether two slots stand side by side."""
        return self.strategy == "blue-green"

    def instance(self, name: str) -> ReleaseInstance:
        """The one of this name."""
        return next(each for each in self.instances if each.name == name)

    def servers(self) -> dict[str, HttpSettings]:
        """Who is asked for the version, by the name that `release_server` gives."""
        if self.probe is None:
            return {}
        of_slots = {
            release_server(slot): self.probe.model_copy(update={"url": url})
            for slot, url in (
                *self.probe.slots.items(),
                *((each.name, each.url) for each in self.instances if each.url),
            )
        }
        return {release_server(): self.probe, **of_slots}


def release_server(place: str = "") -> str:
    """What the server of a slot or instance is called among those that actions may ask; without one the one that users ask."""
    return f"release {place}" if place else "release"
