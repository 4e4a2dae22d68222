"""Plain HTTP between the sandbox's own processes: how its servers send a page, and what its clients do without."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from http.server import BaseHTTPRequestHandler

NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""`verify` of a request: else httpx reads every authority there is, for each message 40 ms of CPU."""


def send_page(handler: BaseHTTPRequestHandler, status: int, kind: str, body: bytes) -> None:
    """Answer the request with a whole page; `kind` is its media type."""
    handler.send_response(status)
    handler.send_header("Content-Type", kind)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)
