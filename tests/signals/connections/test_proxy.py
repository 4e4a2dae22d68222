"""Through which proxy a source is asked, and that it is."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

import pytest
import trustme
from pydantic import SecretStr

from core.errors import SourceError, Unreachable
from sandbox.servers import free_port
from signals.connections.proxy import proxy_for, proxy_host
from signals.prometheus.source import PrometheusSource
from signals.settings import PrometheusSettings
from tests.page import Page, page_server

PROXY = "http://proxy:3128"


@pytest.mark.parametrize(
    ("url", "environment", "proxy"),
    [
        ("http://a.example", {}, None),
        ("http://a.example", {"HTTP_PROXY": PROXY}, PROXY),
        ("https://a.example", {"HTTP_PROXY": PROXY}, None),
        ("https://a.example", {"https_proxy": "proxy:3128"}, PROXY),
        ("https://a.example", {"ALL_PROXY": PROXY}, PROXY),
        ("http://a.example", {"HTTP_PROXY": PROXY, "NO_PROXY": "*"}, None),
        ("http://a.example", {"HTTP_PROXY": PROXY, "NO_PROXY": "b.example, example"}, None),
        ("http://a.example", {"HTTP_PROXY": PROXY, "NO_PROXY": ".a.example"}, PROXY),
        ("http://x.a.example", {"HTTP_PROXY": PROXY, "NO_PROXY": ".a.example"}, None),
        ("http://ba.example", {"HTTP_PROXY": PROXY, "NO_PROXY": "a.example"}, PROXY),
        ("http://a.example:9090", {"HTTP_PROXY": PROXY, "NO_PROXY": "a.example:9091"}, PROXY),
        ("http://a.example:9090", {"HTTP_PROXY": PROXY, "NO_PROXY": "a.example:9090"}, None),
        ("http://10.1.2.3", {"HTTP_PROXY": PROXY, "NO_PROXY": "10.0.0.0/8"}, None),
        ("http://11.1.2.3", {"HTTP_PROXY": PROXY, "NO_PROXY": "10.0.0.0/8,nonsense/9"}, PROXY),
        ("http://[fd00::1]:80", {"HTTP_PROXY": PROXY, "NO_PROXY": "fd00::/8"}, None),
        ("http://127.0.0.1:9090", {"HTTP_PROXY": PROXY}, None),
        ("http://localhost", {"HTTP_PROXY": PROXY}, None),
    ],
)
def test_the_environment_says_which(url: str, environment: dict[str, str], proxy: str | None) -> None:
    assert proxy_for(url, None, environment) == proxy


def test_what_is_configured_stands_over_the_environment() -> None:
    environment = {"HTTP_PROXY": "http://other:1"}
    assert proxy_for("http://a.example", SecretStr("http://u:secret@proxy:3128"), environment) == (
        "http://u:secret@proxy:3128"
    )
    assert proxy_for("http://a.example", SecretStr("none"), environment) is None
    assert proxy_host("http://u:secret@proxy:3128") == "proxy:3128"


def test_a_proxy_that_speaks_no_http_is_refused_by_name() -> None:
    with pytest.raises(Unreachable) as caught:
        proxy_for("http://a.example", None, {"ALL_PROXY": "socks5://u:secret@proxy:1080"})
    assert caught.value.message.values == {"scheme": "socks5"}


async def test_a_source_is_asked_through_it(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def answer(path: str) -> Page:
        asked.append(path)
        result = b'{"status":"success","data":{"resultType":"scalar","result":[1,"2"]}}'
        return Page(result, content_type="application/json")

    with page_server(answer) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy)
        source = PrometheusSource(PrometheusSettings(url="http://prometheus.invalid:9090"))
        assert (await source.query("1 + 1")).series[0].values == (2.0,)
        await source.close()
    assert asked[0].startswith("http://prometheus.invalid:9090/api/v1/query?")


async def test_an_encrypted_source_is_reached_through_a_tunnel(tmp_path: Path) -> None:
    """The proxy sees a host, a port and its own password, and nothing of what is asked."""
    authority, certificate = trustme.CA(), tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(certificate))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("prometheus.invalid").configure_cert(context)
    asked: list[bytes] = []
    tunnelled: list[bytes] = []

    async def prometheus(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        result = b'{"status":"success","data":{"resultType":"scalar","result":[1,"2"]}}'
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(result)}\r\n\r\n"
        writer.write(head.encode() + result)
        await writer.drain()
        writer.close()

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(4096):
            writer.write(data)
        writer.close()

    async def tunnel(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tunnelled.append(await reader.readuntil(b"\r\n\r\n"))
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", port_of(server))
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await asyncio.gather(pump(reader, far_writer), pump(far_reader, writer), return_exceptions=True)

    def port_of(listening: asyncio.Server) -> int:
        return int(listening.sockets[0].getsockname()[1])

    async with (
        await asyncio.start_server(prometheus, "127.0.0.1", 0, ssl=context) as server,
        await asyncio.start_server(tunnel, "127.0.0.1", 0) as proxy,
    ):
        through = SecretStr(f"http://u:secret@127.0.0.1:{port_of(proxy)}")
        settings = PrometheusSettings(
            url="https://prometheus.invalid:9090", proxy=through, ca_file=certificate
        )
        source = PrometheusSource(settings)
        assert (await source.query("1 + 1")).series[0].values == (2.0,)
        await source.close()
        distrusting = PrometheusSource(settings.model_copy(update={"ca_file": None}))
        with pytest.raises(SourceError, match="certificate"):
            await distrusting.query("1 + 1")
        await distrusting.close()
    assert tunnelled[0].startswith(b"CONNECT prometheus.invalid:9090 HTTP/1.1")
    assert b"Proxy-Authorization: Basic " in tunnelled[0]
    assert b"api/v1" not in tunnelled[0]
    assert asked[0].startswith(b"GET /api/v1/query?")
    assert b"Proxy-Authorization" not in asked[0]


async def test_a_proxy_that_is_away_is_named_without_its_password() -> None:
    port = free_port()
    proxy = SecretStr(f"http://u:secret@127.0.0.1:{port}")
    source = PrometheusSource(PrometheusSettings(url="http://prometheus.invalid:9090", proxy=proxy))
    with pytest.raises(SourceError) as caught:
        await source.query("1")
    await source.close()
    detail = str(caught.value.message.values["detail"])
    assert f"(through the proxy 127.0.0.1:{port})" in detail
    assert "secret" not in detail
