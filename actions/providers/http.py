"""The HTTP servers of the configuration, with the credentials and the TLS that stand there."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from actions.capabilities import HttpAnswer
from actions.errors import ActionRefused
from core.message import say
from core.text import clean
from signals.connections.http import HttpClient

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
        """Its address, without what may be secret in it."""
        scheme, _, rest = self._configured(server).url.partition("://")
        return clean(f"{scheme}://{rest.rpartition('@')[2]}", 200)

    def send(self, server: str, method: str, path: str, document: object = None) -> HttpAnswer:
        """One request."""
        return asyncio.run(self._send(server, method, path, document))

    async def _send(self, server: str, method: str, path: str, document: object) -> HttpAnswer:
        client = HttpClient(server, self._configured(server))
        try:
            response = await client.send(method, path, document)
        finally:
            await client.close()
        return HttpAnswer(response.status, response.body)

    def _configured(self, server: str) -> HttpSettings:
        settings = self._servers.get(server)
        if settings is None:
            section = "releases.probe" if server.startswith("release") else f"signals.{clean(server, 40)}"
            raise ActionRefused(say("actions.not_configured", section=section))
        return settings
