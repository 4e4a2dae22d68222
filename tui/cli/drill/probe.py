"""`warroom drill probe [ID…]`: the manual's verification points, asked with real requests."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tui.cli.drill.verb import Verb
from tui.runtime.exit import ExitCode

if TYPE_CHECKING:
    import argparse

    from drills.probes.model import ProbeResult
    from drills.probes.processes import Processes
    from tui.cli.command import Invocation
    from tui.config.model import Config
    from tui.i18n import Language

MAX_BEFORE_BYTES = 1_000_000


def add_arguments(parser: argparse.ArgumentParser, words: Language) -> None:
    """Which, how many requests, and who was there before."""
    parser.add_argument(
        "probes", nargs="*", metavar="ID", default=(), help=words.text("probes.argument_probes")
    )
    parser.add_argument(
        "--count", type=int, default=None, metavar="N", help=words.text("probes.option_count")
    )
    parser.add_argument(
        "--before", type=Path, default=None, metavar="FILE", help=words.text("probes.option_before")
    )


def run(args: argparse.Namespace, invocation: Invocation) -> int:
    """Print a line a probe, with its numbers; exit 1 when one burns, 2 when one is unknown."""
    from core.errors import WarroomError
    from core.message import say
    from drills.probes.registry import run_probes
    from drills.target import find_target
    from signals.reading import Verdict
    from tui.config.file import find_config

    config = invocation.config()
    settings = config.drills.probes
    if args.count is not None:
        if not 1 <= args.count <= 200:
            raise WarroomError(say("probes.bad_count"))
        settings = settings.model_copy(update={"count": args.count})
    path = find_config(invocation.config_path)
    target = find_target(path, config.service.environment, config.actions.checkout)
    results = run_probes(
        target,
        settings,
        config.signals,
        args.probes,
        before=_before(args.before, config, invocation),
        journal=config.journal,
        on_begin=lambda probe: invocation.print_notice(say("probes.begins", title=say(f"probes.{probe}"))),
    )
    words = invocation.words
    if invocation.json:
        invocation.print_json([each.to_json(words.say(each.text)) for each in results])
    else:
        for each in results:
            _show(each, invocation)
    verdicts = {each.verdict for each in results}
    if Verdict.BURNING in verdicts:
        return ExitCode.BURNING
    return ExitCode.UNKNOWN if Verdict.UNKNOWN in verdicts else ExitCode.OK


def _show(result: ProbeResult, invocation: Invocation) -> None:
    words = invocation.words
    verdict = words.text("probes.unknown_word" if result.verdict == "unknown" else f"probes.{result.verdict}")
    invocation.print_line(f"{verdict:<8} {result.id}: {words.say(result.text)}")
    numbers = "  ".join(
        f"{name}={'?' if value is None else format(value, '.4g')}" for name, value in result.numbers.items()
    )
    if numbers:
        invocation.print_line(f"{'':<8} {numbers}")


def _before(path: Path | None, config: Config, invocation: Invocation) -> Processes | None:
    """Who was there when the file was first named; that first time it is written."""
    import asyncio

    from core.files import is_file, open_private, read_text
    from core.message import say
    from drills.probes.processes import read_processes

    if path is None:
        return None
    if is_file(path):
        return read_processes(read_text(path, MAX_BEFORE_BYTES))
    processes = asyncio.run(_look(config))
    with open_private(path) as file:
        file.write(processes.to_json())
    invocation.print_notice(say("probes.before_written", file=str(path)))
    return processes


async def _look(config: Config) -> Processes:
    from pathlib import Path

    from drills.probes.reach import Reach
    from drills.target import Target
    from signals.sources import open_sources

    target = Target(config=Path(), environment=config.service.environment)
    reach = Reach(target, config.drills.probes, config.signals)
    async with open_sources(config.signals, lambda _: None) as sources, reach.opened(sources):
        return await reach.processes()


VERB = Verb(summary="probes.verb_probe", add_arguments=add_arguments, run=run)
