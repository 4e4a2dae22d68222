"""`warroom stress plan|run|report`: the load steps of the stress plan, and what they show."""

from __future__ import annotations

import contextlib
import signal
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from tui.cli.command import Command, Group
from tui.runtime.exit import ExitCode

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator

    from core.message import Message
    from drills.stress.model import StepResult, StressResult
    from drills.stress.settings import Step, StressSettings
    from drills.target import Target
    from tui.cli.command import Invocation
    from tui.config.model import Config
    from tui.i18n import Language

FILE, PAGE = "stress.json", "stress.md"


def add_arguments(parser: argparse.ArgumentParser, words: Language) -> None:
    """What to do, with which steps, and where the result goes."""
    parser.add_argument(
        "verb",
        choices=("plan", "run", "report"),
        metavar="plan|run|report",
        help=words.text("stress.argument_verb"),
    )
    parser.add_argument("file", nargs="?", type=Path, metavar="FILE", help=words.text("stress.argument_file"))
    parser.add_argument("--steps", metavar="RATE:SECONDS,…", help=words.text("stress.option_steps"))
    parser.add_argument("--fast", action="store_true", help=words.text("stress.option_fast"))
    parser.add_argument("--yes", action="store_true", help=words.text("stress.option_yes"))
    parser.add_argument("--out", type=Path, metavar="FOLDER", help=words.text("stress.option_out"))


def run(args: argparse.Namespace, invocation: Invocation) -> int:
    """Exit 1 when an objective was missed, 2 when it is not known whether one was, it ended early, or it is refused."""
    if args.verb == "report":
        return _report(args, invocation)
    from drills.target import find_target
    from tui.config.file import find_config

    config = invocation.config()
    settings = _settings(args, config)
    path = find_config(invocation.config_path)
    target = find_target(path, config.service.environment, config.actions.checkout)
    if args.verb == "plan":
        return _plan(settings, target, config, invocation)
    if (refusal := _refusal(args, target, config)) is not None:
        invocation.print_notice(refusal)
        return ExitCode.UNKNOWN
    return _run(args, settings, target, config, invocation)


def _settings(args: argparse.Namespace, config: Config) -> StressSettings:
    from pydantic import ValidationError

    from core.errors import WarroomError
    from core.message import say
    from drills.stress.settings import Step

    settings = config.drills.stress
    if args.steps:
        try:
            pairs = [each.split(":") for each in args.steps.split(",")]
            steps = tuple(Step(per_s=float(rate), for_s=float(seconds)) for rate, seconds in pairs)
        except (ValueError, ValidationError) as error:
            raise WarroomError(say("stress.bad_steps")) from error
        settings = settings.model_copy(update={"steps": steps})
    return settings.fast() if args.fast else settings


def _refusal(args: argparse.Namespace, target: Target, config: Config) -> Message | None:
    """Load on anything but a sandbox is asked for by name, and on a production not at all."""
    from actions.chaos_settings import is_production
    from core.message import say

    if target.sandbox is not None:
        return None
    if is_production(target.environment) and not config.drills.allow_chaos:
        return say("stress.production", environment=target.environment)
    return None if args.yes else say("stress.not_confirmed", environment=target.environment)


def _plan(settings: StressSettings, target: Target, config: Config, invocation: Invocation) -> int:
    from core.message import say

    total = sum(round(step.per_s * step.for_s) for step in settings.steps)
    sender = (
        "command"
        if settings.send
        else "http"
        if settings.enqueue
        else "sandbox"
        if target.sandbox
        else "none"
    )
    if invocation.json:
        invocation.print_json(
            {
                "target": target.environment,
                "sender": sender,
                "tasks": total,
                "steps": [step.model_dump() for step in settings.steps],
                "objectives": {
                    "p95_s": settings.max_p95_s,
                    "limited": settings.max_limited,
                    "errors": settings.max_errors,
                },
            }
        )
        return ExitCode.OK
    words = invocation.words
    sent_by = say(f"stress.sender_{sender}")
    invocation.print_line(
        words.text("stress.plan_head", target=config.service.environment, sender=words.say(sent_by))
    )
    for step in settings.steps:
        count = round(step.per_s * step.for_s)
        invocation.print_line(
            words.text("stress.plan_step", rate=step.per_s, seconds=step.for_s, count=count)
        )
    invocation.print_line(words.text("stress.plan_total", count=total, queue=settings.queue or "?"))
    invocation.print_line(
        words.text(
            "stress.plan_objectives",
            p95=settings.max_p95_s,
            limited=f"{settings.max_limited:.0%}",
            errors=f"{settings.max_errors:.0%}",
        )
    )
    invocation.print_line(
        words.text("stress.plan_stops", waiting=settings.stop_waiting, p95=settings.stop_p95_s)
    )
    return ExitCode.OK


def _run(
    args: argparse.Namespace,
    settings: StressSettings,
    target: Target,
    config: Config,
    invocation: Invocation,
) -> int:
    from core.message import say
    from drills.stress.model import StepResult
    from drills.stress.report import step_cells
    from drills.stress.run import run_stress

    words = invocation.words

    def tell(step: StepResult | Step) -> None:
        if isinstance(step, StepResult):
            invocation.print_notice(say("stress.step_over", text="  ".join(step_cells(step, words.say))))
        else:
            invocation.print_notice(say("stress.step_begins", rate=step.per_s, seconds=step.for_s))

    with _stopped_by_signals() as stop:
        result = run_stress(
            target, settings, config.signals, stop=stop, outside=_open_incident(config), on_step=tell
        )
    if args.out is not None:
        _write(args.out, result, invocation)
    _show(result, invocation)
    return _exit_code(result)


@contextlib.contextmanager
def _stopped_by_signals() -> Iterator[threading.Event]:
    """Ctrl-C ends the load in order: what was measured is still told."""
    stop = threading.Event()
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    for number in before:
        signal.signal(number, lambda *_: stop.set())
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _open_incident(config: Config) -> Callable[[], Message | None]:
    """Why load has to end: people have a real incident on their hands. A journal that is away is no reason to go on."""
    from core.errors import WarroomError
    from core.message import say
    from incidents.journal import open_journal

    def look() -> Message | None:
        try:
            journal = open_journal(config.journal)
            try:
                for each in journal.history(limit=50):
                    if not each.drill and each.status != "resolved":
                        return say("stress.ended_incident", label=each.label)
            finally:
                journal.close()
        except WarroomError:
            return say("stress.ended_journal")
        return None

    return look


def _report(args: argparse.Namespace, invocation: Invocation) -> int:
    from pydantic import ValidationError

    from core.errors import WarroomError
    from core.files import read_text
    from core.message import say
    from drills.stress.model import StressResult

    if args.file is None:
        raise WarroomError(say("stress.no_file"))
    path = args.file / FILE if args.file.is_dir() else args.file
    try:
        result = StressResult.model_validate_json(read_text(path))
    except (OSError, ValueError, ValidationError) as error:
        raise WarroomError(say("stress.bad_file", file=str(path), detail=type(error).__name__)) from error
    if args.out is not None:
        _write(args.out, result, invocation)
    if invocation.json:
        invocation.print_json(result.model_dump(mode="json"))
        return _exit_code(result)
    from drills.stress.report import stress_report

    invocation.print_line(stress_report(result, invocation.words.say).markdown.rstrip())
    return _exit_code(result)


def _show(result: StressResult, invocation: Invocation) -> None:
    from drills.stress.report import stress_report

    if invocation.json:
        invocation.print_json(result.model_dump(mode="json"))
    else:
        invocation.print_line(stress_report(result, invocation.words.say).markdown.rstrip())


def _write(folder: Path, result: StressResult, invocation: Invocation) -> None:
    """The result, the page and its charts, private."""
    from core.files import make_private_folder, replace_file
    from core.message import say
    from drills.stress.report import stress_report

    report = stress_report(result, invocation.words.say)
    make_private_folder(folder)
    replace_file(folder / FILE, result.model_dump_json().encode())
    replace_file(folder / PAGE, report.markdown.encode())
    for name, picture in report.charts.items():
        replace_file(folder / name, picture.encode())
    invocation.print_notice(say("stress.written", folder=str(folder)))


def _exit_code(result: StressResult) -> int:
    if any(each.violations for each in result.steps):
        return ExitCode.BURNING
    unsure = result.ended or len(result.steps) < result.planned
    unsure = unsure or any(
        each.is_steady is not True or each.bottleneck == "unknown" for each in result.steps
    )
    return ExitCode.UNKNOWN if unsure else ExitCode.OK


COMMAND = Command(
    group=Group.RESPOND,
    summary="stress.summary",
    add_arguments=add_arguments,
    run=run,
)
