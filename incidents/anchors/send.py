"""Sends an anchor to what `[journal.anchors]` names, as status updates are sent; a failure is told, target by target.

A generic webhook gets the anchor itself, a chat the one line (a mark) that stands for it. A repository is not given an anchor of a
journal that lacks what the repository's last one holds: what it knows must not be covered up.
"""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, NamedTuple

from core.errors import WarroomError
from incidents.anchors.git import keep_anchor, last_anchor
from incidents.journal.anchor import anchor_of, mark_of, read_anchor
from incidents.journal.verify import verify
from incidents.updates.deliver import send
from incidents.updates.update import Sending, host_of

if TYPE_CHECKING:
    from core.message import Message
    from incidents.journal.store import Store
    from incidents.journal.verify import Finding
    from incidents.settings import AnchorSettings, GitAnchorSettings


class Sent(NamedTuple):
    """How one sending went: `detail` is a status or a commit, `problem` why it did not work."""

    target: str
    ok: bool
    detail: str = ""
    problem: Message | None = None
    findings: tuple[Finding, ...] = ()


def send_anchor(store: Store, settings: AnchorSettings, place: str, actor: str) -> tuple[Sent, ...]:
    """To everybody who is configured; `place` names the journal. Raises `JournalError`, and `ConfigError` before anything is sent."""
    text, mark = anchor_of(store).text, mark_of(store)
    sendings = [
        Sending(name, hook.kind, host_of(name, hook), _body(hook.kind, text, f"{place}\n{mark}"))
        for name, hook in settings.webhooks.items()
    ]
    sent = [
        _to_repository(store, name, git, text=text, subject=f"Anchor of {place}\n\n{mark}\n", actor=actor)
        for name, git in settings.git.items()
    ]
    for sending in sendings:
        outcome = asyncio.run(send(sending, settings.webhooks[sending.target]))
        sent.append(Sent(outcome.target, outcome.ok, outcome.detail))
    return tuple(sent)


def _to_repository(
    store: Store, name: str, git: GitAnchorSettings, *, text: str, subject: str, actor: str
) -> Sent:
    try:
        before = last_anchor(git)
        if before is not None and (findings := verify(store, read_anchor(before)).findings):
            return Sent(name, ok=False, findings=findings)
        return Sent(name, ok=True, detail=keep_anchor(git, text, subject, actor)[:12])
    except WarroomError as error:
        return Sent(name, ok=False, problem=error.message)


def _body(kind: str, text: str, line: str) -> bytes:
    if kind == "generic":
        return text.encode()
    if kind == "discord":
        return json.dumps({"content": line, "allowed_mentions": {"parse": []}}).encode()
    return json.dumps({"text": line}).encode()
