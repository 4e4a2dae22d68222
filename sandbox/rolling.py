"""A sandbox that rolls: its workers and its service each have a release of their own, and are replaced one after the other.

Which one an instance shall be is a link of its name beside the releases; it reads that when it starts, and is that release until
it ends, as real code is. A worker says what it was started as (`inspect conf`: `release`). One that can't start is started
again and again by its supervisor, as anywhere, until its link names a release that can.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NoReturn

from sandbox.releases import Refused, come_in, point

if TYPE_CHECKING:
    from pathlib import Path

WORKERS = {"fetch@sandbox": "worker-1", "analyze@sandbox": "worker-2"}
"""By the name that each has in Celery: what it is called in the sandbox."""
SERVICE = "service"
INSTANCES = (*WORKERS, SERVICE)
"""In the order in which they are replaced: who takes tasks before who sends them."""
CONF = "release"
START_S, REPLY_S = 90.0, 1.0
"""How long a worker may take to finish its tasks and to come back; how long a reply may take."""


def write_instances(releases: Path, version: str) -> None:
    """Every instance is this release from its start."""
    come_in(releases, version)
    for name in INSTANCES:
        point(releases / name, version)


def instances_of(releases: Path) -> dict[str, str]:
    """Which release each instance shall be; empty in a sandbox that does not roll."""
    links = {name: releases / name for name in INSTANCES}
    return {name: link.readlink().name for name, link in links.items() if link.is_symlink()}


def refuse_to_start(release: Path, name: str, why: str) -> NoReturn:
    """End this worker of a release, and leave word of why to who rolls it."""
    _refusal(release, name).write_text(why, encoding="utf-8")
    raise SystemExit(why)


def roll_worker(releases: Path, broker: str, name: str, version: str) -> None:
    """It ends once its tasks are done, and comes back as this release. Raises `Refused` where it does not."""
    from celery import Celery  # here, so that nobody else waits for it

    refusal = _refusal(releases / version, name)
    refusal.unlink(missing_ok=True)
    point(releases / name, version)
    control = Celery(broker=broker, set_as_current=False).control
    control.broadcast("shutdown", destination=[name])
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        for reply in (
            control.broadcast("conf", destination=[name], reply=True, timeout=REPLY_S, limit=1) or ()
        ):
            if reply.get(name, {}).get(CONF) == version:
                return
        if refusal.exists():
            raise Refused(f"{name} did not start: {refusal.read_text(encoding='utf-8')}")
    raise Refused(f"{version} did not answer in {name} within {START_S:.0f} s; see {WORKERS[name]}.log")


def _refusal(release: Path, name: str) -> Path:
    return release / f"{name}.refused"
