"""HTTP requests of tests to servers of this machine, without TLS: a client of httpx's own reads every authority there is.

That is 40 to 90 ms of CPU a request, which a wait that asks anew makes dozens of times.
"""

from __future__ import annotations

import functools

import httpx

from sandbox.pages import NO_TLS

get = functools.partial(httpx.get, verify=NO_TLS, trust_env=False)
open_client = functools.partial(httpx.Client, verify=NO_TLS, trust_env=False)
post = functools.partial(httpx.post, verify=NO_TLS, trust_env=False)
