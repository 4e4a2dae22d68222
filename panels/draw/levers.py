"""The four levers as text: what each would save, the month then, and of the chosen one what is taken for granted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from core.message import say
from core.units import quantity
from panels.costs.levers import share_text, together
from panels.draw.text import cut, shorten, wrap_to_width

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from core.message import Message
    from panels.costs.levers import Knob, LeverOutcome
    from panels.costs.projection import Projection

    Say = Callable[[Message], str]


def draw_levers(
    outcomes: Sequence[LeverOutcome],
    ways: Mapping[str, Message],
    say_: Say,
    width: int,
    *,
    chosen: int | None = None,
    ascii_only: bool = False,
) -> list[Text]:
    """A line each, with the details of the chosen one below it, of all without a choice; `ways` says what pulls them."""
    rule = "-" if ascii_only else "─"
    about = cut(
        f"{rule * 2} {say_(say('costs.what_if'))}: {say_(say('costs.what_if_about'))} ",
        width,
        ascii_only=ascii_only,
    )
    lines = [Text(about + rule * (width - cell_len(about)), "quiet")]
    titles = [say_(say(f"costs.lever_{outcome.id}")) for outcome in outcomes]
    cells = max(map(cell_len, titles), default=0) + 2
    for index, (outcome, title) in enumerate(zip(outcomes, titles, strict=True)):
        here = index == chosen
        mark = (">" if ascii_only else "▶") if here else " "
        line = Text(f" {mark} ", "cursor").append(set_cell_size(title, cells), "chosen" if here else "title")
        line.append_text(_worth(outcome, say_)).append(f"  {knobs_text(outcome, say_)}", "quiet")
        lines.append(shorten(line, width, ascii_only=ascii_only))
        if here or chosen is None:
            lines += _details(outcome, ways.get(outcome.id), say_, width)
    return lines


def draw_together(
    outcomes: Sequence[LeverOutcome], projection: Projection | None, say_: Say, width: int
) -> list[Text]:
    """What several save at once; nothing where one of them is not known."""
    saved = together(outcomes)
    if saved is None or projection is None or len(outcomes) < 2:
        return []
    money = {
        "low": quantity(projection.low - saved * projection.ahead_low, "usd"),
        "high": quantity(projection.high - saved * projection.ahead_high, "usd"),
    }
    text = say_(say("costs.together", share=share_text(saved), **money))
    return [Text(f"   {part}", "title") for part in wrap_to_width(text, max(8, width - 4))]


def knob_label(lever: str, knob: str) -> Message:
    """What an assumption is called."""
    return say(f"costs.knob_{lever}_{knob}")


def knob_value(knob: Knob) -> Message:
    """As a person reads it."""
    if isinstance(knob.value, float):
        return share_text(knob.value)
    return say("panels.text", text=knob.value) if knob.value else say("costs.cheapest")


def knobs_text(outcome: LeverOutcome, say_: Say) -> str:
    """All assumptions that can be turned."""
    texts = []
    for knob in outcome.knobs:
        label, value = say_(knob_label(outcome.id, knob.name)), say_(knob_value(knob))
        texts.append(f"{value} {label}" if isinstance(knob.value, float) else f"{label} {value}")
    return " · ".join(texts)


def _worth(outcome: LeverOutcome, say_: Say) -> Text:
    if outcome.saved is None:
        return Text(say_(say("costs.unknown")), "unknown")
    key = "costs.saves" if outcome.saved >= 0 else "costs.costs_more"
    text = Text(say_(say(key, share=share_text(abs(outcome.saved)))), "ok" if outcome.saved > 0 else "")
    if outcome.low is not None and outcome.high is not None:
        money = {"low": quantity(outcome.low, "usd"), "high": quantity(outcome.high, "usd")}
        text.append(f"  {say_(say('costs.range', **money))}")
    return text


def _details(outcome: LeverOutcome, way: Message | None, say_: Say, width: int) -> list[Text]:
    texts = [] if outcome.unknown is None else [(say_(outcome.unknown), "unknown")]
    texts.append((" · ".join(map(say_, outcome.assumptions)), "remark"))
    if way is not None:
        texts.append((say_(way), "quiet"))
    return [
        Text(f"     {part}", style)
        for text, style in texts
        for part in wrap_to_width(text, max(8, width - 6))
    ]
