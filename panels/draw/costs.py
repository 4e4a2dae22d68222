"""The cost desk as text: the month against its budget and the rule's word beside it, then where the money goes."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from core.message import say
from core.units import duration, quantity
from panels.costs.calendar import days_between
from panels.costs.levers import share_text
from panels.costs.projection import RATES
from panels.draw.panel import ASCII_MARKS, MARKS, sparkline
from panels.draw.text import shorten, wrap_to_width
from signals.reading import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from core.message import Message
    from panels.costs.report import CostReport, RuleWord

    Say = Callable[[Message], str]

BAR_CELLS = 20
CHART_ROWS = 6
CHART_FROM = 22
"""Lines from which on the days get a chart of their own."""
MOST_NAMED = 6
_BLOCKS, _ASCII_BLOCKS = " ▁▂▃▄▅▆▇█", " .:-=+*#@"


@dataclass(frozen=True, slots=True)
class _Look:
    """What a row is drawn from, and how many cells it has beside its name."""

    report: CostReport
    say: Say
    width: int
    ascii_only: bool


def draw_month(
    report: CostReport, say_: Say, width: int, height: int, *, ascii_only: bool = False
) -> list[Text]:
    """The figures, a line each; with room enough the days as a chart."""
    names = [say_(say(f"costs.row_{name}")) for name in _ROWS]
    label_cells = max(cell_len(name) for name in names) + 2
    look = _Look(report, say_, width - label_cells - 3, ascii_only)
    lines = [*_head(report, say_, width, ascii_only=ascii_only)]
    for name, label in zip(_ROWS, names, strict=True):
        if name == "days" and height >= CHART_FROM:
            continue
        for index, text in enumerate(_ROWS[name](look)):
            start = Text("   ").append(set_cell_size("" if index else label, label_cells), "quiet")
            lines.append(shorten(start.append_text(text), width, ascii_only=ascii_only))
    if height >= CHART_FROM:
        lines += _chart(report, say_, width, ascii_only=ascii_only)
    return lines


def _head(report: CostReport, say_: Say, width: int, *, ascii_only: bool) -> list[Text]:
    month, zone = report.seen.month, ZoneInfo(report.time_zone)
    days = days_between(month.start, month.end, zone)
    today = len(days_between(month.start, month.now, zone))
    values = {"month": f"{datetime.fromtimestamp(month.start, zone):%Y-%m}", "zone": report.time_zone}
    title = say_(say("costs.month", **values, day=today, days=len(days)))
    mark = (ASCII_MARKS if ascii_only else MARKS)[report.verdict]
    first = Text(" ").append(mark, report.verdict.value).append(f" {say_(say('costs.title'))}  ", "title")
    lines = [shorten(first.append(title, "quiet"), width, ascii_only=ascii_only)]
    style = "" if report.verdict is Verdict.OK else report.verdict.value
    lines += [Text(f"   {part}", style) for part in wrap_to_width(say_(report.reason), max(8, width - 4))]
    for warning in report.warnings:
        if warning != report.reason:
            lines += [
                Text(f"   {part}", "remark") for part in wrap_to_width(say_(warning), max(8, width - 4))
            ]
    return lines


def _spent(look: _Look) -> list[Text]:
    projection = look.report.projection
    if projection is None or projection.spent is None:
        young = projection is not None
        return [Text(look.say(say("panels.month_young" if young else "costs.unknown")), "unknown")]
    if look.report.budget_usd is None:
        return [Text(look.say(quantity(projection.spent, "usd")))]
    share = projection.spent / look.report.budget_usd
    values = {"spent": quantity(projection.spent, "usd"), "limit": quantity(look.report.budget_usd, "usd")}
    text = Text(look.say(say("costs.of_budget", **values, share=share_text(share))))
    if look.width > text.cell_len + BAR_CELLS + 2:
        full = min(BAR_CELLS, round(share * BAR_CELLS))
        filled, empty = ("#", ".") if look.ascii_only else ("▓", "░")
        text.append("  ").append(filled * full, "burning" if share > 1 else "").append(
            empty * (BAR_CELLS - full)
        )
    return [text]


def _projected(look: _Look) -> list[Text]:
    projection = look.report.projection
    if projection is None or look.report.seen.is_short:
        return [Text(look.say(say("costs.unknown")), "unknown")]
    values = {"low": quantity(projection.low, "usd"), "high": quantity(projection.high, "usd")}
    text = Text(look.say(say("costs.range", **values)), look.report.verdict.value)
    if projection.basis == "days":
        basis = say("costs.basis_days", count=projection.days)
    else:
        names = window_names(look.report, look.report.rates_usd_per_day).values()
        basis = say("costs.basis_rates", windows=", ".join(map(look.say, names)))
    return [text.append(f"  {look.say(basis)}", "quiet")]


def _rule(look: _Look) -> list[Text]:
    rule = look.report.rule
    if rule is None:
        return [Text(look.say(say("costs.rule_none")), "quiet")]
    verdict = {"firing": "burning", "pending": "warn", "unknown": "unknown"}.get(rule.state, "")
    lines = [Text(rule.name).append(f"  {look.say(rule_text(rule))}", verdict)]
    if lines[0].cell_len > look.width:
        lines = [Text(rule.name), Text(look.say(rule_text(rule)), verdict)]
    unequal = "!= " if look.ascii_only else "≠ "
    for apart in look.report.apart:
        for index, part in enumerate(wrap_to_width(look.say(apart), max(8, look.width - 4))):
            lines.append(Text(f"{' ' * len(unequal) if index else unequal}{part}", "warn"))
    return lines


def rule_text(rule: RuleWord) -> Message:
    """What it says, in one line."""
    if rule.problem is not None:
        return rule.problem
    since = "" if rule.since is None else time.strftime("%m-%d %H:%MZ", time.gmtime(rule.since))
    state = say(f"costs.state_{rule.state}", since=since) if rule.since else say(f"costs.state_{rule.state}")
    if rule.value_usd is None or rule.limit_usd is None:
        return say("costs.rule_plain", state=state, source=rule.source)
    money = {"value": quantity(rule.value_usd, "usd"), "limit": quantity(rule.limit_usd, "usd")}
    return say("costs.rule_value", **money, state=state, source=rule.source)


def _rates(look: _Look) -> list[Text]:
    return [_money(look, look.report.rates_usd_per_day, say("costs.unknown"))]


def _analysis(look: _Look) -> list[Text]:
    return [_money(look, look.report.per_analysis, say("costs.none_counted"))]


def _money(look: _Look, values: Mapping[str, float], none: Message) -> Text:
    names = window_names(look.report, values)
    pairs = [
        f"{look.say(name)} {look.say(quantity(values[window], 'usd'))}" for window, name in names.items()
    ]
    return Text(" · ".join(pairs)) if pairs else Text(look.say(none), "quiet")


def window_names(report: CostReport, windows: Iterable[str]) -> dict[str, Message]:
    """What each window is called. Those that reach back beyond all that was seen have one figure: the longest stands for it.

    It is called by the length of the history that it stands on.
    """
    lengths = {**RATES, "month": report.seen.month.elapsed_s}
    covered_s = report.seen.covered_s
    ordered = sorted(windows, key=lambda window: lengths[window])
    beyond = [window for window in ordered if covered_s is not None and lengths[window] > covered_s]
    names = {window: say(f"costs.window_{window}") for window in ordered}
    if len(beyond) > 1 and covered_s is not None:
        for window in beyond[:-1]:
            del names[window]
        names[beyond[-1]] = say("costs.window_seen", span=duration(covered_s))
    return names


def _cache(look: _Look) -> list[Text]:
    cache = look.report.cache
    if cache is None:
        return [Text(look.say(say("costs.no_lookups")), "quiet")]
    count = quantity(round(cache.hits + cache.misses), "count")
    text = Text(look.say(say("costs.cache_use", ratio=share_text(cache.ratio), count=count)))
    if cache.saved_usd is not None:
        saved = Text(look.say(say("costs.cache_saved", usd=quantity(cache.saved_usd, "usd"))))
        return (
            [text.append(" · ").append_text(saved)]
            if text.cell_len + saved.cell_len + 3 <= look.width
            else [text, saved]
        )
    return [text]


def _by_model(look: _Look) -> list[Text]:
    return _parts(look.report.by_model, look.say)


def _by_mode(look: _Look) -> list[Text]:
    return _parts(look.report.by_mode, look.say)


def _parts(parts: Mapping[str, float], say_: Say) -> list[Text]:
    """Who costs how much, and which share of all that is."""
    whole = sum(parts.values())
    if not parts:
        return [Text(say_(say("costs.none_counted")), "quiet")]
    shown = [
        f"{name or '-'} {say_(quantity(usd, 'usd'))}"
        + (f" ({say_(share_text(usd / whole))})" if whole > 0 else "")
        for name, usd in list(parts.items())[:MOST_NAMED]
    ]
    return [Text(" · ".join(shown))]


def _listed(look: _Look) -> list[Text]:
    projection = look.report.projection
    if look.report.listed_usd is None or projection is None or projection.spent is None:
        return []
    values = {"listed": quantity(look.report.listed_usd, "usd"), "spent": quantity(projection.spent, "usd")}
    return [Text(look.say(say("costs.listed", **values)), "quiet")]


def _days(look: _Look) -> list[Text]:
    values = [math.nan if day.usd is None else day.usd for day in look.report.seen.days]
    if not values:
        return [Text(look.say(say("costs.unknown")), "quiet")]
    highest = max((value for value in values if not math.isnan(value)), default=0.0)
    text = Text(sparkline(values, max(1, look.width - 12), ascii_only=look.ascii_only))
    return [
        text.append(
            f"  ≤ {look.say(quantity(highest, 'usd'))}"
            if not look.ascii_only
            else f"  <= {look.say(quantity(highest, 'usd'))}",
            "quiet",
        )
    ]


def _chart(report: CostReport, say_: Say, width: int, *, ascii_only: bool) -> list[Text]:
    """A bar a day over the last weeks; the days of this month are bright, one that was not seen whole is dim."""
    days = report.seen.days
    if not days:
        return []
    blocks, zone = _ASCII_BLOCKS if ascii_only else _BLOCKS, ZoneInfo(report.time_zone)
    days = days[-((width - 14) // 3) :]
    top = max((day.usd or 0.0 for day in days), default=0.0) or 1.0
    lines = []
    for row in reversed(range(CHART_ROWS)):
        left = say_(quantity(top, "usd")) if row == CHART_ROWS - 1 else "0" if row == 0 else ""
        line = Text(f"   {left:>8} ", "quiet")
        for day in days:
            filled = (day.usd or 0.0) / top * CHART_ROWS - row
            block = "?" if day.usd is None and row == 0 else blocks[max(0, min(8, round(filled * 8)))]
            style = "curve2" if day.start >= report.seen.month.start else "quiet"
            line.append(block * 2, style if day.is_whole else "quiet").append(" ")
        lines.append(line)
    numbers = Text(" " * 12)
    for day in days:
        numbers.append(f"{datetime.fromtimestamp(day.start, zone):%d} ", "quiet")
    return [Text(), *lines, numbers]


_ROWS: dict[str, Callable[[_Look], list[Text]]] = {
    "spent": _spent,
    "projected": _projected,
    "rule": _rule,
    "rates": _rates,
    "analysis": _analysis,
    "cache": _cache,
    "model": _by_model,
    "mode": _by_mode,
    "listed": _listed,
    "days": _days,
}
