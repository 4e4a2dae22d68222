"""One runbook in two languages: the ids, the order, the checks and the commands must be the same."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from core.message import say
from core.text import clean
from runbooks.lint.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from core.message import Value
    from runbooks.model import ActionCall, Check, Command, Phase, Runbook, Step

_COMMENT = re.compile(r"(?:^|\s)#.*$", re.MULTILINE)
_PLACEHOLDER = re.compile(r"<[^<>\n]*>|\"[^\"\n]*[^\x00-\x7f][^\"\n]*\"")
"""What a person fills in, and quoted words: these have a language."""


def drift(reference: Runbook, translation: Runbook) -> list[Finding]:
    """What differs, at the lines of `translation` with those of `reference` in evidence."""
    return [*_heads(reference, translation), *_phases(reference, translation)]


def _heads(reference: Runbook, translation: Runbook) -> Iterator[Finding]:
    for name, left, right in (
        ("severity", reference.severity, translation.severity),
        ("alerts", ", ".join(reference.alerts), ", ".join(translation.alerts)),
        ("panels", ", ".join(reference.panels), ", ".join(translation.panels)),
    ):
        if left != right:
            yield _finding(
                (reference, 1),
                (translation, 1),
                "lint.drift_head",
                name=name,
                there=left or "–",
                here=right or "–",
            )


def _phases(reference: Runbook, translation: Runbook) -> Iterator[Finding]:
    twins = {phase.id: phase for phase in translation.phases}
    for phase in reference.phases:
        twin = twins.get(phase.id)
        if twin is None:
            yield _finding((reference, phase.line), (translation, 1), "lint.drift_phase_missing", id=phase.id)
            continue
        for name, differs in (
            ("pause", bool(phase.pause) != bool(twin.pause)),
            ("prevention", phase.prevention != twin.prevention),
        ):
            if differs:
                yield _finding(
                    (reference, phase.line),
                    (translation, twin.line),
                    "lint.drift_phase",
                    id=phase.id,
                    name=name,
                )
        yield from _steps(reference, translation, phase, twin)
    ids = {phase.id for phase in reference.phases}
    for phase in translation.phases:
        if phase.id not in ids:
            yield _finding((reference, 1), (translation, phase.line), "lint.drift_phase_extra", id=phase.id)
    shared = [phase.id for phase in reference.phases if phase.id in twins]
    if shared != [phase.id for phase in translation.phases if phase.id in ids]:
        yield _finding((reference, 1), (translation, 1), "lint.drift_order", id="–")


def _steps(reference: Runbook, translation: Runbook, phase: Phase, twin: Phase) -> Iterator[Finding]:
    twins = {step.id: step for step in twin.steps}
    ids = {step.id for step in phase.steps}
    for step in phase.steps:
        if step.id not in twins:
            yield _finding(
                (reference, step.line), (translation, twin.line), "lint.drift_step_missing", id=step.id
            )
        else:
            yield from _step(reference, translation, step, twins[step.id])
    for step in twin.steps:
        if step.id not in ids:
            yield _finding(
                (reference, phase.line), (translation, step.line), "lint.drift_step_extra", id=step.id
            )
    if [step.id for step in phase.steps if step.id in twins] != [
        step.id for step in twin.steps if step.id in ids
    ]:
        yield _finding((reference, phase.line), (translation, twin.line), "lint.drift_order", id=phase.id)


def _step(reference: Runbook, translation: Runbook, step: Step, twin: Step) -> Iterator[Finding]:
    pairs: tuple[tuple[str, list[object], list[object]], ...] = (
        ("killer", [step.killer], [twin.killer]),
        ("check", [_check(check) for check in step.checks], [_check(check) for check in twin.checks]),
        ("sh", [_command(text) for text in step.commands], [_command(text) for text in twin.commands]),
        ("action", [_call(call) for call in step.actions], [_call(call) for call in twin.actions]),
    )
    lines = {
        "check": [check.line for check in twin.checks],
        "sh": [command.line for command in twin.commands],
        "action": [call.line for call in twin.actions],
    }
    for name, left, right in pairs:
        if left != right:
            block_lines = lines.get(name, [])
            first = next((i for i, (a, b) in enumerate(zip(left, right, strict=False)) if a != b), len(left))
            at = block_lines[first] if first < len(block_lines) else twin.line
            yield _finding(
                (reference, step.line), (translation, at), "lint.drift_step", id=step.id, name=name
            )


def _check(check: Check) -> tuple[object, ...]:
    """All that is measured; where it stands does not matter."""
    parameters = dict(check.parameters or {})
    return (
        check.promql,
        check.probe,
        parameters,
        check.expect.text,
        check.unit,
        check.within_s,
        check.window_s,
        check.for_s,
    )


def _call(call: ActionCall) -> tuple[object, ...]:
    return call.id, dict(call.parameters), sorted(call.asks)


def _command(command: Command) -> str:
    """The command without its comments, and without what a person fills in."""
    bare = _PLACEHOLDER.sub("…", _COMMENT.sub("", command.text))
    return "\n".join(line.rstrip() for line in bare.splitlines() if line.strip())


def _finding(
    reference: tuple[Runbook, int], translation: tuple[Runbook, int], key: str, **values: Value
) -> Finding:
    place = clean(f"{reference[0].file}:{reference[1]}", 300)
    return Finding(
        translation[0].file,
        translation[1],
        "drift",
        say(key, language=reference[0].language, **values),
        "certain",
        place,
    )
