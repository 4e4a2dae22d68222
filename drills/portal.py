"""The page of a provider at which a person ends a key and gets a new one: of a sandbox, its stand-in's."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from core.errors import WarroomError
from core.message import say
from sandbox.access import Access

if TYPE_CHECKING:
    from drills.site import Site

TIMEOUT_S, MAX_BYTES = 10.0, 10_000


def portal_address(site: Site, secret: str) -> str | None:
    """Where the sandbox's stand-in of the provider behind `[actions.secrets]` `secret` takes a POST; None where there is none."""
    known = site.run.actions.secrets.get(secret)
    if site.target.sandbox is None or known is None or known.prove is None:
        return None
    place = urlsplit(known.prove.url)
    return f"http://{place.netloc}/portal/{place.path.strip('/').partition('/')[0]}"


def new_key(site: Site, secret: str) -> str:
    """End the key behind `[actions.secrets]` `secret` and return the new one, which is never shown. Raises `WarroomError`."""
    folder, address = site.target.sandbox, portal_address(site, secret)
    if folder is None or address is None:
        raise WarroomError(say("drill.no_portal", secret=secret))
    request = Request(  # noqa: S310  # of the sandbox, on loopback
        address, data=b"{}", headers={"Authorization": f"Bearer {Access(folder).token}"}
    )
    try:
        with urlopen(request, timeout=TIMEOUT_S) as answer:  # noqa: S310  # as above
            (value,) = json.loads(answer.read(MAX_BYTES)).values()
    except (URLError, OSError, ValueError, AttributeError) as error:
        raise WarroomError(say("drill.no_portal", secret=secret)) from error
    return str(value)
