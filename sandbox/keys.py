"""Keys of the stand-ins: what they accept, where one is revoked, and the file from which the service takes its own.

Nobody's but this sandbox's: they are made at its start, written into its private folder, and go with it.
"""

from __future__ import annotations

import secrets
import threading
import uuid
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sandbox.access import write_private

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from email.message import Message as Headers
    from pathlib import Path

ENV_FILE = ".env"
"""Its name in the sandbox's folder."""
_editing = threading.Lock()


@dataclass(frozen=True, slots=True)
class Provider:
    """How one names its key: in the file, in which header and behind which word; how its keys begin."""

    variable: str
    header: str
    scheme: str
    prefix: str


PROVIDERS = {
    "riot": Provider("RIOT_API_KEY", "X-Riot-Token", "", "RGAPI-"),
    "discord": Provider("DISCORD_BOT_TOKEN", "Authorization", "Bot ", ""),
    "llm": Provider("OPENAI_API_KEY", "Authorization", "Bearer ", "sk-"),
}


class Keys:
    """The one valid key of each provider. A provider without a key lets everybody in."""

    def __init__(self, valid: Mapping[str, str]) -> None:
        self._valid = dict(valid)
        self._revoked: dict[str, str] = {}

    def accepts(self, provider: str, headers: Headers) -> bool:
        """Whether a call shows the valid key."""
        valid, form = self._valid.get(provider), PROVIDERS[provider]
        shown = headers.get(form.header, "")
        return valid is None or secrets.compare_digest(shown.encode(), (form.scheme + valid).encode())

    def regenerate(self, provider: str) -> str:
        """What the provider's portal does: the old key ends at once, the new one is returned."""
        self._revoked.pop(provider, None)
        self._valid[provider] = _new_key(PROVIDERS[provider])
        return self._valid[provider]

    def revoke(self, provider: str) -> None:
        """The provider ends the key by itself: no key is valid until there is a new one."""
        if provider in self._valid and provider not in self._revoked:
            self._revoked[provider] = self._valid[provider]
            self._valid[provider] = _new_key(PROVIDERS[provider])

    def restore(self, provider: str) -> None:
        """The key that was revoked is valid again, unless there is a new one."""
        if (known := self._revoked.pop(provider, None)) is not None:
            self._valid[provider] = known


def write_keys(path: Path) -> None:
    """Give every provider its first key, in a file that nobody else can read."""
    write_private(path, "".join(f"{each.variable}={_new_key(each)}\n" for each in PROVIDERS.values()))


def read_keys(path: Path) -> dict[str, str]:
    """The keys of a file as `write_keys` writes it, by provider."""
    by_variable = _variables(path)
    return {
        name: by_variable[provider.variable]
        for name, provider in PROVIDERS.items()
        if provider.variable in by_variable
    }


@contextmanager
def editing() -> Iterator[None]:
    """While this process reads the file and writes it anew."""
    with _editing:
        yield


def read_variable(path: Path, name: str) -> str | None:
    """Another variable of the same file."""
    return _variables(path).get(name)


def _variables(path: Path) -> dict[str, str]:
    lines = (line.partition("=") for line in path.read_text(encoding="utf-8").splitlines())
    return {name.strip(): value.strip().strip("'\"") for name, _, value in lines}


def credentials(keys: Mapping[str, str], provider: str) -> dict[str, str]:
    """The header that shows a provider its key."""
    form = PROVIDERS[provider]
    return {form.header: form.scheme + keys.get(provider, "")}


def shows_token(authorization: str | None, token: str) -> bool:
    """Whether a call's Authorization header shows this bearer token. A token that is not set lets nobody in."""
    shown = (authorization or "").removeprefix("Bearer ")
    return bool(token) and secrets.compare_digest(shown.encode(), token.encode())


def _new_key(provider: Provider) -> str:
    return provider.prefix + (str(uuid.uuid4()) if provider.prefix == "RGAPI-" else secrets.token_urlsafe(24))
