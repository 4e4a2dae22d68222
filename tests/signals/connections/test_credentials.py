"""Passwords come from files and environment, go where they belong, and show nowhere."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from core.errors import ConfigError
from signals.connections.credentials import read_secret, with_password


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
