"""The address of a Redis, as redis-py and as Celery write it: one way in, and the way out that each of them reads.

`redis://`, `rediss://`, `unix://` (Celery: `redis+socket://`), `sentinel://a:26379;sentinel://b:26379/0`. TLS is
verified unless the address says otherwise (`?ssl_cert_reqs=none`, Celery: `CERT_NONE`); Celery alone would not.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from core.errors import Unreachable
from core.message import say
from core.text import clean
from signals.connections.credentials import require_certificates

if TYPE_CHECKING:
    from collections.abc import Mapping

_SCHEMES: Final[Mapping[str, Literal["redis", "rediss", "unix", "sentinel"]]] = {
    "redis": "redis",
    "rediss": "rediss",
    "unix": "unix",
    "redis+socket": "unix",
    "socket": "unix",
    "sentinel": "sentinel",
}
REDIS_SCHEMES = frozenset(_SCHEMES)
_PORTS: Final = {"redis": 6379, "rediss": 6379, "unix": 0, "sentinel": 26379}
_CERTIFICATES = ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile")
_CERT_REQS: Final = re.compile(r"(?:cert_)?(none|optional|required)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class RedisAddress:
    """`hosts` are the sentinels behind `sentinel`, none behind `unix`; `options` are redis-py's."""

    scheme: Literal["redis", "rediss", "unix", "sentinel"]
    hosts: tuple[tuple[str, int], ...] = ()
    path: str = ""
    database: int = 0
    user: str = ""
    password: str | None = field(default=None, repr=False)
    options: Mapping[str, str] = field(default_factory=dict)

    def for_redis(self) -> str:
        """As redis-py reads it; of sentinels the address of the first, as if it were the server."""
        query = urlencode(dict(self.options))
        if self.scheme == "unix":
            return f"unix://{self._login()}{quote(self.path)}?" + urlencode(
                {"db": self.database, **self.options}
            )
        scheme = "redis" if self.scheme == "sentinel" else self.scheme
        return f"{scheme}://{self._login()}{_host(*self.hosts[0])}/{self.database}?{query}"

    def for_celery(self) -> str:
        """As Kombu reads it: it knows of the options only those of TLS."""
        tls = {name: value for name, value in self.options.items() if name.startswith("ssl_")}
        if self.scheme == "unix":
            return f"redis+socket://{self._login()}{quote(self.path)}?virtual_host={self.database}"
        if self.scheme == "rediss":
            tls.setdefault("ssl_cert_reqs", "required")
        query = f"?{urlencode(tls)}" if tls else ""
        return ";".join(
            f"{self.scheme}://{self._login()}{_host(*host)}/{self.database}{query}" for host in self.hosts
        )

    def _login(self) -> str:
        if not self.user and self.password is None:
            return ""
        password = "" if self.password is None else f":{quote(self.password, safe='')}"
        return f"{quote(self.user, safe='')}{password}@"


def parse_redis_address(url: str, password: str | None, *, source: str) -> RedisAddress:
    """The address, with `password` where it has none; raises `Unreachable` that says what to write instead."""
    first, *others = url.split(";") if "://" in url else [url]
    try:
        address = _parse(first, source)
    except ValueError:  # its words may hold a part of the address, and with it the password
        raise Unreachable(say("queues.bad_url", source=source)) from None
    if others and address.scheme != "sentinel":
        raise Unreachable(say("queues.several_brokers", source=source))
    for other in others:
        host = urlsplit(other if "://" in other else f"sentinel://{other}")
        address = replace(
            address, hosts=(*address.hosts, (host.hostname or "localhost", host.port or _PORTS["sentinel"]))
        )
    return address if address.password is not None else replace(address, password=password)


def _parse(url: str, source: str) -> RedisAddress:
    parts = urlsplit(url)
    if parts.scheme not in _SCHEMES:
        if not parts.scheme or "://" not in url:
            raise ValueError(url)
        raise Unreachable(say("queues.not_a_redis", source=source, scheme=clean(parts.scheme, 30)))
    scheme = _SCHEMES[parts.scheme]
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    database = options.pop("virtual_host", options.pop("db", ""))
    if scheme != "unix":
        database = unquote(parts.path).strip("/") or database
    if re.fullmatch(r"/?\d{0,6}", database) is None:
        raise Unreachable(say("queues.bad_database", source=source, database=clean(database, 30)))
    if (requirement := options.get("ssl_cert_reqs")) is not None:
        match = _CERT_REQS.fullmatch(requirement)
        if match is None:
            raise Unreachable(say("queues.bad_cert_reqs", source=source, value=clean(requirement, 30)))
        options["ssl_cert_reqs"] = match.group(1).lower()
    certificates = [Path(options[name]) for name in _CERTIFICATES if options.get(name)]
    require_certificates(*(path for path in certificates if path.exists()))
    if scheme == "unix" and not parts.path.strip("/"):
        raise ValueError(url)
    return RedisAddress(
        scheme=scheme,
        hosts=() if scheme == "unix" else ((parts.hostname or "localhost", parts.port or _PORTS[scheme]),),
        path=unquote(parts.path) if scheme == "unix" else "",
        database=int(database.strip("/") or 0),
        user=unquote(parts.username or "") or options.pop("username", ""),
        password=_first(unquote(parts.password or "") or None, options.pop("password", None)),
        options=options,
    )


def _first(*passwords: str | None) -> str | None:
    return next((password for password in passwords if password is not None), None)


def _host(name: str, port: int) -> str:
    return f"[{name}]:{port}" if ":" in name else f"{quote(name)}:{port}"
