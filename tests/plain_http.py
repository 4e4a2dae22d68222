"""HTTP requests of tests to servers of this machine, without TLS: a client of httpx's own reads every authority there is.

That is 40 to 90 ms of CPU a request, which a wait that asks anew makes dozens of times.
"""

from __future__ import annotations

import functools
import ssl

import httpx

NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""For a client that is opened to plain HTTP."""
get = functools.partial(httpx.get, verify=NO_TLS, trust_env=False)
post = functools.partial(httpx.post, verify=NO_TLS, trust_env=False)
