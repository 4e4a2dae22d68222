"""The wire under prometheus-api-client: its requests go out through our own HTTP source.

So a query has the same bounds as every other question (one deadline for the whole answer, a size limit, no
redirects), and certificates and credentials are set up in one place. The library is called in a thread; the
question runs on the event loop, where a deadline really ends it: a dripping server holds no thread.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import requests
from prometheus_api_client import PrometheusConnect
from requests.adapters import BaseAdapter

if TYPE_CHECKING:
    from collections.abc import Callable

    from signals.connections.http import HttpSource


class _Wire(BaseAdapter):
    """Sends each request of the library by `HttpSource.get`; raises the `SourceError` that this raises."""

    def __init__(self, source: HttpSource, base_path: str, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._source, self._base_path, self._loop = source, base_path, loop

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        """One request; the library's own timeout is not needed, the source has a stricter one."""
        asked = urlsplit(str(request.url))
        question = self._source.get(
            asked.path.removeprefix(self._base_path), dict(parse_qsl(asked.query, keep_blank_values=True))
        )
        page = asyncio.run_coroutine_threadsafe(question, self._loop).result()
        response = requests.Response()
        response.status_code = page.status
        response.url = str(request.url)
        response.request = request
        response._content = page.body  # noqa: SLF001  # where `requests` keeps a body that has been read
        return response

    def close(self) -> None:
        """The source is closed by whom it belongs to."""


def connect(
    url: str,
    source: HttpSource,
    loop: asyncio.AbstractEventLoop,
    listen: Callable[..., None],
) -> PrometheusConnect:
    """The library's client for the server at `url`, speaking through `source` on `loop`; `listen` hears each answer."""
    address = url.rstrip("/")
    session = requests.Session()
    session.trust_env = False
    session.hooks["response"].append(listen)
    client = PrometheusConnect(url=address, session=session)
    session.adapters.clear()  # no other way out
    session.mount("", _Wire(source, urlsplit(address).path, loop))
    return client
