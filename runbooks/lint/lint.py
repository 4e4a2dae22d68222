"""What is wrong in a runbook of our own format, found without asking anybody."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from core.errors import BadQuery, NotSupported
from core.message import say
from core.text import clean
from runbooks.lint.finding import Finding, from_problem
from runbooks.model import Paragraph

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runbooks.model import Check, Phase, Runbook, Step
    from runbooks.reading.read import Parsed

MAX_STEPS = 9
"""Between two pause points (Gawande, "The Checklist Manifesto"; Degani and Wiener, 1990)."""
_CHANGES = re.compile(
    r"\b(?:restart|stop|start|kill|rm|mv|scale|apply|rollout|deploy|push|revert|reset|purge|revoke|drop|delete|update"
    r"|upgrade|downgrade|insert|alter|create|truncate|set|rename|rate_limit|cancel_consumer|add_consumer|up|down)\b"
    r"|\bsed -i|-X ?(?:POST|PUT|PATCH|DELETE)",
    re.IGNORECASE,
)
"""Words of commands that change something; one that only reads has nothing to take back."""
_SECRET = re.compile(r"authorization|cookie|token|key|secret|password", re.IGNORECASE)


def lint(parsed: Parsed) -> list[Finding]:
    """Everything that the file itself shows; `lint.actions` knows of the actions that it calls."""
    findings = [from_problem(problem) for problem in parsed.problems]
    runbook = parsed.runbook
    if runbook.plain:
        return findings
    findings += _phases(runbook, parsed)
    findings += _pauses(runbook)
    for step in runbook.steps():
        findings += _commands(step)
        findings += [finding for check in step.checks for finding in lint_check(check, step.file)]
    return findings


def lint_check(check: Check, file: str) -> list[Finding]:
    """What is wrong in a check itself, in a runbook or anywhere else that has the format of its checks."""
    return [*_promql(check, file), *_constant(check, file), *_headers(check, file)]


def _phases(runbook: Runbook, parsed: Parsed) -> Iterator[Finding]:
    if not runbook.phases and not parsed.includes:
        yield Finding(runbook.file, 1, "no-steps", say("lint.no_steps"), "likely")
    for phase in runbook.phases:
        if not phase.steps:
            message = say("lint.empty_phase", title=phase.title)
            yield Finding(runbook.file, phase.line, "empty-phase", message, "likely")
        yield from _killers(phase)


def _killers(phase: Phase) -> Iterator[Finding]:
    for before, step in pairwise(phase.steps):
        if step.killer and not before.killer:
            message = say("lint.killer_late", step=step.text, before=before.text)
            yield Finding(
                step.file, step.line, "killer-late", message, "likely", fix=say("lint.killer_first")
            )


def _pauses(runbook: Runbook) -> Iterator[Finding]:
    """Steps that a person works off in one go; prevention waits for the postmortem."""
    run: list[Step] = []
    for phase in runbook.phases:
        if phase.prevention:
            continue
        run += phase.steps
        if phase.pause:
            yield from _too_many(run)
            run = []
    yield from _too_many(run)


def _too_many(run: list[Step]) -> Iterator[Finding]:
    if len(run) > MAX_STEPS:
        step = run[MAX_STEPS]
        message = say("lint.too_many_steps", count=len(run), limit=MAX_STEPS)
        yield Finding(step.file, step.line, "too-many-steps", message, "hint", fix=say("lint.add_pause"))


def _commands(step: Step) -> Iterator[Finding]:
    """Whoever types a command at night has to know what comes, and how to take it back."""
    if not step.commands:
        return
    roles = {block.role for block in step.blocks if isinstance(block, Paragraph)}
    line = step.commands[0].line
    if "expect" not in roles and not step.checks:
        yield Finding(step.file, line, "no-expect", say("lint.no_expect"), "hint")
    if "undo" not in roles and any(_CHANGES.search(command.text) for command in step.commands):
        yield Finding(step.file, line, "no-undo", say("lint.no_undo"), "hint")


def _promql(check: Check, file: str) -> Iterator[Finding]:
    """Read and evaluated over nothing, which finds wrong types too."""
    if not check.promql:
        return
    from signals.metrics.promql import evaluate
    from signals.store.ring import Ring

    try:
        evaluate(check.promql, Ring(60.0), 0.0)
    except NotSupported as error:
        message = say("lint.promql_not_here", detail=error.message)
        yield Finding(file, check.line, "promql-not-here", message, "hint", clean(check.promql, 300))
    except BadQuery as error:
        yield Finding(file, check.line, "promql-syntax", error.message, "certain", clean(check.promql, 300))


def _constant(check: Check, file: str) -> Iterator[Finding]:
    """A query that names no metric and asks for no time says the same whatever happens: nobody has written the check yet."""
    from signals.metrics.promql.names import is_constant

    if not check.promql:
        return
    try:
        says_always_the_same = is_constant(check.promql)
    except BadQuery:
        return  # said by its own rule
    if says_always_the_same:
        message, fix = say("lint.constant"), say("lint.name_a_metric")
        yield Finding(file, check.line, "constant-check", message, "likely", clean(check.promql, 300), fix)


def _headers(check: Check, file: str) -> Iterator[Finding]:
    """A secret belongs into the environment: a runbook is read by everybody, and kept for good."""
    headers = (check.parameters or {}).get("headers", ())
    for line in (headers,) if isinstance(headers, str) else headers:
        name, _, value = line.partition(":")
        if _SECRET.search(name) and "${" not in value:
            message = say("lint.literal_secret", header=clean(name, 80))
            yield Finding(
                file, check.line, "literal-secret", message, "likely", fix=say("lint.use_environment")
            )
