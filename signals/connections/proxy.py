"""Which proxy a request takes: the configured one, else HTTPS_PROXY, HTTP_PROXY or ALL_PROXY, unless NO_PROXY names its host.

As Go's `golang.org/x/net/http/httpproxy` reads them, and so Prometheus: also by network, and never for this machine
itself, so that a proxy for the world does not stand before a server on loopback.
"""

from __future__ import annotations

import ipaddress
import os
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from core.errors import Unreachable
from core.message import say
from core.text import clean

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import SecretStr

SCHEMES = ("http", "https")
NONE = "none"
"""What a setting says where the environment's proxy shall not be taken."""


def proxy_for(url: str, setting: SecretStr | None, environment: Mapping[str, str] = os.environ) -> str | None:
    """The address of the proxy, which may hold a password; None for a direct connection.

    Raises `Unreachable` for one that does not speak HTTP.
    """
    if setting is not None:
        address = setting.get_secret_value()
        return None if address in ("", NONE) else _checked(address)
    parts = urlsplit(url)
    host = parts.hostname or ""
    proxy = _variable(f"{parts.scheme}_proxy", environment) or _variable("all_proxy", environment)
    if (
        not proxy
        or _is_this_machine(host)
        or _is_excluded(host, parts.port, _variable("no_proxy", environment))
    ):
        return None
    return _checked(proxy)


def proxy_host(proxy: str | None) -> str:
    """How a proxy is called in a message: without its password. Empty where there is none."""
    parts = urlsplit(proxy or "")
    return f"{parts.hostname or ''}:{parts.port}" if parts.port else parts.hostname or ""


def _checked(address: str) -> str:
    whole = address if "://" in address else f"http://{address}"
    try:
        known = urlsplit(whole).scheme in SCHEMES and bool(proxy_host(whole))
    except ValueError:  # a port that is no number
        known = False
    if not known:
        raise Unreachable(say("signals.bad_proxy", scheme=clean(urlsplit(whole).scheme)))
    return whole


def _variable(name: str, environment: Mapping[str, str]) -> str:
    return environment.get(name) or environment.get(name.upper()) or ""


def _is_this_machine(host: str) -> bool:
    address = _address(host)
    return host == "localhost" or (address is not None and address.is_loopback)


def _is_excluded(host: str, port: int | None, no_proxy: str) -> bool:
    """By host name, by `.domain` or `domain` (those below it, too), by address, by network, by any of these with a port."""
    address = _address(host)
    for entry in (part.strip().lower() for part in no_proxy.split(",")):
        name, _, wanted_port = entry.rpartition(":") if entry.count(":") == 1 else (entry, "", "")
        if not name or (wanted_port and wanted_port != str(port)):
            continue
        if name == "*":
            return True
        if address is not None and "/" in name:
            try:
                if address in ipaddress.ip_network(name, strict=False):
                    return True
            except ValueError:
                continue
        domain = name.removeprefix("*").removeprefix(".")
        if host.lower().endswith(f".{domain}") or (
            host.lower() == domain and not name.startswith((".", "*."))
        ):
            return True
    return False


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
