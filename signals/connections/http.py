"""An HTTP client for one source: bounded in time and size, no redirects, through the proxy that `proxy` names.

Raises, all of them with the source's name in their words:
    Unreachable   no connection: refused, name unknown, TLS broken, a bad address
    TimedOut      no whole answer within `timeout_s`, the wait for a free connection included
    Denied        401 or 403
    BadAnswer     a redirect, more than `max_bytes`, no JSON where JSON was wanted, any other status
    UnreadableSecret   a file of a password, token or certificate that can't be read (a `ConfigError`, and an `Unreachable`)
A cancelled request is closed at once. Nothing here runs in a thread but the loading of certificates.
"""

from __future__ import annotations

import asyncio
import json
import zlib
from collections import Counter
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypedDict, TypeVar

from core.errors import BadAnswer, Denied, SourceError, TimedOut, Unreachable
from core.message import say
from core.text import clean
from signals.connections.credentials import read_secret, require_certificates
from signals.connections.proxy import proxy_for, proxy_host

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

    import httpx

    from signals.settings import HttpSettings

    Trace = Callable[[str, object], Awaitable[None]]

T = TypeVar("T")

MAX_BYTES = 8_000_000
"""A longer answer is refused: no panel needs it, and it would stall the program."""
MAX_CONNECTIONS = 16
"""To one source at once. Prometheus itself answers 20 (`--query.max-concurrency`); others ask it, too."""
KEPT_S = 30.0
"""So long an unused connection stays open: longer than between two polls, or each would open its own anew."""
ENCODINGS = ("", "identity", "gzip", "x-gzip", "deflate")
OK, METHOD_NOT_ALLOWED = 200, 405
REFUSED_QUERY = (400, 422)
"""The statuses with which Prometheus explains what is wrong with a query (documentation, "HTTP API")."""


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """What was answered: status 200, the explanation of a refused query (400, 422), or 405 to a POST."""

    status: int
    body: bytes
    content_type: str
    date: str = ""
    """The server's clock, as RFC 9110 writes it; empty where it does not say."""

    def error_text(self) -> str:
        """What a JSON body says under `error`, as Prometheus and Alertmanager do; empty when it says nothing."""
        try:
            document = json.loads(self.body)
        except (ValueError, RecursionError):
            return ""
        error = document.get("error") if isinstance(document, dict) else None
        return clean(error, 200) if isinstance(error, str) else ""


class HttpClient:
    """A client for one source. `name` is how the screen calls it."""

    def __init__(self, name: str, settings: HttpSettings, max_bytes: int = MAX_BYTES) -> None:
        self.name = name
        self._settings = settings
        self._max_bytes = max_bytes
        self._client: httpx.AsyncClient | None = None
        self._opening = asyncio.Lock()
        self._users: Counter[httpx.AsyncClient] = Counter()
        self._closing: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Load library and certificates now, where the first request is measured; raises what a request does."""
        await self._in_time(self._opened)

    async def get(self, path: str, params: Mapping[str, str] | None = None) -> HttpResponse:
        """GET `path` below the source's address."""
        return await self._request("GET", path, params or {})

    async def post_form(self, path: str, form: Mapping[str, str]) -> HttpResponse:
        """POST a form to `path`; the status is 405 where the server takes no POST there."""
        return await self._request("POST", path, form)

    async def send(self, method: str, path: str, document: object = None) -> HttpResponse:
        """Any request below the source's address, with a JSON body; any status but 401, 403 and a redirect is an answer."""
        return await self._in_time(
            lambda: self._exchange(method, path, {}, document=document, any_status=True)
        )

    def parsed(self, response: HttpResponse, parse: Callable[[HttpResponse], T]) -> T:
        """What `parse` makes of an answer; one of another shape is a `BadAnswer`, with the server's words if it has any."""
        try:
            return parse(response)
        except (json.JSONDecodeError, UnicodeDecodeError) as error:
            start = clean(response.body[:60].decode(errors="replace"))
            raise self.bad_answer(f"no JSON ({start!r})") from error
        except (AttributeError, LookupError, ValueError, TypeError, RecursionError) as error:
            detail = response.error_text() or f"{type(error).__name__} in the answer"
            raise self.bad_answer(detail) from error

    def bad_answer(self, detail: str) -> BadAnswer:
        """The error for an answer that is not what was asked for."""
        return BadAnswer(say("signals.bad_answer", source=self.name, detail=clean(detail)))

    async def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.aclose()
        await asyncio.gather(*self._closing, return_exceptions=True)

    async def _request(
        self, method: Literal["GET", "POST"], path: str, fields: Mapping[str, str]
    ) -> HttpResponse:
        return await self._in_time(lambda: self._exchange_with_retry(method, path, fields))

    async def _exchange_with_retry(self, method: str, path: str, fields: Mapping[str, str]) -> HttpResponse:
        """A server may hang up on a connection that it kept while we ask over it (RFC 9112, 9.5): then once more, over a new one."""
        import httpx

        is_new = False

        async def trace(event: str, _: object) -> None:  # HTTPX, "Extensions"
            nonlocal is_new
            is_new |= "connect_tcp" in event

        try:
            return await self._exchange(method, path, fields, trace=trace)
        except (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError):
            if is_new:
                raise
            return await self._exchange(method, path, fields)

    async def _in_time(self, exchange: Callable[[], Awaitable[T]]) -> T:
        import httpx

        try:
            async with asyncio.timeout(self._settings.timeout_s):
                return await exchange()
        except (TimeoutError, httpx.TimeoutException) as error:
            raise self._timed_out() from error
        except (httpx.TransportError, httpx.InvalidURL, OSError) as error:
            detail = clean(str(error)) or type(error).__name__
            if proxy := proxy_host(proxy_for(self._settings.url, self._settings.proxy)):
                detail = f"{detail} (through the proxy {clean(proxy)})"
            raise Unreachable(say("signals.unreachable", source=self.name, detail=detail)) from error

    async def _exchange(
        self,
        method: str,
        path: str,
        fields: Mapping[str, str],
        *,
        document: object = None,
        any_status: bool = False,
        trace: Trace | None = None,
    ) -> HttpResponse:
        url = self._settings.url.rstrip("/") + path
        # Empty ones would take away those of the address itself.
        params, form = (None, fields) if method == "POST" else (fields or None, None)
        extensions = {"trace": trace} if trace else None
        async with (
            self._lent() as client,
            client.stream(
                method, url, params=params, data=form, json=document, extensions=extensions
            ) as answer,
        ):
            status, headers = answer.status_code, answer.headers
            if status in (401, 403):
                raise Denied(say("signals.denied", source=self.name, status=status))
            if answer.is_redirect:
                raise self.bad_answer(f"a redirect to {headers.get('location', '?')}; set the final address")
            body = await self._read(answer.aiter_raw(), headers.get("content-encoding", ""))
        response = HttpResponse(status, body, headers.get("content-type", ""), headers.get("date", ""))
        expected = (
            any_status
            or status in (OK, *REFUSED_QUERY)
            or (status == METHOD_NOT_ALLOWED and method == "POST")
        )
        if not expected:
            detail = response.error_text()
            raise self.bad_answer(f"HTTP {status}: {detail}" if detail else f"HTTP {status}")
        return response

    async def _read(self, chunks: AsyncIterator[bytes], encoding: str) -> bytes:
        """The body, unpacked here and not by httpx: a few kilobytes of gzip can be gigabytes, and the limit is ours."""
        if encoding.strip().lower() not in ENCODINGS:
            raise self.bad_answer(f"Content-Encoding {encoding}, which was not asked for")
        packed = encoding.strip().lower() not in ("", "identity")
        unpacker = (
            zlib.decompressobj(zlib.MAX_WBITS | 32) if packed else None
        )  # 32: gzip or zlib, by the header
        body = bytearray()
        try:
            async for chunk in chunks:
                room = self._max_bytes + 1 - len(body)
                body += unpacker.decompress(chunk, room) if unpacker else chunk
                if len(body) > self._max_bytes:
                    raise self.bad_answer(f"more than {self._max_bytes} bytes")
        except zlib.error as error:
            raise self.bad_answer(f"broken {encoding}: {error}") from error
        if unpacker and body and not unpacker.eof:
            raise self.bad_answer(f"{encoding} that is cut")
        return bytes(body)

    @asynccontextmanager
    async def _lent(self) -> AsyncIterator[httpx.AsyncClient]:
        """The client for one exchange. One that was cut off in the middle is not asked again.

        httpcore 1.0 may count a connection as busy for ever whose request was cancelled while it was being closed; as many
        as there may be at once, and the source would not answer any more.
        """
        client = await self._opened()
        self._users[client] += 1
        try:
            yield client
        except asyncio.CancelledError:
            if self._client is client:
                self._client = None
            raise
        finally:
            self._users[client] -= 1
            if client is not self._client and not self._users[client]:
                del self._users[client]
                task = asyncio.create_task(client.aclose())  # not here: what has no time left must not wait
                self._closing.add(task)
                task.add_done_callback(self._closing.discard)

    async def _opened(self) -> httpx.AsyncClient:
        async with self._opening:
            if self._client is None:  # in a thread: loading certificates takes a while
                self._client = await asyncio.to_thread(_open, self._settings)
            return self._client

    def _timed_out(self) -> SourceError:
        return TimedOut(say("signals.timed_out", source=self.name, seconds=self._settings.timeout_s))


def _headers(settings: HttpSettings) -> dict[str, str]:
    """Custom headers and the bearer token."""
    headers = {"Accept-Encoding": "gzip"}
    headers |= {name: value.get_secret_value() for name, value in settings.headers.items()}
    if token := read_secret(settings.token, settings.token_file):
        headers["Authorization"] = f"Bearer {token}"
    return headers


def open_blocking(settings: HttpSettings) -> httpx.Client:
    """A client for threads, with `timeout_s` for each exchange; raises `SourceError` for what can't be read."""
    import httpx

    return httpx.Client(**_options(settings), timeout=settings.timeout_s)


def _open(settings: HttpSettings) -> httpx.AsyncClient:
    import httpx

    return httpx.AsyncClient(**_options(settings), timeout=None)  # noqa: S113  # `_in_time` ends it


class _Options(TypedDict):
    headers: dict[str, str]
    auth: tuple[str, str] | None
    verify: ssl.SSLContext
    limits: httpx.Limits
    proxy: str | None
    trust_env: bool


def _options(settings: HttpSettings) -> _Options:
    import httpx

    password = read_secret(settings.password, settings.password_file)
    return {
        "headers": _headers(settings),
        "auth": (settings.user, password or "") if settings.user else None,
        "verify": _tls(settings),
        "limits": httpx.Limits(max_connections=MAX_CONNECTIONS, keepalive_expiry=KEPT_S),
        "proxy": proxy_for(settings.url, settings.proxy),
        "trust_env": False,
    }


def _tls(settings: HttpSettings) -> ssl.SSLContext:
    import ssl

    if not settings.url.startswith("https"):
        # One that trusts nobody: for `True` httpx would read all authorities of the world, 25 ms and 0.7 MB a client.
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    authority = settings.ca_file if settings.verify_tls else None
    require_certificates(authority, settings.cert_file, settings.key_file)
    context = ssl.create_default_context(cafile=authority)
    if not settings.verify_tls:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if settings.cert_file is not None:
        # Without a password OpenSSL would ask for one on the terminal that the screen is drawn on.
        context.load_cert_chain(settings.cert_file, settings.key_file, password="")
    return context
