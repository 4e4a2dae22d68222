"""The HTTP servers of the configuration, with the credentials and the TLS that stand there."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from actions.capabilities import HttpAnswer
from actions.errors import ActionRefused
from core.message import say
from core.text import clean
from signals.connections.http import MAX_BYTES, HttpClient

if TYPE_CHECKING:
    from actions.release_settings import ReleasesSettings
    from signals.settings import HttpSettings, SignalsSettings


class ConfiguredServers:
    """An `HttpServers`."""

    def __init__(self, settings: SignalsSettings, releases: ReleasesSettings) -> None:
        self._servers: dict[str, HttpSettings | None] = {
            "alertmanager": settings.alertmanager,
            "prometheus": settings.prometheus,
            **releases.servers(),
        }

    def place(self, server: str) -> str:
        """Its address."""
        return self.at(server, self._configured(server)).place

    def send(self, server: str, method: str, path: str, document: object = None) -> HttpAnswer:
        """One request."""
        return self.at(server, self._configured(server)).send(method, path, document)

    def at(self, name: str, settings: HttpSettings, max_bytes: int = MAX_BYTES) -> SingleServer:
        """Any other server."""
        return SingleServer(name, settings, max_bytes)

    def _configured(self, server: str) -> HttpSettings:
        settings = self._servers.get(server)
        if settings is None:
            section = "releases.probe" if server.startswith("release") else f"signals.{clean(server, 40)}"
            raise ActionRefused(say("actions.not_configured", section=section))
        return settings


class SingleServer:
    """An `HttpServer`."""

    def __init__(self, name: str, settings: HttpSettings, max_bytes: int) -> None:
        self._name, self._settings, self._max_bytes = name, settings, max_bytes

    @property
    def place(self) -> str:
        """Its address, without what may be secret in it."""
        scheme, _, rest = self._settings.url.partition("://")
        return clean(f"{scheme}://{rest.rpartition('@')[2]}", 200)

    def send(self, method: str, path: str, document: object = None) -> HttpAnswer:
        """One request."""
        return asyncio.run(self._send(method, path, document))

    async def _send(self, method: str, path: str, document: object) -> HttpAnswer:
        client = HttpClient(self._name, self._settings, self._max_bytes)
        try:
            response = await client.send(method, path, document)
        finally:
            await client.close()
        return HttpAnswer(response.status, response.body, response.content_type)
