"""What goes on and what is in force: in two lines for the board, in a few words for every head, and as a list."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from rich.text import Text

from actions.runner.keeper import MISSED_S
from actions.runner.watch import ORPHANED_S
from core.units import duration, quantity
from response.in_force import expiring
from tui.actions.draw.fold import fold
from tui.actions.words import call_text, short_call

if TYPE_CHECKING:
    from collections.abc import Sequence

    from actions.runner.keeper import LastRound
    from response.in_force import InForce
    from tui.feeds.runs import Active, RunsState
    from tui.i18n import Language

SEPARATOR = " · "
_LINE_STYLES = {True: "", False: "burning", None: "unknown"}
"""Of what was seen, by whether it is as it should be."""
OLD_CHECK_S = 180.0
"""What was verified longer ago is said loudly to be old."""


def head_part(state: RunsState, words: Language, now: float) -> Text:
    """`running 1  waiting 1  in force 2`, in the style of the worst of it; empty without any."""
    text = Text()
    running = [each for each in state.active if each.is_begun]
    if running:
        lost = any(_is_lost(each, state, now) for each in running)
        text.append(
            f"{words.text('act.head_running', count=len(running))}  ", "burning" if lost else "cursor"
        )
    if len(state.active) > len(running):
        text.append(f"{words.text('act.head_waiting', count=len(state.active) - len(running))}  ", "warn")
    if state.effects:
        style = (
            "warn"
            if any(_worry(each, state, now) for each in state.effects) or not is_kept(state, now)
            else ""
        )
        text.append(f"{words.text('act.head_in_force', count=len(state.effects))}  ", style)
    return text


def strip_lines(state: RunsState, words: Language, width: int, now: float, *, ascii_only: bool) -> list[Text]:
    """A line for what runs, one for what is in force; none without either."""
    from panels.draw.text import shorten

    lines = []
    if state.active:
        is_running = any(each.is_begun for each in state.active)
        head = words.text("act.strip_running" if is_running else "act.strip_waiting")
        line = Text.assemble(" ", (head, "quiet"), " ")
        anxious = sorted(state.active, key=lambda each: not _is_lost(each, state, now))
        room = width - line.cell_len - 4
        line.append_text(_joined([_active_text(each, state, words, now) for each in anxious], room))
        lines.append(line.append("  R", "key"))
    if state.effects:
        head = words.text("act.strip_in_force", count=len(state.effects))
        line = Text.assemble(" ", (head, "quiet"), " ")
        ranked = sorted(state.effects, key=lambda each: not _worry(each, state, now))
        tail = Text()
        if not is_kept(state, now):
            tail.append(f"  {words.text('act.nobody_keeps')}", "warn")
        elif state.last_round is not None and state.last_round.not_kept:
            tail.append(f"  {words.text('act.strip_not_kept', runs=_labels(state.last_round))}", "warn")
        tail.append("  F", "key")
        room = width - line.cell_len - tail.cell_len - 1
        for detail in (2, 1, 0):
            texts = [_effect_text(each, state, words, now, detail=detail) for each in ranked]
            if sum(text.cell_len + len(SEPARATOR) for text in texts) <= room:
                break
        line.append_text(_joined(texts, room)).append_text(tail)
        lines.append(line)
    return [shorten(line, width, ascii_only=ascii_only) for line in lines]


def is_kept(state: RunsState, now: float) -> bool:
    """Whether anybody on this host applies it again and ends it in time."""
    return state.last_round is not None and state.last_round.ago_s + max(0.0, now - state.at) <= MISSED_S


def effect_lines(
    effect: InForce, state: RunsState, words: Language, width: int, now: float, *, chosen: bool
) -> list[Text]:
    """One of the list: what it is, how it stands, until when; the chosen one with everything that is known."""
    mark, style = _mark(effect, state, now)
    line = Text.assemble((f"{mark} ", style), (f"{effect.label:<8} ", "title"))
    line.append(call_text(effect.run.action, effect.run.params), "chosen" if chosen else "")
    second = Text("           ")
    second.append_text(_times(effect, words, now))
    second.append("  ").append_text(_checked(effect, state, words, now))
    first, *rest = fold(line, width)
    lines = [first, *(Text(" " * 11).append_text(part) for part in rest), *fold(second, width)]
    if not chosen:
        return lines
    more = []
    checked = state.checked.get(effect.run.id)
    if not effect.is_certain:
        more.append(Text(words.text(f"run.{effect.doubt}"), _mark(effect, state, now)[1]))
        if checked is None:
            more += [Text(words.say(seen), "quiet") for seen in effect.open_checks]
    if checked is not None:
        more += [Text(words.say(seen), _LINE_STYLES[checked.ok]) for seen in checked.lines]
    undo = effect.undo
    if undo is not None:
        more.append(
            Text.assemble((f"{words.text('act.undo')}  ", "ok"), (call_text(undo.id, undo.params), "key"))
        )
    else:
        more.append(Text(words.text("act.no_undo"), "warn"))
    if effect.ends_by_itself:
        more.append(Text(words.text("act.ends_by_itself"), "quiet"))
    if effect.run.planned.incident is not None:
        more.append(Text(words.text("act.in_incident"), "quiet"))
    return lines + [Text(" " * 11).append_text(part) for text in more for part in fold(text, width - 12)]


def keeper_line(state: RunsState, words: Language, now: float) -> Text:
    """Who keeps it: without anybody, what restarts forgets it."""
    if not state.effects:
        return Text()
    if state.last_round is None:
        return Text(words.text("act.never_kept"), "warn")
    ago = words.say(quantity(round(state.last_round.ago_s + max(0.0, now - state.at)), "s"))
    if not is_kept(state, now):
        return Text(words.text("act.not_kept", time=ago), "warn")
    if state.last_round.not_kept:
        return Text(words.text("act.kept_ago_not", time=ago, runs=_labels(state.last_round)), "warn")
    return Text(words.text("act.kept_ago", time=ago), "quiet")


def _labels(made: LastRound) -> str:
    return ", ".join(made.not_kept)


def _active_text(active: Active, state: RunsState, words: Language, now: float) -> Text:
    run = active.run
    text = Text.assemble((active.label, "title"), " ", short_call(run.action, run.params))
    if _is_lost(active, state, now):
        return text.append(f" {words.text('act.strip_lost')}", "burning")
    if active.waits:
        return text.append(f" {words.text('act.strip_waits')}", "warn")
    if not active.is_begun:
        return text.append(f" {words.text('act.strip_not_begun')}", "warn")
    begun = run.started_at or run.planned_at
    return text.append(f" {words.say(duration(now - begun.timestamp()))}", "cursor")


def _is_lost(active: Active, state: RunsState, now: float) -> bool:
    """By its age at the look and what has passed since: a feed that hangs makes nobody look alive."""
    return active.beat is not None and active.beat.age_s + max(0.0, now - state.at) > ORPHANED_S


def _effect_text(effect: InForce, state: RunsState, words: Language, now: float, *, detail: int) -> Text:
    """With `detail` 0 what it is, 1 also until when, 2 also since when and by whom."""
    mark, style = _mark(effect, state, now)
    text = Text.assemble((f"{mark} ", style), short_call(effect.run.action, effect.run.params))
    if detail:
        text.append(" ").append_text(_times(effect, words, now, whole=detail > 1))
    return text


def _times(effect: InForce, words: Language, now: float, *, whole: bool = True) -> Text:
    """Since, by, until; the last loudly when it is near or over, and alone unless `whole`."""
    since, until = f"{effect.since:%H:%M}", f"{effect.until:%H:%MZ}"
    text = Text(
        f"{words.text('act.since_by', since=since, by=effect.run.planned_by)} " if whole else "", "quiet"
    )
    moment = dt.datetime.fromtimestamp(now, dt.UTC)
    if effect.is_over(moment):
        return text.append(words.text("act.past", until=until), "burning")
    near = bool(expiring((effect,), moment))
    return text.append(words.text("act.until_at", until=until), "stale" if near else "quiet")


def _checked(effect: InForce, state: RunsState, words: Language, now: float) -> Text:
    """Whether it really is so, and how long ago somebody looked."""
    checked, ended = state.checked.get(effect.run.id), effect.run.ended_at
    if checked is not None:
        key = {True: "act.verified_ago", False: "act.not_so", None: "act.cannot_tell"}[checked.ok]
        age, style = now - checked.at, {True: "ok", False: "burning", None: "unknown"}[checked.ok]
    elif effect.run.verified and ended is not None:
        key, age, style = "act.verified_ago", now - ended.timestamp(), "ok"
    elif effect.run.checks and ended is not None:
        key, age = "act.cannot_tell" if effect.run.is_unknown else "act.not_so", now - ended.timestamp()
        style = "unknown" if effect.run.is_unknown else "burning"
    else:
        return Text(words.text("act.never_verified"), "unknown")
    style = "stale" if age > OLD_CHECK_S else style
    return Text(words.text(key, time=words.say(quantity(max(0, round(age)), "s"))), style)


def _mark(effect: InForce, state: RunsState, now: float) -> tuple[str, str]:
    checked = state.checked.get(effect.run.id)
    is_doubtful = not effect.is_certain and effect.doubt != "in_force_unknown"
    if is_doubtful or (checked is not None and checked.ok is False):
        return "✖", "burning"
    if expiring((effect,), dt.datetime.fromtimestamp(now, dt.UTC)):
        return "▲", "warn"
    verified = effect.run.verified if checked is None else checked.ok
    ended = effect.run.ended_at
    seen_at = checked.at if checked is not None else ended.timestamp() if ended is not None else 0.0
    if now - seen_at > OLD_CHECK_S and not is_kept(state, now):
        verified = None  # what has restarted since has forgotten it
    return ("✔", "ok") if verified else ("?", "unknown")


def _worry(effect: InForce, state: RunsState, now: float) -> bool:
    return _mark(effect, state, now)[0] in ("✖", "▲")


def _joined(texts: Sequence[Text], room: int) -> Text:
    """As many as fit, and how many more there are."""
    from panels.draw.text import shorten

    first, *others = texts
    line = shorten(first.copy(), room - (4 if others else 0))
    for number, text in enumerate(others):
        left = len(others) - number
        if line.cell_len + len(SEPARATOR) + text.cell_len > room - (4 if left > 1 else 0):
            return line.append(f" +{left}", "quiet")
        line.append(SEPARATOR, "quiet").append_text(text)
    return line
