"""`warroom incident VERB …`: everything that the incident screen does, for scripts."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any, NamedTuple, get_args

from core.message import say
from incidents.events.body import Moment, Role, Severity
from tui.cli.command import Command, Group
from tui.cli.parser import Parser, add_shared_options
from tui.runtime.exit import ExitCode

if TYPE_CHECKING:
    from collections.abc import Callable

    from tui.cli.command import Invocation
    from tui.i18n import Language


class _Argument(NamedTuple):
    """An argument of a verb; its help is `incident.option_<text>`."""

    name: str
    text: str
    more: dict[str, Any]


def _argument(name: str, text: str = "", **more: Any) -> _Argument:
    if name.startswith("-"):
        more.setdefault("default", "")
    elif "choices" not in more:
        more.setdefault("metavar", name.upper())
    return _Argument(name, text or name.lstrip("-"), more)


ID = _argument("incident", "id", metavar="ID")
SHARED = (
    _argument("--as", dest="actor", metavar="NAME"),
    _argument("--yes", action="store_true", default=False),
    _argument("--no-input", "no_input", action="store_true", default=False),
)
"""Of every verb that writes: who does it, and who answers a question."""
STEP, TEXT = _argument("step"), _argument("text")
RUNBOOK, REASON, AT, OBSERVED = (_argument(f"--{name}") for name in ("runbook", "reason", "at", "observed"))
WHY = _argument("--reason", required=True)
SEVERITIES = get_args(Severity)

READING: dict[str, tuple[_Argument, ...]] = {
    "list": (
        _argument("--search"),
        _argument("--status", choices=("open", "mitigated", "resolved"), default=None),
        _argument("--limit", type=int, default=None),
    ),
    "show": (ID,),
    "timeline": (ID, _argument("--out")),
    "watch": (),
    "postmortem": (
        ID,
        _argument("--out"),
        _argument("--numbers", "cost", action="store_true", default=False),
    ),
    "stats": (
        _argument("--drill", "only_drills", action="store_true", default=False),
        _argument("--limit", type=int, default=20),
    ),
}
WRITING: dict[str, tuple[_Argument, ...]] = {
    "open": (
        _argument("--title", required=True),
        _argument("--severity", required=True, choices=SEVERITIES),
        RUNBOOK,
        _argument("--started"),
        _argument("--detected"),
        _argument("--alert", "open_alert"),
        _argument("--lead", action="store_true", default=False),
        _argument("--drill", action="store_true", default=False),
    ),
    "title": (ID, _argument("title")),
    "note": (ID, TEXT),
    "start": (ID, STEP, RUNBOOK),
    "tick": (
        ID,
        STEP,
        RUNBOOK,
        OBSERVED,
        _argument("--no-check", "no_check", action="store_true", default=False),
    ),
    "skip": (ID, STEP, RUNBOOK, WHY),
    "fail": (ID, STEP, RUNBOOK, WHY, OBSERVED),
    "annotate": (ID, STEP, TEXT, RUNBOOK),
    "reopen": (ID, _argument("step", "reopen", nargs="?", default=""), RUNBOOK, REASON),
    "confirm": (ID, _argument("phase"), RUNBOOK),
    "role": (
        ID,
        _argument("what", "role_what", choices=("take", "offer", "accept", "release")),
        _argument("role", choices=get_args(Role)),
        _argument("--to"),
        REASON,
    ),
    "severity": (ID, _argument("severity", choices=SEVERITIES), REASON),
    "mark": (ID, _argument("moment", choices=get_args(Moment)), AT),
    "resolve": (ID, AT),
    "alert": (
        ID,
        _argument("what", "alert_what", choices=("attach", "resolved")),
        _argument("name", "alert"),
        _argument("--fingerprint"),
        AT,
    ),
    "follow-up": (
        ID,
        _argument("text", "follow_up"),
        _argument("--owner"),
        _argument("--due"),
        _argument("--done", action="store_true", default=False),
    ),
    "update": (
        ID,
        _argument("text", nargs="?", default=""),
        _argument("--numbers", action="store_true", default=False),
        _argument("--send", action="store_true", default=False),
        _argument("--to", "update_to", action="append", default=None, metavar="NAME"),
        _argument("--dry-run", "dry_run", action="store_true", default=False),
    ),
    "pin": (ID, _argument("panel")),
    "undo": (ID, _argument("sequence", nargs="?", type=int, default=None), REASON),
}


def add_arguments(parser: argparse.ArgumentParser, words: Language) -> None:
    """A parser a verb; the options that all commands share may also stand behind the verb."""
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True, parser_class=Parser)
    for name, arguments in (READING | WRITING).items():
        text = words.text(f"incident.verb_{name}")
        verb: argparse.ArgumentParser = verbs.add_parser(
            name, help=text, description=text, add_help=False, argument_default=argparse.SUPPRESS
        )
        add_shared_options(verb, words)
        for argument in (*arguments, *SHARED) if name in WRITING else arguments:
            verb.add_argument(
                argument.name, help=words.text(f"incident.option_{argument.text}"), **argument.more
            )


def run(args: argparse.Namespace, invocation: Invocation) -> int:
    """Exit 2 when the guard refuses it, 3 when it can't be done; nothing is written then."""
    from tui.cli.incident.submit import NotAllowed

    try:
        return _verb(args.verb)(args, invocation)
    except NotAllowed as error:
        invocation.print_notice(say("cli.error", text=error.message))
        return ExitCode.UNKNOWN


def _verb(name: str) -> Callable[[argparse.Namespace, Invocation], int]:
    if name in ("postmortem", "stats"):
        from tui.cli.incident.report import report

        return report
    if name in READING:
        from tui.cli.incident.read import read

        return read
    if name == "update":
        from tui.cli.incident.update import update

        return update
    if name == "pin":
        from tui.cli.incident.pin import pin

        return pin
    from tui.cli.incident.write import write

    return write


COMMAND = Command(
    group=Group.RESPOND,
    summary="incident.summary",
    add_arguments=add_arguments,
    run=run,
)
