"""Whom an HTTP check may ask, and which secrets go along: what `[runbooks]` names, and nothing that only a manual does.

A manual is text that a team shares: whoever can write to it could otherwise name a host of theirs and a variable of yours.
The manuals that come with the program are the program's own words; what they name is sent where they say.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from core.message import say
from core.text import clean

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from core.message import Message
    from runbooks.model import Check
    from runbooks.settings import RunbooksSettings

VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_PLAIN_HOST = re.compile(r"[\w.-]+(?::\d+)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Permission:
    """`origins` may be asked; `secrets` are the origins that may be sent a variable, by its name (see `origin_of`)."""

    environment: Mapping[str, str] = field(default_factory=dict)
    origins: frozenset[str] = frozenset()
    secrets: Mapping[str, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Request:
    """One request, its secrets in it: never shown, never kept."""

    method: str
    url: str = field(repr=False)
    headers: tuple[tuple[str, str], ...] = field(repr=False)


def permit(
    settings: RunbooksSettings, environment: Mapping[str, str], approved: Iterable[str] = ()
) -> Permission:
    """What the configuration allows; `approved` are origins that the person at the screen has said yes to."""
    moved = {origin_of(address): origin_of(target) for address, target in settings.addresses.items()}
    secrets = {}
    for name, receivers in settings.secrets.items():
        origins = {origin_of(host) for host in receivers}
        secrets[name] = frozenset(origins | {moved[origin] for origin in origins & moved.keys()})
    named = {origin for origins in secrets.values() for origin in origins}
    hosts = {origin_of(host) for host in settings.hosts}
    return Permission(environment, frozenset({*named, *moved.values(), *hosts, *approved} - {""}), secrets)


def origin_of(address: str) -> str:
    """Scheme, host and port of an address; a bare host means https. Empty where two readers could disagree on the host."""
    if _PLAIN_HOST.fullmatch(address):
        address = f"https://{address}"
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        return ""
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    plain = _PLAIN_HOST.fullmatch(parts.netloc) or re.fullmatch(r"\[[0-9a-fA-F:.]+\](?::\d+)?", parts.netloc)
    if parts.scheme not in ("http", "https") or not host or not plain:
        return ""
    if port in (None, {"http": 80, "https": 443}[parts.scheme]):
        return f"{parts.scheme}://{host}"
    return f"{parts.scheme}://{host}:{port}"


def variables(check: Check) -> tuple[str, ...]:
    """The variables that an HTTP check names, in its address and its headers."""
    return tuple(dict.fromkeys(name for text in _templates(check) for name in VARIABLE.findall(text)))


def prepare(check: Check, permission: Permission) -> Request | Message:
    """The request that an HTTP check makes, or why it is not made."""
    templates, names, environment = _templates(check), variables(check), permission.environment
    if missing := [name for name in names if not environment.get(name)]:
        return say("measure.unset", name=missing[0])
    url, *lines = (VARIABLE.sub(lambda match: environment[match[1]], text) for text in templates)
    if not check.bundled:
        origin = origin_of(url)
        # What a variable makes of the host is as secret as the variable.
        host = clean(origin, 200) if origin_of(templates[0]) == origin else clean(templates[0], 200)
        if held := [name for name in names if origin not in permission.secrets.get(name, ())]:
            return say("measure.not_sent", name=held[0], host=host or "?")
        if origin not in permission.origins:
            return say("measure.not_asked", host=host or "?")
    headers = tuple(
        (name.strip(), value.strip()) for name, _, value in (line.partition(":") for line in lines)
    )
    return Request(str((check.parameters or {}).get("method", "GET")), url, headers)


def unapproved_origin(check: Check, permission: Permission) -> str:
    """The origin that a person would have to say yes to before this check asks it; empty where there is none."""
    if (
        check.probe != "http" or check.bundled or variables(check)
    ):  # a variable goes where it is configured to go
        return ""
    origin = origin_of(_templates(check)[0])
    return "" if origin in permission.origins else origin


def _templates(check: Check) -> list[str]:
    parameters = check.parameters or {}
    url, headers = parameters.get("url", ""), parameters.get("headers", ())
    lines = (headers,) if isinstance(headers, str) else headers
    return [url if isinstance(url, str) else ", ".join(url), *(line for line in lines if line)]
