"""What `warroom runbook list` and `show` print."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING

from signals.message import say
from tui.cli import ExitCode
from tui.runbook_find import find, library_of
from tui.runbook_json import runbook_json

if TYPE_CHECKING:
    import argparse

    from runbooks.model import Runbook
    from tui.invocation import Invocation


def list_all(args: argparse.Namespace, invocation: Invocation) -> int:
    """One line a runbook: id, severity, title, alerts."""
    library = library_of(invocation)
    found = library.for_alert(args.alert) if args.alert else library.runbooks
    if invocation.json:
        invocation.fact_json([_summary(one) for one in found])
        return ExitCode.OK
    width = max((len(one.id) for one in found), default=0)
    for one in found:
        alerts = f"  ({', '.join(one.alerts)})" if one.alerts else ""
        invocation.fact(f"{one.id:<{width}}  {one.severity or '–':<4}  {one.title}{alerts}")
    if library.problems:
        invocation.remark(say("runbook.has_problems", count=len(library.problems)))
    return ExitCode.OK


def show(args: argparse.Namespace, invocation: Invocation) -> int:
    """The whole runbook; paper and pipes get plain text, a terminal gets colours."""
    runbook, problems = find(args.runbook, library_of(invocation))
    if invocation.json:
        invocation.fact_json(runbook_json(runbook))
        return ExitCode.OK
    width = shutil.get_terminal_size((80, 24)).columns
    if args.plain or not sys.stdout.isatty():
        from tui.runbook_plain import plain_lines

        for line in plain_lines(runbook, invocation.words, width):
            invocation.fact(line)
    else:
        from tui.runbook_rich import draw

        draw(runbook, invocation.words)
    for problem in problems:
        invocation.remark(say("runbook.problem", file=problem.file, line=problem.line, what=problem.message))
    return ExitCode.OK


def _summary(one: Runbook) -> dict[str, object]:
    return {
        "id": one.id,
        "title": one.title,
        "severity": one.severity,
        "language": one.language,
        "alerts": list(one.alerts),
        "panels": list(one.panels),
        "steps": sum(1 for _ in one.steps()),
        "file": one.file,
    }
