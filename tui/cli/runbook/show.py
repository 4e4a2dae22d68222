"""What `warroom runbook list` and `show` print."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING

from core.message import say
from tui.cli.runbook.as_json import runbook_json
from tui.cli.runbook.find import find_runbook, load_configured_library
from tui.cli.runbook.plain import checklist
from tui.runtime.exit import ExitCode
from tui.runtime.output import is_terminal, print_rich

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable

    from runbooks.model import Runbook
    from tui.cli.command import Invocation
    from tui.cli.runbook.plain import Line

STYLES = {
    "title": "bold reverse",
    "rule": "dim",
    "phase": "bold",
    "step": "bold",
    "killer": "bold red",
    "command": "cyan",
    "check": "magenta",
    "pause": "bold yellow",
}


def list_all(args: argparse.Namespace, invocation: Invocation) -> int:
    """One line a runbook: id, severity, title, alerts."""
    library = load_configured_library(invocation)
    runbooks = library.for_alert(args.alert) if args.alert else library.runbooks
    if invocation.json:
        invocation.print_json([_summary(runbook) for runbook in runbooks])
        return ExitCode.OK
    width = max((len(runbook.id) for runbook in runbooks), default=0)
    for runbook in runbooks:
        alerts = f"  ({', '.join(runbook.alerts)})" if runbook.alerts else ""
        invocation.print_line(f"{runbook.id:<{width}}  {runbook.severity or '–':<4}  {runbook.title}{alerts}")
    if not library.runbooks:
        invocation.print_notice(say("runbook.none"))
    if library.problems:
        invocation.print_notice(say("runbook.has_problems", count=len(library.problems)))
    return ExitCode.OK


def show(args: argparse.Namespace, invocation: Invocation) -> int:
    """The whole runbook; paper and pipes get plain text, a terminal gets colours."""
    runbook, problems = find_runbook(args.runbook, load_configured_library(invocation))
    if invocation.json:
        invocation.print_json(runbook_json(runbook))
        return ExitCode.OK
    width = shutil.get_terminal_size((80, 24)).columns
    lines = checklist(runbook, invocation.words, width)
    if args.plain or not is_terminal(sys.stdout):
        for line in lines:
            invocation.print_line(line.text)
    else:
        _colour(lines)
    for problem in problems:
        invocation.print_notice(
            say("runbook.problem", file=problem.file, line=problem.line, what=problem.message)
        )
    return ExitCode.OK


def _colour(lines: Iterable[Line]) -> None:
    """The same lines as on paper, with weight where the eye should go; the terminal breaks what is wider than it."""
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False)
    for line in lines:
        print_rich(console, Text(line.text, STYLES.get(line.kind, "")), soft_wrap=True)


def _summary(runbook: Runbook) -> dict[str, object]:
    return {
        "id": runbook.id,
        "title": runbook.title,
        "severity": runbook.severity,
        "language": runbook.language,
        "alerts": list(runbook.alerts),
        "panels": list(runbook.panels),
        "steps": sum(1 for _ in runbook.steps()),
        "file": runbook.file,
    }
