"""Answers of the tools that run services, read without trusting their shape; a cut or foreign one is `NotListed`."""

from __future__ import annotations

import datetime as dt
import json
import re
from typing import TYPE_CHECKING, Any

from actions.releases.errors import NotListed
from core.message import say
from core.text import clean

if TYPE_CHECKING:
    from actions.releases.model import Argv, Ask


_OFFSET = re.compile(r" ([+-]\d\d)(\d\d)$")


def answer(ask: Ask, argv: Argv) -> str:
    """What a program prints; raises `NotListed` with its last words where it ends with an error."""
    done = ask(argv)
    if done.exit_code:
        detail = last_line(done.words or done.document)
        raise NotListed(
            say("releases.tool_failed", program=clean(argv[0], 80), code=done.exit_code, detail=detail)
        )
    return done.document


def json_answer(ask: Ask, argv: Argv) -> Any:
    """The same as JSON."""
    return parse_json(argv[0], answer(ask, argv))


def json_lines(ask: Ask, argv: Argv) -> list[dict[str, Any]]:
    """Objects, one a line or in one list: docker has printed either."""
    text = answer(ask, argv).strip()
    if text.startswith("["):
        items = parse_json(argv[0], text)
    else:
        items = [parse_json(argv[0], line) for line in text.splitlines() if line.strip()]
    return objects(items)


def parse_json(program: str, text: str) -> Any:
    """JSON, or `NotListed` that shows how it begins."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise NotListed(
            say("releases.no_json", program=clean(program, 80), start=clean(text.strip()[:60]) or "–")
        ) from None


def objects(value: object) -> list[dict[str, Any]]:
    """The objects of a list; nothing else."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def inner(value: object, *path: str) -> Any:
    """What stands at the end of a path of keys; None where a part of it is missing."""
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def moment(text: object) -> float | None:
    """Unix seconds of a time as the tools print it: RFC 3339, a number, or docker's `2026-11-28 20:01:02 +0000 UTC`."""
    if isinstance(text, int | float) and not isinstance(text, bool):
        return float(text)
    if not isinstance(text, str):
        return None
    for shape in (text, _OFFSET.sub(r"\1:\2", " ".join(text.split()[:3]))):
        try:
            at = dt.datetime.fromisoformat(shape)
        except ValueError:
            continue
        return at.timestamp() if at.tzinfo else None
    return None


def last_line(output: str) -> str:
    """What a program said last."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return clean(lines[-1], 300) if lines else "–"
