"""Passwords come from files and environment, go where they belong, and show nowhere."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest
from pydantic import SecretStr

from core.errors import ConfigError, UnreadableSecret
from signals.connections.credentials import read_secret, with_password
from signals.connections.postgres import read_address
from signals.connections.redis_address import parse_redis_address
from signals.metrics.failover import MetricFailover
from signals.metrics.scrape import ScrapeSource
from signals.prometheus.source import PrometheusSource
from signals.settings import PrometheusSettings, ScrapeSettings, SignalsSettings
from tests.exporter import depth_exporter


@pytest.mark.parametrize(
    ("url", "password", "whole"),
    [
        ("redis://h/0", None, "redis://h/0"),
        ("redis://h/0", "a b/@", "redis://:a%20b%2F%40@h/0"),
        ("redis://me@h:1/0", "p", "redis://me:p@h:1/0"),
        ("redis://:own@h/0", "p", "redis://:own@h/0"),
        ("amqp://[::1]:5672//", "p", "amqp://:p@[::1]:5672//"),
    ],
)
def test_a_password_goes_into_an_address_that_has_none(url: str, password: str | None, whole: str) -> None:
    assert with_password(url, password) == whole


def test_a_secret_is_that_of_its_file_or_that_of_the_environment(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("from the file\n")
    assert read_secret(SecretStr("x"), file) == "from the file"
    assert read_secret(SecretStr("x"), None) == "x"
    assert read_secret(None, None) is None
    with pytest.raises(ConfigError) as caught:
        read_secret(None, tmp_path / "missing")
    assert "missing" in str(caught.value)


@pytest.fixture(params=["pipe", "zero"])
def endless(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A certificate that a library would wait for, or read without end."""
    file = tmp_path / "pem"
    if request.param == "pipe":
        os.mkfifo(file)
    else:
        file.symlink_to("/dev/zero")
    return file


@pytest.mark.parametrize("name", ["ca_file", "cert_file", "key_file", "token_file", "password_file"])
async def test_no_http_source_waits_for_a_file_and_the_next_one_is_asked(name: str, endless: Path) -> None:
    more = {"cert_file": __file__} if name == "key_file" else {"user": "me"}
    settings = PrometheusSettings.model_validate({"url": "https://127.0.0.1:1", name: endless, **more})
    with depth_exporter(7) as (address, _):
        targets = [{"url": address}]
        scrape = ScrapeSource(ScrapeSettings.model_validate({"targets": targets}))
        await scrape.scrape_once()
        metrics = MetricFailover([PrometheusSource(settings), scrape], SignalsSettings(), lambda _: None)
        answer = await asyncio.wait_for(metrics.query("depth"), 40)
    assert (answer.source, answer.series[0].values) == ("scrape", (7.0,))
    with pytest.raises(ConfigError, match=r"regular file"):
        await PrometheusSource(settings).query("up")


@pytest.mark.parametrize("option", ["sslrootcert", "sslcert", "sslkey"])
def test_no_database_waits_for_a_file(option: str, endless: Path) -> None:
    url = SecretStr(f"postgresql://h/d?sslmode=require&{option}={endless}")
    with pytest.raises(UnreadableSecret, match=r"regular file"):
        read_address(url, timeout_s=1, source="postgres")


@pytest.mark.parametrize("option", ["ssl_ca_certs", "ssl_certfile", "ssl_keyfile"])
def test_no_broker_waits_for_a_file(option: str, endless: Path) -> None:
    with pytest.raises(UnreadableSecret, match=r"regular file"):
        parse_redis_address(f"rediss://h/0?{option}={endless}", None, source="redis")
