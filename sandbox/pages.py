"""How the sandbox's own HTTP servers send a page."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from http.server import BaseHTTPRequestHandler


def send_page(handler: BaseHTTPRequestHandler, status: int, kind: str, body: bytes) -> None:
    """Answer the request with a whole page; `kind` is its media type."""
    handler.send_response(status)
    handler.send_header("Content-Type", kind)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)
