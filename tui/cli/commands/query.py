"""`warroom query`: one PromQL expression, asked of any source."""

from __future__ import annotations

import asyncio
import os
import time
from typing import TYPE_CHECKING

from core.errors import ConfigError, SourceError, WarroomError
from core.message import say
from core.times import parse_duration, parse_time
from tui.cli.command import Command, Group
from tui.runtime.exit import ExitCode
from tui.runtime.output import print_rich

if TYPE_CHECKING:
    import argparse

    from signals.metrics.model import MetricSource
    from signals.reading import Answer
    from tui.cli.command import Invocation
    from tui.config.model import Config
    from tui.i18n import Language

YOUNG_S = 1.0
"""Between the two scrapes that a rate needs, when the call itself is the first to scrape."""


def add_arguments(parser: argparse.ArgumentParser, words: Language) -> None:
    """Its own options."""
    parser.add_argument("expr", metavar="EXPR", help=words.text("query.option_expr"))
    parser.add_argument("--time", metavar="T", help=words.text("query.option_time"))
    parser.add_argument("--range", metavar="D", help=words.text("query.option_range"))
    parser.add_argument("--step", metavar="D", default="15s", help=words.text("query.option_step"))
    parser.add_argument("--source", choices=("prometheus", "scrape"), help=words.text("query.option_source"))


def run(args: argparse.Namespace, invocation: Invocation) -> int:
    """Print the answer; exit 1 when the expression is refused or nobody answers."""
    try:
        at = parse_time(args.time) if args.time else None
        span = parse_duration(args.range) if args.range else None
        step = parse_duration(args.step)
    except ValueError as error:
        raise WarroomError(say("query.bad_time", text=str(error))) from error
    try:
        answer = asyncio.run(_ask(invocation.config(), args.expr, args.source, (at, span, step), invocation))
    except ConfigError:  # the file of a token, say
        raise
    except SourceError as error:
        invocation.print_notice(error.message)
        return ExitCode.BURNING
    for text in answer.warnings:
        invocation.print_notice(say("panels.server_warns", source=answer.source, text=text))
    if invocation.json:
        from signals.prometheus.api import answer_to_json

        invocation.print_json(answer_to_json(answer))
        return ExitCode.OK
    _show(answer, span, invocation)
    return ExitCode.OK


def _show(answer: Answer, span_s: float | None, invocation: Invocation) -> None:
    """A table; a range on a terminal is drawn above it."""
    from rich.console import Console

    from tui.cli.answer import answer_chart, answer_table

    console = Console(highlight=False)
    if span_s is not None and console.is_terminal:
        from tui.runtime.terminal import fitting_theme, locale_is_utf8
        from tui.theme import load_theme

        console.push_theme(load_theme(fitting_theme(os.environ)).styles)
        ascii_only = not locale_is_utf8(os.environ)
        for line in answer_chart(answer, span_s, console.width, invocation.words, ascii_only=ascii_only):
            print_rich(console, line)
    print_rich(console, answer_table(answer, invocation.words))


async def _ask(
    config: Config,
    expr: str,
    source_name: str | None,
    when: tuple[float | None, float | None, float],
    invocation: Invocation,
) -> Answer:
    from signals.metrics.scrape import ScrapeSource
    from signals.prometheus.source import PrometheusSource

    settings = config.signals
    order = (source_name,) if source_name else settings.metrics
    problem: SourceError | None = None
    for name in order:
        if name == "prometheus" and settings.prometheus:
            prometheus = PrometheusSource(settings.prometheus)
            try:
                return await _ask_source(prometheus, expr, when)
            except SourceError as error:
                problem = error
            finally:
                await prometheus.close()
        elif name == "scrape" and settings.scrape:
            scrape = ScrapeSource(settings.scrape)
            invocation.print_notice(say("query.two_scrapes", seconds=YOUNG_S))
            await scrape.scrape_once()
            await asyncio.sleep(YOUNG_S)
            await scrape.scrape_once()
            return await _ask_source(scrape, expr, when)
    if problem is not None:
        raise problem
    raise WarroomError(say("signals.no_source"))


async def _ask_source(
    source: MetricSource, expr: str, when: tuple[float | None, float | None, float]
) -> Answer:
    at, span, step = when
    if span is None:
        return await source.query(expr, at)
    end = time.time() if at is None else at
    return await source.query_range(expr, end - span, end, step)


COMMAND = Command(
    group=Group.OBSERVE,
    summary="query.summary",
    add_arguments=add_arguments,
    run=run,
)
