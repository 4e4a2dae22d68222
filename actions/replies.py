"""Telling workers something that each of them confirms: who did not, and what it said."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.text import clean

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from actions.capabilities import Workers


def tell_workers(
    workers: Workers,
    command: str,
    arguments: Mapping[str, object],
    names: Sequence[str],
    *,
    wait_s: float | None = None,
) -> dict[str, str]:
    """What speaks against it by worker: its own words, or nothing where it did not reply. Empty where all confirmed."""
    replies = workers.ask(command, arguments, destination=names, wait_s=wait_s) if names else {}
    failed: dict[str, str] = {}
    for worker in names:
        reply = replies.get(worker)
        if not isinstance(reply, dict) or "ok" not in reply:
            error = reply.get("error") if isinstance(reply, dict) else None
            failed[worker] = clean(str(error), 200) if error else ""
    return failed
