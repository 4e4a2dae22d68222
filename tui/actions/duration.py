"""`--for DURATION`: how long an effect stays in force."""

from __future__ import annotations

from actions.errors import BadParameter
from actions.model import MAX_LASTS_S
from core.message import say
from core.text import clean
from core.times import parse_duration


def lasts_s(text: str) -> float | None:
    """None where nothing is said; raises `BadParameter`."""
    if not text:
        return None
    try:
        seconds = parse_duration(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= MAX_LASTS_S:
        raise BadParameter(say("run.bad_duration", text=clean(text, 40)))
    return seconds
