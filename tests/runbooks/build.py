"""Runbooks for tests, written as a person would."""

from __future__ import annotations

from runbooks.reading.read import Parsed, read_runbook

HEAD = "---\nid: book\ntitle: Book\nalerts: [QueueLong]\n---\n"


def parsed(body: str, head: str = HEAD, file: str = "book.md", language: str = "en") -> Parsed:
    """A runbook whose body begins at line 6 (with the usual head)."""
    return read_runbook(head + body, file, language)


def step(identity: str, *blocks: str, mark: str = "", text: str = "") -> str:
    """One step; each block stands behind a blank line."""
    inside = "".join("\n" + "".join(f"  {line}\n" for line in block.split("\n")) for block in blocks)
    return f"- [ ] {mark}{text or identity} <!-- id: {identity} -->\n{inside}"


def phase(identity: str, *steps: str, words: str = "", pause: str = "") -> str:
    """A phase with its steps, and a pause point when one is asked for."""
    behind = f"\n> {pause} <!-- pause -->\n" if pause else ""
    return f"## {identity.capitalize()} <!-- id: {identity}{' ' + words if words else ''} -->\n{''.join(steps)}{behind}\n"


SH, EXPECT, UNDO = "```sh\nsystemctl restart x\n```", "**Expect:** it runs.", "**Undo:** nothing to undo."
CHECK = "```check\npromql: up\nexpect: < 5\n```"
