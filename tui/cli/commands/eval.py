"""`warroom eval`: the in-process evaluator over a file of samples, without any server."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from core.errors import BadQuery, WarroomError
from core.files import open_regular, read_all, read_text
from core.message import say
from tui.cli.command import Command, Group
from tui.runtime.exit import ExitCode
from tui.runtime.output import is_terminal, print_rich

if TYPE_CHECKING:
    import argparse

    from signals.reading import Answer
    from signals.store.ring import Ring
    from tui.cli.command import Invocation
    from tui.i18n import Language

EVERYTHING_S = 1e10
"""A retention that forgets nothing."""
MAX_CAPTURE_BYTES = 200_000_000


def add_arguments(parser: argparse.ArgumentParser, words: Language) -> None:
    """Its own options."""
    parser.add_argument("expressions", nargs="*", metavar="EXPR", help=words.text("eval.option_expr"))
    parser.add_argument("--samples", required=True, metavar="FILE", help=words.text("eval.option_samples"))
    parser.add_argument("--exprs", type=Path, metavar="FILE", help=words.text("eval.option_exprs"))
    parser.add_argument("--time", metavar="T", help=words.text("eval.option_time"))
    for name, letter in (("start", "A"), ("end", "B"), ("step", "S")):
        parser.add_argument(f"--{name}", metavar=letter, help=words.text(f"eval.option_{name}"))


def run(args: argparse.Namespace, invocation: Invocation) -> int:
    """Answer every expression in order; exit 1 when one of them has no answer."""
    expressions = [*args.expressions, *_from_file(args.exprs)]
    if not expressions:
        raise WarroomError(say("eval.no_expressions"))
    span = _span(args)
    at = None if args.time is None else _time("--time", args.time)
    ring = _ring(args.samples, invocation)
    failed = False
    for expr in expressions:
        try:
            _show(_ask(ring, expr, at, span), invocation)
        except BadQuery as error:
            failed = True
            _complain(expr, error, invocation)
    return ExitCode.BURNING if failed else ExitCode.OK


def _ask(ring: Ring, expr: str, at: float | None, span: tuple[float, float, float] | None) -> Answer:
    from signals.metrics.promql import evaluate, evaluate_range

    if span is not None:
        return evaluate_range(expr, ring, *span)
    moment = at if at is not None else ring.newest()
    return evaluate(expr, ring, 0.0 if moment is None else moment)


def _show(answer: Answer, invocation: Invocation) -> None:
    if invocation.json:
        from signals.prometheus.api import answer_to_json

        invocation.print_json({"expr": answer.expr, **answer_to_json(answer)})
        return
    from rich.console import Console

    from tui.cli.answer import answer_table

    console = Console(width=None if is_terminal(sys.stdout) else 200)
    print_rich(console, answer_table(answer, invocation.words))
    if not answer.series and not answer.text:
        invocation.print_notice(say("eval.empty"))


def _complain(expr: str, error: BadQuery, invocation: Invocation) -> None:
    if invocation.json:
        invocation.print_json({"expr": expr, "error": invocation.words.say(error.message)})
    else:
        invocation.print_notice(say("eval.failed", expr=_clean(expr), why=error.message))


def _ring(name: str, invocation: Invocation) -> Ring:
    """The capture's samples; lines that can't be read are told and left out."""
    from signals.metrics.exposition import read_capture
    from signals.store.ring import Ring

    try:
        with _opened(name) as file:
            data = read_all(file, MAX_CAPTURE_BYTES)
    except OSError as error:
        raise WarroomError(
            say("eval.unreadable", file=_clean(name), detail=error.strerror or str(error))
        ) from error
    capture = read_capture(data)
    for line, why in capture.problems:
        invocation.print_notice(say("eval.bad_line", file=_clean(name), line=line, detail=why))
    timed = [(sample.at, sample) for sample in capture.samples if sample.at is not None]
    if untimed := len(capture.samples) - len(timed):
        invocation.print_notice(say("eval.untimed", file=_clean(name), count=untimed))
    if not timed:
        raise WarroomError(say("eval.no_samples", file=_clean(name)))
    timed.sort(key=lambda pair: pair[0])
    ring = Ring(EVERYTHING_S)
    for at, sample in timed:
        ring.append(sample.labels, at, sample.value)
    return ring


def _opened(name: str) -> BinaryIO:
    if name != "-":
        return open_regular(Path(name))
    if sys.stdin is None:
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))
    return sys.stdin.buffer


def _from_file(path: Path | None) -> list[str]:
    if path is None:
        return []
    try:
        lines = read_text(path).splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise WarroomError(
            say("eval.unreadable", file=_clean(str(path)), detail=_clean(str(error)))
        ) from error
    return [line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")]


def _span(args: argparse.Namespace) -> tuple[float, float, float] | None:
    bounds = [name for name in ("start", "end", "step") if getattr(args, name) is not None]
    if not bounds:
        return None
    if len(bounds) < 3 or args.time is not None:
        raise WarroomError(say("eval.span_or_time"))
    return _time("--start", args.start), _time("--end", args.end), _duration("--step", args.step)


def _time(option: str, text: str) -> float:
    from core.times import parse_time

    try:
        return parse_time(text)
    except (ValueError, OverflowError) as error:
        raise WarroomError(say("eval.not_a_time", option=option, text=_clean(text))) from error


def _duration(option: str, text: str) -> float:
    from core.times import parse_duration

    try:
        return parse_duration(text)
    except ValueError as error:
        raise WarroomError(say("eval.not_a_duration", option=option, text=_clean(text))) from error


def _clean(text: str) -> str:
    from core.text import clean

    return clean(text)


COMMAND = Command(
    group=Group.OBSERVE,
    summary="eval.summary",
    add_arguments=add_arguments,
    run=run,
)
