"""How a source is reached: certificates, credentials, paths; and what refuses, redirects, drips or floods."""

from __future__ import annotations

import asyncio
import base64
import gc
import json
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs

import pytest
import trustme
from cryptography.hazmat.primitives import serialization
from pydantic import SecretStr

from core.errors import BadAnswer, BadQuery, Denied, SourceError, TimedOut, Unreachable
from panels.spec import PanelSpec
from signals.connections.http import MAX_CONNECTIONS, HttpClient
from signals.prometheus.source import PrometheusSource
from signals.settings import HttpSettings, PrometheusSettings
from tests.bad_servers import BEHAVIOURS, serve
from tui.i18n import Language

SEVEN = b'{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"7"]}]}}'

MAX_ADDRESS = 8_192
"""What nginx takes, and Prometheus' own libraries reckon with."""


@dataclass
class Door:
    """A Prometheus stand-in that lets in who shows the right headers, and notes what was asked."""

    wanted: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    forms: list[str] = field(default_factory=list)
    takes_post: bool = True
    url: str = ""
    thinks_s: float = 0.0
    hangs_up_after_s: float | None = None
    hangs_up_at: int = 0
    """The request of each connection that is not answered."""
    connections: int = 0


@contextmanager
def door(context: ssl.SSLContext | None = None, **wanted: str) -> Iterator[Door]:
    opened = Door({name.replace("_", "-"): value for name, value in wanted.items()})

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            opened.connections += 1
            self.count = 0
            self.request.settimeout(opened.hangs_up_after_s)
            super().setup()

        def do_GET(self) -> None:
            opened.asked.append(self.path)
            self.answer(200 if len(self.path) < MAX_ADDRESS else 414)

        def do_POST(self) -> None:
            opened.forms.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
            self.answer(200 if opened.takes_post else 405)

        def answer(self, status: int) -> None:
            self.count += 1
            if self.count == opened.hangs_up_at:
                self.close_connection = True
                return
            time.sleep(opened.thinks_s)
            known = all(self.headers.get(name) == value for name, value in opened.wanted.items())
            body = SEVEN if known else b"who are you?"
            self.send_response(status if known else 401)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            """Quiet."""

    class Server(ThreadingHTTPServer):
        request_queue_size = 64
        daemon_threads = True

        def handle_error(self, request: object, client_address: object) -> None:
            """A refused handshake is what some tests are about."""

    server = Server(("127.0.0.1", 0), Handler)
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    opened.url = f"{'https' if context else 'http'}://localhost:{server.server_port}"
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield opened
    server.shutdown()
    server.server_close()


async def asked(settings: PrometheusSettings) -> float:
    """The answer of a query, which must be that of another question through httpx, too."""
    source = PrometheusSource(settings)
    try:
        with pytest.raises(BadAnswer):  # let in, but the stand-in knows no names
            await source.metric_names()
        return (await source.query("up")).series[0].values[0]
    finally:
        await source.close()


async def refused(settings: PrometheusSettings) -> SourceError:
    """The error of a query, which must be of the same kind as that of another question through httpx."""
    source = PrometheusSource(settings)
    try:
        errors = []
        for ask in (lambda: source.query("up"), source.metric_names):
            with pytest.raises(SourceError) as caught:
                await ask()
            errors.append(caught.value)
        # Not the same words: a server that refuses a certificate may hang up before it says so.
        assert type(errors[0]) is type(errors[1])
        return errors[0]
    finally:
        await source.close()


async def test_basic_bearer_and_custom_headers_open_the_door_and_their_absence_does_not(
    tmp_path: Path,
) -> None:
    word = tmp_path / "password"
    word.write_text("böse:word\n", encoding="utf-8")
    basic = "Basic " + base64.b64encode("ops:böse:word".encode()).decode()
    with door(Authorization=basic) as opened:
        assert await asked(PrometheusSettings(url=opened.url, user="ops", password_file=word)) == 7
        assert isinstance(await refused(PrometheusSettings(url=opened.url)), Denied)
    with door(Authorization="Bearer tok", X_Scope_OrgID="team") as opened:
        org = {"X-Scope-OrgID": SecretStr("team")}
        settings = PrometheusSettings(url=opened.url, token=SecretStr("tok"), headers=org)
        assert await asked(settings) == 7
        error = await refused(settings.model_copy(update={"token": SecretStr("wrong")}))
        assert isinstance(error, Denied)
        assert "wrong" not in Language("en").say(error.message)


def contexts_with_authorities() -> int:
    """How many TLS contexts of this process trust somebody: each holds some hundred certificates."""
    gc.collect()
    contexts = [thing for thing in gc.get_objects() if isinstance(thing, ssl.SSLContext)]
    return sum(context.cert_store_stats()["x509"] > 0 for context in contexts)


async def test_a_source_without_tls_reads_no_certificates() -> None:
    before = contexts_with_authorities()
    with door() as opened:
        source = HttpClient("prometheus", HttpSettings(url=opened.url))
        await source.get("")
        assert contexts_with_authorities() == before
        await source.close()


async def test_a_prometheus_below_a_path_is_asked_below_it() -> None:
    with door() as opened:
        assert await asked(PrometheusSettings(url=opened.url + "/prom/")) == 7
        assert {path.split("?")[0] for path in opened.asked} == {
            "/prom/api/v1/label/__name__/values",
            "/prom/api/v1/query",
        }


async def test_only_the_right_certificates_talk(tmp_path: Path) -> None:
    authority, stranger = trustme.CA(), trustme.CA()
    ca_file, other_ca = tmp_path / "ca.pem", tmp_path / "other.pem"
    authority.cert_pem.write_to_path(str(ca_file))
    stranger.cert_pem.write_to_path(str(other_ca))
    mine, theirs, locked = (tmp_path / name for name in ("mine.pem", "theirs.pem", "locked.pem"))
    mine_cert = authority.issue_cert("client@example.org")
    mine_cert.private_key_and_cert_chain_pem.write_to_path(str(mine))
    stranger.issue_cert("client@example.org").private_key_and_cert_chain_pem.write_to_path(str(theirs))
    key = serialization.load_pem_private_key(mine_cert.private_key_pem.bytes(), None)
    locked.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"secret"),
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    authority.configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED
    with door(context) as opened:
        right = PrometheusSettings(url=opened.url, ca_file=ca_file, cert_file=mine)
        assert await asked(right) == 7
        assert await asked(right.model_copy(update={"ca_file": None, "verify_tls": False})) == 7
        for wrong in (
            {"ca_file": other_ca},
            {"ca_file": None},
            {"ca_file": tmp_path / "nothing.pem"},
            {"cert_file": None},
            {"cert_file": theirs},
            {"key_file": locked},
            {"url": opened.url.replace("https", "http")},
        ):
            assert isinstance(await refused(right.model_copy(update=wrong)), Unreachable), wrong


async def test_a_redirect_is_not_followed_and_its_target_is_named() -> None:
    moved = b"HTTP/1.1 301 Moved\r\nLocation: https://new.example/\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
    with serve(lambda connection: connection.sendall(moved)) as url:
        error = await refused(PrometheusSettings(url=url))
        assert isinstance(error, BadAnswer)
        assert "https://new.example/" in Language("en").say(error.message)


async def test_an_answer_without_end_is_cut_at_the_limit_and_a_dripping_one_at_the_deadline() -> None:
    with serve(BEHAVIOURS["huge"]) as url:
        error = await refused(PrometheusSettings(url=url))
        assert isinstance(error, BadAnswer)
        assert "8000000" in json.dumps(error.message.values)
    with serve(BEHAVIOURS["dripping"]) as url:
        source = PrometheusSource(PrometheusSettings(url=url, timeout_s=0.3))
        for _ in range(3):
            with pytest.raises(TimedOut):
                await source.query("up")
        await source.close()


@pytest.mark.parametrize(("hangs_up_after_s", "connections"), [(None, 1), (1.0, 2)])
async def test_a_connection_is_kept_between_polls_as_long_as_the_server_keeps_it(
    hangs_up_after_s: float | None, connections: int
) -> None:
    with door() as opened:
        opened.hangs_up_after_s = hangs_up_after_s
        client = HttpClient("prometheus", HttpSettings(url=opened.url))
        try:
            await client.get("/")
            await asyncio.sleep(PanelSpec.model_fields["interval_s"].default * 1.1)  # and its jitter
            await client.get("/")
        finally:
            await client.close()
        assert opened.connections == connections


async def test_who_is_hung_up_on_over_a_kept_connection_asks_once_more_over_a_new_one() -> None:
    """A server with a keep-alive of five seconds ends it just when a poll of every five seconds comes."""
    with door() as opened:
        opened.hangs_up_at = 2
        client = HttpClient("prometheus", HttpSettings(url=opened.url))
        try:
            for _ in range(3):
                assert (await client.get("/")).status == 200
                assert (await client.post_form("/", {"a": "b"})).status == 200
            assert opened.connections == 6
            with pytest.raises(Unreachable):  # what changes something may have been obeyed
                await client.send("POST", "/")
        finally:
            await client.close()


async def test_who_is_hung_up_on_over_a_new_connection_asks_no_more() -> None:
    with door() as opened:
        opened.hangs_up_at = 1
        client = HttpClient("prometheus", HttpSettings(url=opened.url))
        try:
            with pytest.raises(Unreachable):
                await client.get("/")
            assert opened.connections == 1
        finally:
            await client.close()


async def test_many_questions_at_once_are_answered_also_the_very_first() -> None:
    with door() as opened:
        source = PrometheusSource(PrometheusSettings(url=opened.url, timeout_s=20))
        answers = await asyncio.gather(*(source.query("up") for _ in range(MAX_CONNECTIONS * 3)))
        await source.close()
    assert [answer.series[0].values[0] for answer in answers] == [7.0] * (MAX_CONNECTIONS * 3)


async def test_a_wait_for_a_free_connection_counts_as_waiting() -> None:
    with door() as opened:
        opened.thinks_s = 0.5
        source = PrometheusSource(PrometheusSettings(url=opened.url, timeout_s=0.7))
        answers = await asyncio.gather(
            *(source.query("up") for _ in range(MAX_CONNECTIONS * 2)), return_exceptions=True
        )
        await source.close()
    assert any(isinstance(answer, TimedOut) for answer in answers)
    assert not [
        answer for answer in answers if isinstance(answer, Exception) and not isinstance(answer, TimedOut)
    ]


async def test_a_slow_prometheus_holds_no_thread() -> None:
    with serve(BEHAVIOURS["half-open"]) as url:
        source = PrometheusSource(PrometheusSettings(url=url, timeout_s=3))
        waiting = [asyncio.create_task(source.query("up")) for _ in range(64)]
        await asyncio.sleep(0.3)
        ours = [thread.name for thread in threading.enumerate() if "asyncio" in thread.name]
        assert len(ours) <= 1, "one has loaded the certificates"
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        await source.close()


async def test_a_cancelled_query_hangs_up() -> None:
    connected, hung_up = threading.Event(), threading.Event()

    def wait(connection: socket.socket) -> None:
        connected.set()
        if not connection.recv(1):
            hung_up.set()

    with serve(wait) as url:
        source = PrometheusSource(PrometheusSettings(url=url, timeout_s=30))
        query = asyncio.create_task(source.query("up"))
        assert await asyncio.to_thread(connected.wait, 20)
        query.cancel()
        with pytest.raises(asyncio.CancelledError):
            await query
        assert await asyncio.to_thread(hung_up.wait, 20), "the server goes on with what nobody waits for"
        await source.close()


LONG = "up" + " or up" * 2_000


async def test_a_long_query_is_posted_as_a_form() -> None:
    with door() as opened:
        source = PrometheusSource(PrometheusSettings(url=opened.url))
        assert (await source.query(LONG, 4)).series[0].values == (7.0,)
        await source.query("up")
        await source.close()
    (form,) = opened.forms
    assert parse_qs(form) == {"query": [LONG], "time": ["4"]}
    assert len(opened.asked) == 1, "a short one is not"


async def test_a_server_that_takes_no_post_is_asked_by_get_from_then_on() -> None:
    longest = "up" + " or up" * 800  # for which its address is still short enough
    with door() as opened:
        opened.takes_post = False
        source = PrometheusSource(PrometheusSettings(url=opened.url))
        for _ in range(2):
            assert (await source.query(longest)).series[0].values == (7.0,)
        assert len(opened.forms) == 1
        with pytest.raises(BadAnswer, match="HTTP 414"):
            await source.query(LONG)
        await source.close()


async def test_a_refused_query_is_a_bad_query_with_the_servers_words() -> None:
    words = b'{"status":"error","errorType":"bad_data","error":"parse error: \\u001b[31munexpected"}'
    head = b"HTTP/1.1 422 Unprocessable Entity\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(
        words
    )
    with serve(lambda connection: connection.sendall(head + words)) as url:
        source = PrometheusSource(PrometheusSettings(url=url))
        with pytest.raises(BadQuery, match="unexpected"):
            await source.query("sum(")
        await source.close()


async def test_a_secret_in_the_address_is_not_told() -> None:
    source = HttpClient("prometheus", HttpSettings(url="http://ops:hunter2@127.0.0.1:1"))
    with pytest.raises(Unreachable) as caught:
        await source.get("/")
    await source.close()
    assert "hunter2" not in Language("en").say(caught.value.message)


async def test_a_client_whose_request_was_cut_off_is_not_asked_again_and_closed_after_the_others() -> None:
    """A library below ours may count such a connection as busy for ever; `python -m tests.attack late` makes that happen."""
    with door() as slow:
        client = HttpClient("x", HttpSettings(url=slow.url, timeout_s=0.6))
        await client.get("/api/v1/query")
        first = client._client
        slow.thinks_s = 0.4
        in_time = asyncio.create_task(client.get("/api/v1/query"))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(client.get("/api/v1/query"), 0.1)
        assert (await in_time).status == 200, "the other one is not cut off with it"
        await client.get("/api/v1/query")
        assert client._client is not first
        assert first is not None
        assert first.is_closed
        await client.close()
