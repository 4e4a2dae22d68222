"""Where the parts of the sandbox listen."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from core.errors import ConfigError
from core.message import say
from sandbox.alertmanager import alertmanager_program
from sandbox.servers import free_port, is_free

if TYPE_CHECKING:
    from sandbox.settings import SandboxSettings


@dataclass(frozen=True, slots=True)
class Ports:
    """Where everything will listen; chosen before anything starts, so that the board can open at once."""

    valkey: int
    postgres: int
    outside: int
    service: int
    prometheus: int
    """0 when no Prometheus is installed; the service is then scraped directly."""
    alertmanager: int
    """0 without Prometheus, or where no Alertmanager is installed."""


def choose_ports(settings: SandboxSettings | None = None) -> Ports:
    """A port for each part that this machine can run: the configured one, or any that is free.

    Raises `ConfigError` where a configured port is taken: whoever listens there is left alone.
    """
    names = [field.name for field in fields(Ports)]
    configured = {name: 0 if settings is None else getattr(settings, f"{name}_port") for name in names}
    chosen = {port for port in configured.values() if port}
    for name, port in configured.items():
        if port and not is_free(port):
            raise ConfigError(say("sandbox.port_taken", name=f"{name}_port", port=port))
    for name in names:
        while not configured[name]:  # none is taken yet, so the same one may be found free twice
            if (port := free_port()) not in chosen:
                configured[name] = port
                chosen.add(port)
    if not shutil.which("prometheus") or (settings is not None and not settings.prometheus):
        configured["prometheus"] = 0
    if not configured["prometheus"] or alertmanager_program() is None:
        configured["alertmanager"] = 0
    return Ports(**configured)
