"""`warroom drill compare [SCENARIO] [--by person|team]`: first, best and last result, and whether it gets better."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.cli.drill.verb import Verb
from tui.runtime.exit import ExitCode

if TYPE_CHECKING:
    import argparse

    from drills.compare import Comparison
    from drills.records import DrillRecord
    from tui.cli.command import Invocation
    from tui.i18n import Language


ID_CHARACTERS = 8
"""So much of a drill's id is shown; `warroom drill report` takes its beginning."""


def add_arguments(parser: argparse.ArgumentParser, words: Language) -> None:
    """Which scenario, and by whom."""
    parser.add_argument(
        "scenario", nargs="?", default="", metavar="SCENARIO", help=words.text("drill.option_scenario")
    )
    parser.add_argument(
        "--by", choices=("team", "person"), default="team", help=words.text("drill.option_by")
    )


def run(args: argparse.Namespace, invocation: Invocation) -> int:
    """Print a table a scenario (and person)."""
    from core.message import say
    from drills.compare import compare
    from tui.cli.drill.report import load_records, record_json

    records = load_records(invocation)
    groups = compare(records, scenario=args.scenario, by=args.by)
    words = invocation.words
    if invocation.json:
        invocation.print_json(
            [
                {
                    "scenario": group.scenario,
                    "who": group.who,
                    "trend": group.trend,
                    "results": [record_json(record, words) for record in group.results],
                }
                for group in groups
            ]
        )
        return ExitCode.OK
    for group in groups:
        _print(group, invocation)
    asked = [record for record in records if args.scenario in ("", record.scenario)]
    left_out = sum(not record.is_result for record in asked)
    if not groups:
        invocation.print_notice(say("drill.nothing_to_compare"))
    if left_out:
        invocation.print_notice(say("drill.left_out", count=left_out))
    return ExitCode.OK


def _print(group: Comparison, invocation: Invocation) -> None:
    from core.text import clean
    from drills.compare import FEW, points

    words = invocation.words
    count = len(group.results)
    who = f" · {clean(group.who, 60)}" if group.who else ""
    invocation.print_line(f"{clean(group.scenario, 80)}{who}")
    columns = ("id", "date", "score", "detect", "acknowledge", "mitigate", "recover", "players")
    shown = [[words.text(f"drill.column_{column}") for column in columns]]
    shown += [_row(record, words) for record in group.results]
    _print_table(shown, invocation)
    invocation.print_line(
        words.text(
            "drill.first_best_last",
            first=points(group.first),
            best=points(group.best),
            last=points(group.last),
        )
    )
    if count < FEW:
        invocation.print_line(words.text("drill.few", count=count, few=FEW))
    else:
        invocation.print_line(words.text(f"drill.trend_{group.trend}", count=count))
    invocation.print_line("")


def _row(record: DrillRecord, words: Language) -> list[str]:
    import datetime as dt

    from core.text import clean
    from core.units import duration

    known = {} if record.score is None else record.score.times.to_json()
    times = (known.get(name) for name in ("detect_s", "acknowledge_s", "mitigate_s", "recover_s"))
    return [
        clean(record.id, 80)[:ID_CHARACTERS],
        record.started_at.astimezone(dt.UTC).strftime("%Y-%m-%d"),
        "–" if record.score is None else str(record.score.score),
        *("–" if seconds is None else words.say(duration(seconds)) for seconds in times),
        clean(", ".join(record.players), 60) or "–",
    ]


def _print_table(rows: list[list[str]], invocation: Invocation) -> None:
    """Columns under each other, also where a Chinese character takes two cells."""
    from rich.cells import cell_len

    widths = [max(cell_len(row[place]) for row in rows) for place in range(len(rows[0]))]
    for row in rows:
        cells = (text + " " * (width - cell_len(text)) for text, width in zip(row, widths, strict=True))
        invocation.print_line("  " + "  ".join(cells).rstrip())


VERB = Verb(summary="drill.verb_compare", add_arguments=add_arguments, run=run)
