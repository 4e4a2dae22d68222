"""One careful way to ask an HTTP source: bounded in time and size, no redirects, every failure a `SourceError`."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.errors import BadAnswer, ConfigError, Denied, SourceError, TimedOut, Unreachable
from core.message import say
from core.text import clean

if TYPE_CHECKING:
    import ssl
    from pathlib import Path

    import httpx
    from pydantic import SecretStr

    from signals.settings import HttpSettings

MAX_BYTES = 8_000_000
"""A longer answer is refused: no panel needs it, and it would stall the program."""


@dataclass(frozen=True, slots=True)
class Page:
    """What was answered, with status 200 or as the explanation of a refused query (400, 422)."""

    status: int
    body: bytes
    content_type: str
    date: str = ""
    """The server's clock, as RFC 9110 writes it; empty where it does not say."""


class HttpSource:
    """A client for one source. `name` is how the screen calls it."""

    def __init__(self, name: str, settings: HttpSettings, max_bytes: int = MAX_BYTES) -> None:
        self.name = name
        self._settings = settings
        self._max_bytes = max_bytes
        self._client: httpx.AsyncClient | None = None
        self._opening = asyncio.Lock()

    async def get(self, path: str, params: dict[str, str] | None = None) -> Page:
        """GET `path` below the source's address; raises a `SourceError`."""
        import httpx

        try:
            async with asyncio.timeout(self._settings.timeout_s):
                return await self._read(path, params or {})
        except TimeoutError as error:
            raise self._late() from error
        except httpx.TimeoutException as error:
            raise self._late() from error
        except (httpx.TransportError, httpx.InvalidURL, OSError) as error:
            detail = clean(str(error)) or type(error).__name__
            raise Unreachable(say("signals.unreachable", source=self.name, detail=detail)) from error

    async def get_json(self, path: str, params: dict[str, str] | None = None) -> Any:
        """GET and decode JSON; its shape is the caller's to check."""
        page = await self.get(path, params)
        try:
            return json.loads(page.body)
        except ValueError as error:
            raise self.bad(f"no JSON ({clean(page.body[:60].decode(errors='replace'))!r})") from error

    async def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.aclose()

    def bad(self, detail: str) -> BadAnswer:
        """The error for an answer that is not what was asked for."""
        return BadAnswer(say("signals.bad_answer", source=self.name, detail=clean(detail)))

    def _late(self) -> SourceError:
        return TimedOut(say("signals.timed_out", source=self.name, seconds=self._settings.timeout_s))

    async def _read(self, path: str, params: dict[str, str]) -> Page:
        async with self._opening:  # in a thread: loading certificates takes a while
            if self._client is None:
                self._client = await asyncio.to_thread(_open, self._settings)
            client = self._client
        url = self._settings.url.rstrip("/") + path
        async with client.stream("GET", url, params=params) as response:
            if response.status_code in (401, 403):
                raise Denied(say("signals.denied", source=self.name, status=response.status_code))
            if response.is_redirect:
                raise self.bad(
                    f"a redirect to {response.headers.get('location', '?')}; set the final address"
                )
            body = bytearray()
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > self._max_bytes:
                    raise self.bad(f"more than {self._max_bytes} bytes")
            if response.status_code not in (
                200,
                400,
                422,
            ):  # Prometheus explains bad queries with 400 and 422
                raise self.bad(f"HTTP {response.status_code}")
            headers = response.headers
            return Page(
                response.status_code, bytes(body), headers.get("content-type", ""), headers.get("date", "")
            )


def secret(value: SecretStr | None, file: Path | None) -> str | None:
    """A secret from the environment (already in `value`) or from its file; raises `ConfigError` naming the file."""
    if file is None:
        return value.get_secret_value() if value is not None else None
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(say("signals.secret_file", file=str(file), detail=type(error).__name__)) from error


def request_headers(settings: HttpSettings) -> dict[str, str]:
    """Custom headers and the bearer token."""
    headers = {name: value.get_secret_value() for name, value in settings.headers.items()}
    if token := secret(settings.token, settings.token_file):
        headers["Authorization"] = f"Bearer {token}"
    return headers


def _open(settings: HttpSettings) -> httpx.AsyncClient:
    import ssl

    import httpx

    verify: ssl.SSLContext | bool = True
    if settings.url.startswith("https"):
        verify = ssl.create_default_context(cafile=settings.ca_file if settings.verify_tls else None)
        if not settings.verify_tls:
            verify.check_hostname, verify.verify_mode = False, ssl.CERT_NONE
        if settings.cert_file is not None:
            # Without a password OpenSSL would ask for one on the terminal that the screen is drawn on.
            verify.load_cert_chain(settings.cert_file, settings.key_file, password="")
    password = secret(settings.password, settings.password_file)
    auth = (settings.user, password or "") if settings.user else None
    return httpx.AsyncClient(
        headers=request_headers(settings),
        auth=auth,
        verify=verify,
        timeout=settings.timeout_s,
        trust_env=False,
    )
