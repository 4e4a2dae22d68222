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
_PLACE = re.compile(r"<[^<>\n]*>|\"[^\"\n]*[^\x00-\x7f][^\"\n]*\"")
"""What a person fills in, and quoted words: these have a language."""


def drift(one: Runbook, other: Runbook) -> list[Finding]:
    """What differs, told at `other`'s lines with `one`'s in evidence."""
    return [*_heads(one, other), *_phases(one, other)]


def _heads(one: Runbook, other: Runbook) -> Iterator[Finding]:
    for name, mine, theirs in (
        ("severity", one.severity, other.severity),
        ("alerts", ", ".join(one.alerts), ", ".join(other.alerts)),
        ("panels", ", ".join(one.panels), ", ".join(other.panels)),
    ):
        if mine != theirs:
            yield _found(
                (one, 1), (other, 1), "lint.drift_head", name=name, there=mine or "–", here=theirs or "–"
            )


def _phases(one: Runbook, other: Runbook) -> Iterator[Finding]:
    theirs = {phase.id: phase for phase in other.phases}
    for phase in one.phases:
        twin = theirs.get(phase.id)
        if twin is None:
            yield _found((one, phase.line), (other, 1), "lint.drift_phase_missing", id=phase.id)
            continue
        for name, differs in (
            ("pause", bool(phase.pause) != bool(twin.pause)),
            ("prevention", phase.prevention != twin.prevention),
        ):
            if differs:
                yield _found(
                    (one, phase.line), (other, twin.line), "lint.drift_phase", id=phase.id, name=name
                )
        yield from _steps(one, other, phase, twin)
    mine = {phase.id for phase in one.phases}
    for phase in other.phases:
        if phase.id not in mine:
            yield _found((one, 1), (other, phase.line), "lint.drift_phase_extra", id=phase.id)
    shared = [phase.id for phase in one.phases if phase.id in theirs]
    if shared != [phase.id for phase in other.phases if phase.id in mine]:
        yield _found((one, 1), (other, 1), "lint.drift_order", id="–")


def _steps(one: Runbook, other: Runbook, phase: Phase, twin: Phase) -> Iterator[Finding]:
    theirs = {step.id: step for step in twin.steps}
    mine = {step.id for step in phase.steps}
    for step in phase.steps:
        if step.id not in theirs:
            yield _found((one, step.line), (other, twin.line), "lint.drift_step_missing", id=step.id)
        else:
            yield from _step(one, other, step, theirs[step.id])
    for step in twin.steps:
        if step.id not in mine:
            yield _found((one, phase.line), (other, step.line), "lint.drift_step_extra", id=step.id)
    if [step.id for step in phase.steps if step.id in theirs] != [
        step.id for step in twin.steps if step.id in mine
    ]:
        yield _found((one, phase.line), (other, twin.line), "lint.drift_order", id=phase.id)


def _step(one: Runbook, other: Runbook, mine: Step, theirs: Step) -> Iterator[Finding]:
    pairs: tuple[tuple[str, list[object], list[object]], ...] = (
        ("killer", [mine.killer], [theirs.killer]),
        ("check", [_check(check) for check in mine.checks], [_check(check) for check in theirs.checks]),
        ("sh", [_command(text) for text in mine.commands], [_command(text) for text in theirs.commands]),
        ("action", [_call(call) for call in mine.actions], [_call(call) for call in theirs.actions]),
    )
    lines = {
        "check": [check.line for check in theirs.checks],
        "sh": [command.line for command in theirs.commands],
        "action": [call.line for call in theirs.actions],
    }
    for name, left, right in pairs:
        if left != right:
            of_blocks = lines.get(name, [])
            first = next((i for i, (a, b) in enumerate(zip(left, right, strict=False)) if a != b), len(left))
            at = of_blocks[first] if first < len(of_blocks) else theirs.line
            yield _found((one, mine.line), (other, at), "lint.drift_step", id=mine.id, name=name)


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
    return call.id, dict(call.parameters)


def _command(command: Command) -> str:
    """The command without its comments, and without what a person fills in."""
    bare = _PLACE.sub("…", _COMMENT.sub("", command.text))
    return "\n".join(line.rstrip() for line in bare.splitlines() if line.strip())


def _found(one: tuple[Runbook, int], other: tuple[Runbook, int], key: str, **values: Value) -> Finding:
    place = clean(f"{one[0].file}:{one[1]}", 300)
    return Finding(
        other[0].file, other[1], "drift", say(key, language=one[0].language, **values), "certain", place
    )
