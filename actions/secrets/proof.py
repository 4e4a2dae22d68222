"""Whether a value works, by asking the one who decides: accepted, refused, or not known and why.

Only an answer about the value counts. A limit, an error of the server, a redirect, a web page where an API should be (a
firewall, a ban by Cloudflare) say nothing about it; and where a made-up value is let in, too, being let in proves nothing.
"""

from __future__ import annotations

import asyncio
import re
import secrets as random
import string
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from actions.capabilities import Command
from actions.secret_settings import PLACE
from actions.secrets.servers import is_let_in, place
from core.errors import WarroomError
from core.message import Message, say
from core.text import clean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from actions.model import Context
    from actions.secret_settings import ProofSettings, SecretSettings

MAX_BODY = 65_536
_GATEWAY = re.compile(rb"\A\s*<|error code: ?1\d{3}", re.IGNORECASE)
"""A page for people, or Cloudflare's own numbers (support article 6223003921559): the one who decides was not asked."""
TOO_MANY = 429
DOUBTFUL = (400, 403)
"""Statuses that an address or a request gets, too, whatever the value: alone they prove nothing."""
_CLASSES = (string.digits, string.ascii_lowercase, string.ascii_uppercase)


class Answer(StrEnum):
    """What is known of a value."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Proof:
    """The answer, and how it came about: `said` names a status or why nobody knows, never the value."""

    answer: Answer
    said: Message
    status: int | None = None


def prove(secret: SecretSettings, values: Sequence[str], context: Context) -> list[Proof]:
    """One proof for each value, all by the same request.

    A 403 counts as a refusal of the value only beside one that is let in: alone it may be the address that is refused.
    """
    if secret.prove is None:
        return [Proof(Answer.UNKNOWN, say("secrets.no_proof")) for _ in values]
    proofs = [_ask(secret, secret.prove, value, context) for value in values]
    accepted = any(proof.answer is Answer.ACCEPTED for proof in proofs)
    refused = any(proof.answer is Answer.REFUSED for proof in proofs)
    if accepted and not refused:
        control = _ask(secret, secret.prove, made_up(values[0]), context)
        if control.answer is Answer.ACCEPTED:
            nothing = say("secrets.accepts_anything", said=control.said)
            return [
                Proof(Answer.UNKNOWN, nothing, proof.status) if proof.answer is Answer.ACCEPTED else proof
                for proof in proofs
            ]
    if refused and not accepted:
        return [
            Proof(Answer.UNKNOWN, say("secrets.refuses_all", said=proof.said), proof.status)
            if proof.answer is Answer.REFUSED and proof.status in DOUBTFUL
            else proof
            for proof in proofs
        ]
    return proofs


def shown(secret: SecretSettings, context: Context) -> tuple[str, tuple[str, ...]]:
    """The request as a plan shows it: its text, or its argv."""
    proof = secret.prove
    if proof is None:
        return "", ()
    if proof.command is not None:
        return "", proof.command
    if proof.server is not None:
        return f"LOGIN {place(proof.server, proof.user, context)}", ()
    headers = "  ".join(f"{name}: {text.replace(PLACE, '••••')}" for name, text in proof.headers.items())
    return clean(f"{proof.method} {proof.url.replace(PLACE, '••••')}  {headers}", 1000), ()


def made_up(value: str) -> str:
    """Another value of the same form, which nobody has given out: the last part of an address, else all of it."""
    head, slash, last = value.rpartition("/")
    changed = "".join(
        random.choice(next((letters for letters in _CLASSES if letter in letters), letter)) for letter in last
    )
    return head + slash + changed


def _ask(secret: SecretSettings, proof: ProofSettings, value: str, context: Context) -> Proof:
    try:
        if proof.server is not None:
            let_in = is_let_in(proof.server, proof.user, value, context, proof.timeout_s)
            key = "secrets.let_in" if let_in else "secrets.not_let_in"
            where = say(key, place=place(proof.server, proof.user, context))
            return Proof(Answer.ACCEPTED if let_in else Answer.REFUSED, where)
        if proof.command is not None:
            return _by_command(secret, proof, value, context)
        return _by_http(proof, value)
    except WarroomError as error:
        return Proof(Answer.UNKNOWN, error.message)


def _by_command(secret: SecretSettings, proof: ProofSettings, value: str, context: Context) -> Proof:
    argv = proof.command or ()
    completed = context.processes.read(
        Command(
            argv=argv,
            cwd=secret.cwd,
            environment=secret.environment,
            stdin=value.encode(),
            timeout_s=proof.timeout_s,
        )
    )
    exited = say("actions.exited", program=clean(argv[0], 80), code=completed.exit_code)
    if completed.exit_code == 0:
        return Proof(Answer.ACCEPTED, exited)
    known = completed.exit_code in proof.refused_exit
    return Proof(Answer.REFUSED if known else Answer.UNKNOWN, exited)


def _by_http(proof: ProofSettings, value: str) -> Proof:
    """Errors are told by their kind: their words may hold the address, and with it the value."""
    import httpx

    url = proof.url.replace(PLACE, value)
    host = _host(url)
    try:
        status, retry, content_type, body = asyncio.run(_exchange(proof, url, value))
    except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, ValueError, OSError) as error:
        return Proof(Answer.UNKNOWN, say("secrets.not_reached", host=host, detail=type(error).__name__))
    if status in proof.accepted:
        return Proof(Answer.ACCEPTED, say("secrets.answered", host=host, status=status), status)
    if status == TOO_MANY:
        return Proof(Answer.UNKNOWN, say("secrets.limited", host=host, wait=clean(retry, 20) or "?"), status)
    if status not in proof.refused:
        return Proof(Answer.UNKNOWN, say("secrets.answered_else", host=host, status=status), status)
    if content_type.startswith("text/html") or _GATEWAY.search(body):
        return Proof(Answer.UNKNOWN, say("secrets.gateway", host=host, status=status), status)
    return Proof(Answer.REFUSED, say("secrets.answered", host=host, status=status), status)


async def _exchange(proof: ProofSettings, url: str, value: str) -> tuple[int, str, str, bytes]:
    """Status, Retry-After, kind and beginning of the body, as it came: nothing is unpacked."""
    import httpx

    from signals.connections.proxy import proxy_for

    headers = {name: text.replace(PLACE, value) for name, text in proof.headers.items()}
    headers = {"Accept-Encoding": "identity", **headers}
    body = b""
    async with (
        asyncio.timeout(proof.timeout_s),
        httpx.AsyncClient(timeout=proof.timeout_s, trust_env=False, proxy=proxy_for(url, None)) as client,
        client.stream(proof.method, url, headers=headers) as response,
    ):
        async for part in response.aiter_raw(MAX_BODY):
            body += part
            if len(body) >= MAX_BODY:
                break
        kind = response.headers.get("content-type", "")
        return response.status_code, response.headers.get("retry-after", ""), kind, body


def _host(url: str) -> str:
    try:
        parts = urlsplit(url)
        return clean(parts.hostname or "?", 100) + (f":{parts.port}" if parts.port else "")
    except ValueError:
        return "?"
