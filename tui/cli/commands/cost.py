"""`warroom cost`: the month's money, what it will be, and what would make it less."""

from __future__ import annotations

import asyncio
import math
import os
import shutil
import time
from typing import TYPE_CHECKING

from core.errors import WarroomError
from core.message import say
from tui.cli.command import Command, Group
from tui.cli.resources import open_configured_sources
from tui.runtime.exit import ExitCode

if TYPE_CHECKING:
    import argparse

    from panels.costs.levers import LeverOutcome
    from panels.costs.report import CostReport
    from panels.costs.settings import CostsSettings
    from tui.actions.pull import Way
    from tui.cli.command import Invocation
    from tui.config.model import Config
    from tui.i18n import Language

WIDTH = 100
"""Cells of a line where nobody says how many there are."""


def add_arguments(parser: argparse.ArgumentParser, words: Language) -> None:
    """Its own options."""
    parser.add_argument(
        "--what-if",
        action="append",
        default=[],
        metavar="LEVER.ASSUMPTION=VALUE",
        help=words.text("cost.option_what_if"),
    )


def run(args: argparse.Namespace, invocation: Invocation) -> int:
    """Print the desk; exit 1 when the month burns, 2 when nobody knows."""
    from signals.reading import Verdict

    config = invocation.config()
    knobs = dict(_knob(text) for text in args.what_if)
    costs = _turned(config.costs, knobs)
    report = asyncio.run(_ask(config, costs))
    asked = {name.partition(".")[0] for name in knobs}
    outcomes = [each for each in report.levers if not asked or each.id in asked]
    ways = _ways(config, outcomes)
    if invocation.json:
        invocation.print_json(_as_json(report, outcomes, ways, invocation.words))
    else:
        _print(report, outcomes, ways, invocation)
    codes = {Verdict.BURNING: ExitCode.BURNING, Verdict.UNKNOWN: ExitCode.UNKNOWN}
    return codes.get(report.verdict, ExitCode.OK)


def _knob(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals and value):
        raise WarroomError(say("costs.not_knob", text=text))
    return name.strip(), value.strip()


def _turned(costs: CostsSettings, knobs: dict[str, str]) -> CostsSettings:
    from panels.costs.levers import turned

    return costs.model_copy(update={"levers": turned(costs.levers, knobs)}) if knobs else costs


async def _ask(config: Config, costs: CostsSettings) -> CostReport:
    from panels.costs.ask import ask_costs

    async with open_configured_sources(config.signals) as sources:
        return await ask_costs(costs, sources, time.time())


def _ways(config: Config, outcomes: list[LeverOutcome]) -> dict[str, Way]:
    """What pulls each lever; the catalogue is read only where one names an action."""
    from response.offers import every_offer
    from tui.actions.pull import way
    from tui.config.runs import run_settings

    named = any(outcome.action for outcome in outcomes)
    catalogue = every_offer(run_settings(config)) if named else ()
    return {outcome.id: way(outcome, catalogue, config.actions.switches) for outcome in outcomes}


def _print(
    report: CostReport, outcomes: list[LeverOutcome], ways: dict[str, Way], invocation: Invocation
) -> None:
    from panels.draw.costs import draw_month
    from panels.draw.levers import draw_levers, draw_together
    from tui.runtime.terminal import locale_is_utf8

    ascii_only, say_ = not locale_is_utf8(os.environ), invocation.words.say
    width = max(60, shutil.get_terminal_size((WIDTH, 24)).columns)
    lines = draw_month(report, say_, width, 0, ascii_only=ascii_only)
    way_texts = {name: each.text for name, each in ways.items()}
    lines += draw_levers(outcomes, way_texts, say_, width, ascii_only=ascii_only)
    if len(outcomes) < len(report.levers):  # those that somebody asked about, and not all of them
        lines += draw_together(outcomes, None if report.seen.is_short else report.projection, say_, width)
    for line in lines:
        invocation.print_line(line.plain.rstrip())
    if report.prices_as_of:
        invocation.print_line(f"   {invocation.words.text('costs.prices', text=report.prices_as_of)}")


def _as_json(
    report: CostReport, outcomes: list[LeverOutcome], ways: dict[str, Way], words: Language
) -> dict[str, object]:
    seen, projection, short = report.seen, report.projection, report.seen.is_short
    known = None if short else projection
    rule, cache = report.rule, report.cache
    return {
        "at": seen.month.now,
        "verdict": report.verdict.value,
        "reason": words.say(report.reason),
        "source": report.source,
        "month": {"start": seen.month.start, "end": seen.month.end, "time_zone": report.time_zone},
        "seen_s": seen.covered_s,
        "gaps_s": seen.gaps_s,
        "budget_usd": report.budget_usd,
        "spent_usd": None if projection is None else projection.spent,
        "projected": None
        if known is None
        else {"low_usd": known.low, "high_usd": known.high, "basis": known.basis, "days": known.days},
        "rule": None
        if rule is None
        else {
            "name": rule.name,
            "state": rule.state,
            "value_usd": rule.value_usd,
            "limit_usd": rule.limit_usd,
            "source": rule.source,
            "since": rule.since,
            "expr": rule.expr,
            "problem": None if rule.problem is None else words.say(rule.problem),
        },
        "apart": [words.say(text) for text in report.apart],
        "rates_usd_per_day": dict(report.rates_usd_per_day),
        "per_analysis_usd": dict(report.per_analysis),
        "by_model_usd": dict(report.by_model),
        "by_mode_usd": dict(report.by_mode),
        "listed_usd": report.listed_usd,
        "cache": None
        if cache is None
        else {"hits": cache.hits, "misses": cache.misses, "ratio": cache.ratio, "saved_usd": cache.saved_usd},
        "days": [
            {"start": day.start, "usd": day.usd, "whole": day.is_whole}
            for day in seen.days
            if day.usd is None or math.isfinite(day.usd)
        ],
        "levers": [_lever_json(outcome, ways[outcome.id], words) for outcome in outcomes],
        "warnings": [words.say(text) for text in report.warnings],
    }


def _lever_json(outcome: LeverOutcome, way: Way, words: Language) -> dict[str, object]:
    return {
        "id": outcome.id,
        "saved": outcome.saved,
        "low_usd": outcome.low,
        "high_usd": outcome.high,
        "assumptions": {knob.name: knob.value for knob in outcome.knobs},
        "taken_for_granted": [words.say(text) for text in outcome.assumptions],
        "unknown": None if outcome.unknown is None else words.say(outcome.unknown),
        "action": outcome.action or None,
        "parameters": dict(outcome.parameters),
        "can_be_pulled": way.is_open,
        "way": words.say(way.text),
    }


COMMAND = Command(group=Group.OBSERVE, summary="cost.summary", add_arguments=add_arguments, run=run)
