"""`warroom drill inject FAULT`: breaks a running sandbox until the time is over or somebody interrupts."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from tui.cli.drill.verb import Verb
from tui.runtime.exit import ExitCode

if TYPE_CHECKING:
    import argparse

    from drills.faults.model import Injection
    from tui.cli.command import Invocation
    from tui.i18n import Language

POLL_S = 0.2


def add_arguments(parser: argparse.ArgumentParser, words: Language) -> None:
    """Which fault, for how long, with which parameters."""
    parser.add_argument("fault", metavar="FAULT", help=words.text("faults.argument_fault"))
    parser.add_argument(
        "--for", dest="for_s", metavar="30s", default=None, help=words.text("faults.option_for")
    )
    parser.add_argument(
        "--param", action="append", default=[], metavar="NAME=VALUE", help=words.text("faults.option_param")
    )


def run(args: argparse.Namespace, invocation: Invocation) -> int:
    """Inject, wait, lift; whatever ends this process, it is lifted."""
    import os

    from actions.parameters import read_parameters
    from drills.faults.injector import open_injector
    from drills.faults.model import Lasting
    from drills.faults.records import ENDED
    from drills.target import find_target
    from tui.config.file import find_config

    config = invocation.config()
    path = find_config(invocation.config_path)
    target = find_target(path, config.service.environment, config.actions.checkout)
    params = dict(each.partition("=")[::2] for each in args.param)
    for_s = None if args.for_s is None else read_parameters(Lasting, {"for": args.for_s}).for_s
    folder = (target.sandbox or path.parent) / "injections" / str(os.getpid())
    with open_injector(target, folder) as injector:
        injection = injector.inject(args.fault, params, for_s)
        _tell(injection, invocation)
        wait = threading.Event()
        while injection.state not in ENDED:
            wait.wait(POLL_S)
            injection = next(each for each in injector.injections() if each.id == injection.id)
    _tell(injection, invocation)
    return ExitCode.OK


def _tell(injection: Injection, invocation: Invocation) -> None:
    if invocation.json:
        invocation.print_json(
            {
                "id": injection.id,
                "fault": injection.fault,
                "params": dict(injection.params),
                "state": injection.state,
                "since": injection.since.isoformat(),
                "until": injection.until.isoformat(),
                "lifted_at": None if injection.lifted_at is None else injection.lifted_at.isoformat(),
            }
        )
        return
    until = f"{injection.lifted_at or injection.until:%H:%M:%S}"
    invocation.print_line(
        invocation.words.text(f"faults.state_{injection.state}", fault=injection.fault, at=until)
    )


VERB = Verb(summary="faults.verb_inject", add_arguments=add_arguments, run=run)
