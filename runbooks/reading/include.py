"""Puts the phases of other runbooks where `<!-- include: … -->` stands. A circle is a problem with its line."""

from __future__ import annotations

from dataclasses import replace
from difflib import get_close_matches
from typing import TYPE_CHECKING

from core.message import say
from core.text import clean
from runbooks.model import Problem
from runbooks.reading.ids import numbered

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.message import Message
    from runbooks.model import Phase, Runbook
    from runbooks.reading.format import Include
    from runbooks.reading.read import Parsed

MAX_INCLUDES = 100
"""Includes of includes can double a runbook at each stage."""


def resolve(parsed: Parsed, known: Mapping[str, Parsed]) -> tuple[Runbook, tuple[Problem, ...]]:
    """The runbook with its includes from `known` (by id), and what was wrong with them."""
    if not parsed.includes:
        return parsed.runbook, ()
    resolver = _Resolver(known)
    phases = resolver.phases(parsed, (parsed.runbook.id,))
    return replace(parsed.runbook, phases=numbered(phases)), tuple(resolver.problems)


class _Resolver:
    """Counts the includes of one runbook and collects what is wrong with them."""

    def __init__(self, known: Mapping[str, Parsed]) -> None:
        self.problems: list[Problem] = []
        self._known = known
        self._count = 0

    def phases(self, parsed: Parsed, path: tuple[str, ...]) -> list[Phase]:
        """All phases of `parsed`, which was reached over the runbooks of `path`."""
        phases: list[Phase] = []
        own = parsed.runbook.phases
        for index in range(len(own) + 1):
            for include in parsed.includes:
                if include.before == index:
                    phases += self._included(include, parsed.runbook.file, path)
            phases += own[index : index + 1]
        return phases

    def _included(self, include: Include, file: str, path: tuple[str, ...]) -> list[Phase]:
        def complain(rule: str, message: Message) -> list[Phase]:
            self.problems.append(Problem(file, include.line, rule, message))
            return []

        name = clean(include.runbook, 80)
        if include.runbook in path:
            circle = " → ".join((*path[path.index(include.runbook) :], name))
            return complain("include-cycle", say("runbook.include_cycle", path=circle))
        self._count += 1
        if self._count > MAX_INCLUDES:
            return complain("include-too-many", say("runbook.include_too_many", limit=MAX_INCLUDES))
        other = self._known.get(include.runbook)
        if other is None:
            near = get_close_matches(name, self._known, n=1)
            if near:
                return complain(
                    "include-unknown-near", say("runbook.include_unknown_near", id=name, near=near[0])
                )
            return complain("include-unknown", say("runbook.include_unknown", id=name))
        phases = self.phases(other, (*path, include.runbook))
        names = ", ".join(phase.id for phase in phases)
        if include.phase:
            phases = [phase for phase in phases if phase.id == include.phase]
            if not phases:
                phase = clean(include.phase, 80)
                return complain(
                    "include-no-phase", say("runbook.include_no_phase", id=name, phase=phase, known=names)
                )
        return [_renamed(phase, include.runbook) for phase in phases]


def _renamed(phase: Phase, runbook: str) -> Phase:
    """Its ids with the runbook's id before them, so that they stay unique."""
    steps = tuple(replace(step, id=f"{runbook}.{step.id}") for step in phase.steps)
    return replace(phase, id=f"{runbook}.{phase.id}", steps=steps)
