"""`warroom drill report [ID]`: a drill as Markdown, with charts beside it; without an id the last one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.cli.drill.verb import Verb
from tui.runtime.exit import ExitCode

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from drills.records import DrillRecord
    from tui.cli.command import Invocation
    from tui.i18n import Language


def add_arguments(parser: argparse.ArgumentParser, words: Language) -> None:
    """Which drill, and where it is written."""
    parser.add_argument("drill", nargs="?", default="", metavar="ID", help=words.text("drill.option_drill"))
    parser.add_argument("--out", default="", metavar="FILE", help=words.text("drill.option_out"))


def run(args: argparse.Namespace, invocation: Invocation) -> int:
    """Print the page, or write it with its charts."""
    from drills.report import drill_report
    from tui.cli.incident.read import write_report

    record = _chosen(args.drill, load_records(invocation))
    words = invocation.words
    made = drill_report(record, words.say, words.code)
    if invocation.json:
        document = record_json(record, words)
        invocation.print_json(document | {"markdown": made.markdown, "charts": made.charts})
        return ExitCode.OK
    write_report(invocation, args.out, made.markdown, made.charts)
    return ExitCode.OK


def load_records(invocation: Invocation) -> tuple[DrillRecord, ...]:
    """Oldest first; files that can't be read are told on standard error."""
    from drills.records import load_all
    from drills.settings import records_folder
    from tui.cli.resources import config_or_default

    read = load_all(records_folder(config_or_default(invocation).drills))
    for problem in read.problems:
        invocation.print_notice(problem)
    return read.records


def record_json(record: DrillRecord, words: Language) -> dict[str, object]:
    """A record as `drill run --json` prints its result, with who and when; score and times are null where there is none."""
    kept = record.score
    return {
        "id": record.id,
        "scenario": record.scenario,
        "score": None if kept is None else kept.score,
        "oracles": []
        if kept is None
        else [
            {"id": each.id, "passed": each.passed, "evidence": words.say(each.evidence.message)}
            for each in kept.oracles
        ],
        "times": None if kept is None else kept.times.to_json(),
        "budget_burnt": None if kept is None else kept.budget_burnt,
        "hints": 0 if kept is None else kept.hints,
        "ending": record.ending,
        "target": record.target,
        "master": record.master,
        "players": list(record.players),
        "autopilot": record.autopilot,
        "started_at": record.started_at.isoformat(),
        "ended_at": None if record.ended_at is None else record.ended_at.isoformat(),
    }


def _chosen(asked: str, records: Sequence[DrillRecord]) -> DrillRecord:
    """By its id or the beginning of it, or the last one of a scenario."""
    from core.errors import WarroomError
    from core.message import say
    from core.text import clean

    fitting = [
        record for record in records if not asked or record.id.startswith(asked) or record.scenario == asked
    ]
    if not fitting:
        key = "drill.no_such_record" if records else "drill.no_records"
        raise WarroomError(say(key, id=clean(asked, 80)))
    return fitting[-1]


VERB = Verb(summary="drill.verb_report", add_arguments=add_arguments, run=run)
