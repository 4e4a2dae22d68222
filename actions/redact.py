"""Takes secrets out of texts, in the spellings in which programs print them, before anything is stored or shown."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

from actions.parameters import MASK
from core.message import Message
from core.text import clean_block

if TYPE_CHECKING:
    from collections.abc import Iterable

    from actions.model import Fact, Plan
    from actions.step import Step
    from core.message import Value

MAX_LENGTH = 100_000
MIN_PART = 4
"""A shorter line of a secret of several lines says nothing by itself."""


class Redactor:
    """Takes secrets out of a text, in the spellings in which programs print them."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._known: set[str] = set()
        self._pattern: re.Pattern[str] | None = None
        self.add(*secrets)

    def __call__(self, text: str) -> str:
        """`text` with a mask where a secret stood."""
        return text if self._pattern is None else self._pattern.sub(MASK, text)

    def add(self, *secrets: str) -> None:
        """Take these out from now on, too."""
        self._known |= {spelling for secret in secrets if secret for spelling in _spellings(secret)}
        ordered = sorted(self._known, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, ordered))) if ordered else None

    def message(self, message: Message) -> Message:
        """The same for what a message says."""
        return Message(
            message.key,
            {name: self._value(value) for name, value in message.values.items()},
            self(message.otherwise),
        )

    def _value(self, value: Value) -> Value:
        match value:
            case Message():
                return self.message(value)
            case str():
                return self(value)
            case _:
                return value


def _spellings(secret: str) -> set[str]:
    lines = {line for line in secret.splitlines() if len(line.strip()) >= MIN_PART}
    encoded = {base64.b64encode(secret.encode()).decode(), base64.urlsafe_b64encode(secret.encode()).decode()}
    written = {json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1], repr(secret)[1:-1]}
    plain = {secret, secret.strip(), quote(secret), quote(secret, safe=""), quote_plus(secret)}
    spellings = plain | lines | encoded | written
    return {each for spelling in spellings for each in (spelling, clean_block(spelling, MAX_LENGTH)) if each}


def redact_plan(plan: Plan, redact: Redactor) -> Plan:
    """The plan as it may be shown and kept: a configuration may have put a secret into an argv."""
    return replace(
        plan,
        target=redact(plan.target),
        resource=redact(plan.resource),
        params={name: redact(value) for name, value in plan.params.items()},
        steps=tuple(_redact_step(step, redact) for step in plan.steps),
        effects=tuple(_redact_fact(fact, redact) for fact in plan.effects),
        facts=tuple(_redact_fact(fact, redact) for fact in plan.facts),
        blockers=tuple(redact.message(blocker) for blocker in plan.blockers),
        warnings=tuple(redact.message(warning) for warning in plan.warnings),
    )


def _redact_step(step: Step, redact: Redactor) -> Step:
    return replace(
        step,
        text=redact(step.text),
        argv=tuple(redact(argument) for argument in step.argv),
        cwd=redact(step.cwd),
        environment=tuple((name, redact(value)) for name, value in step.environment),
    )


def _redact_fact(fact: Fact, redact: Redactor) -> Fact:
    return replace(fact, value=redact(fact.value)) if isinstance(fact.value, str) else fact
