"""A check in words: what it asks, and what it expects until when."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.units import quantity
from runbooks.checks.observation import expectation_text

if TYPE_CHECKING:
    from runbooks.model import Check
    from tui.i18n import Language


def asked(check: Check) -> str:
    """The query or the probe, as written; headers, which may hold a secret, are left out."""
    if check.promql:
        return " ".join(check.promql.split())
    values = (check.parameters or {}).items()
    shown = [
        value if isinstance(value, str) else ", ".join(value) for name, value in values if name != "headers"
    ]
    return " ".join([str(check.probe), *shown])


def expected(check: Check, words: Language) -> str:
    """Such as 'expected falling, within 2 min'."""
    text = words.say(expectation_text(check))
    if check.for_s:
        text = words.text("runbook.lasting", text=text, lasting=words.say(quantity(check.for_s, "s")))
    if check.within_s:
        within = words.say(quantity(check.within_s, "s"))
        text = words.text("runbook.within", text=text, within=within)
    return text
