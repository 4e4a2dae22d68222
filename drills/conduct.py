"""Plays a scenario on a target: looks whether it is well, breaks it on the time line, measures, lifts everything, scores.

It runs in a thread of whoever conducts. What the responders do reaches it through the journal alone.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import time
from contextlib import ExitStack, closing, nullcontext, suppress
from dataclasses import dataclass, replace
from queue import Empty
from typing import TYPE_CHECKING

from core.errors import WarroomError
from core.message import say
from drills.announce import announce
from drills.board import ChecksBoard
from drills.configured.injector import open_agreed
from drills.faults.injector import open_injector
from drills.play import Play
from drills.record import DrillFacts
from drills.records import begin, record_of, save_anywhere
from drills.score import score
from drills.state import DrillState
from drills.steady import ROUND_S, DrillGivenUp, DrillRefused, is_aborted, wait_until_well
from incidents.events.event import new_id
from incidents.journal import open_journal
from incidents.journal.errors import NoJournal
from panels.budget_impact import budget_burnt
from signals.sources import open_sources

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path
    from queue import SimpleQueue

    from core.message import Message
    from drills.configured.injector import AgreedInjector
    from drills.configured.plans import FaultPlan
    from drills.faults.model import Injecting
    from drills.record import Ending
    from drills.records import DrillRecord
    from drills.scenarios.model import Scenario
    from drills.score import Score
    from drills.site import Site
    from drills.state import DrillCommand
    from incidents.journal import Journal
    from signals.sources import Sources

AGREE_S = 3600.0
"""So long runs wait for a second person; then nobody remembers what was planned."""
GRACE_S = 10.0
"""So long a drill goes on that has recovered although nobody opened an incident: somebody may still do it."""


@dataclass(frozen=True, slots=True)
class Played:
    """What came of a drill: the facts, what the response was worth, the record of both, and its file."""

    facts: DrillFacts
    score: Score
    record: DrillRecord
    file: Path


def conduct(
    scenario: Scenario,
    site: Site,
    *,
    master: str,
    commands: SimpleQueue[DrillCommand],
    on_state: Callable[[DrillState], None],
    autopilot: str = "",
    limit_s: float | None = None,
    plans: Sequence[FaultPlan] = (),
    on_wait: Callable[[tuple[str, ...]], None] = lambda _: None,
) -> Played:
    """Play it to its end. Raises `DrillRefused` before anything is broken, else a `WarroomError`; all is lifted either way.

    `limit_s` shortens the scenario's own. On a configured system `plans` are what its time line would do, as the master has confirmed
    it; `on_wait` hears which runs a second person has to approve before it begins.
    """
    refuse_elsewhere(scenario, site)
    if site.target.sandbox is None and not plans:  # nobody was shown what would break
        raise DrillRefused(say("drill.no_sandbox", environment=site.target.environment))
    refuse_beside_incidents(site)
    limit_s = limit_s or scenario.limit_s
    order = _Order(scenario, site, master, commands, on_state, autopilot, limit_s, plans, on_wait)
    with announce(site.target.sandbox) if site.target.sandbox is not None else nullcontext():
        return asyncio.run(_conduct(order))


def refuse_elsewhere(scenario: Scenario, site: Site) -> None:
    """A scenario for a sandbox breaks no system of one's own, nor the other way round. Raises `DrillRefused`."""
    wrong = "configured" if site.target.sandbox is not None else "sandbox"
    if scenario.where == wrong:
        raise DrillRefused(say(f"drill.not_here_{wrong}", scenario=scenario.id))


def refuse_beside_incidents(site: Site) -> None:
    """While people work on something real nothing is broken on purpose. Raises `DrillRefused`."""
    for settings in filter(None, (site.run.journal, site.own_journal)):
        with suppress(NoJournal), closing(open_journal(settings, read_only=True)) as journal:
            for summary in journal.history(statuses=("open", "mitigated")):
                key = "drill.drill_open" if summary.drill else "drill.incident_open"
                raise DrillRefused(say(key, label=summary.label, title=summary.title))


@dataclass(frozen=True, slots=True)
class _Order:
    """What `conduct` was asked for."""

    scenario: Scenario
    site: Site
    master: str
    commands: SimpleQueue[DrillCommand]
    on_state: Callable[[DrillState], None]
    autopilot: str
    limit_s: float
    plans: Sequence[FaultPlan]
    on_wait: Callable[[tuple[str, ...]], None]


async def _conduct(order: _Order) -> Played:
    scenario, site, drill = order.scenario, order.site, str(new_id())
    with ExitStack() as stack:
        journal = stack.enter_context(closing(open_journal(site.run.journal)))
        injector: Injecting | None = None
        if site.target.sandbox is None:
            injector = agreed = await asyncio.to_thread(_open_agreed, order, drill)
            stack.callback(agreed.close)
            await _wait_until_agreed(agreed, order)
        async with open_sources(site.run.signals, lambda _: None) as sources:
            board = ChecksBoard(scenario, sources, site.permission)
            facts = DrillFacts(
                id=drill,
                scenario=scenario.id,
                target=site.run.environment,
                master=order.master,
                autopilot=order.autopilot,  # type: ignore[arg-type]  # one of its words, by the command line
                started_at=dt.datetime.now(dt.UTC),
            )
            await wait_until_well(
                scenario, board, order.commands, lambda: order.on_state(_before(order, facts, board))
            )
            refuse_beside_incidents(site)  # one may have been opened meanwhile
            facts = replace(facts, started_at=dt.datetime.now(dt.UTC))
            begin(site.records, facts, scenario)
            if injector is None:
                injector = open_injector(
                    site.target, (site.target.sandbox or site.records) / "injections" / drill
                )
            play = Play(
                scenario,
                facts,
                injector,
                board,
                order.limit_s,
                ends_beside_real=site.target.sandbox is None,
            )
            ending: Ending = "aborted"
            try:
                ending = await _rounds(play, journal, order)
            finally:
                play.phase = "lifting"
                order.on_state(play.state(score(play.look(journal)).oracles))
                problem = await asyncio.to_thread(_close, play)
                if problem is not None:
                    play.problems.append(problem)
                played = await _finish(play, journal, sources, site, ending)
                order.on_state(play.state(played.score.oracles))
    return played


def _before(order: _Order, facts: DrillFacts, board: ChecksBoard) -> DrillState:
    """While it is looked whether the target is well."""
    return DrillState(
        scenario=order.scenario,
        facts=facts,
        phase="steady",
        now=dt.datetime.now(dt.UTC),
        elapsed_s=0.0,
        limit_s=order.limit_s,
        timeline=(),
        checks=tuple(board.states.values()),
    )


def _open_agreed(order: _Order, drill: str) -> AgreedInjector:
    folder = order.site.records / "injections" / drill
    return open_agreed(order.scenario.id, order.plans, order.site.run, folder)


async def _wait_until_agreed(injector: AgreedInjector, order: _Order) -> None:
    """Until a second person has approved each; the master may give up. Raises `DrillRefused`."""
    told: tuple[str, ...] = ()
    deadline = time.monotonic() + AGREE_S
    while waiting := await asyncio.to_thread(injector.waiting):
        if waiting != told:
            told = waiting
            order.on_wait(waiting)
        if is_aborted(order.commands):
            raise DrillGivenUp(say("drill.not_agreed", runs=", ".join(waiting)))
        if time.monotonic() > deadline:
            raise DrillRefused(say("drill.not_agreed", runs=", ".join(waiting)))
        await asyncio.sleep(ROUND_S)


async def _rounds(
    play: Play,
    journal: Journal,
    order: _Order,
) -> Ending:
    """Until it has recovered, the limit is over, the master ends it, or there is nothing left to play on."""
    measured_at = 0.0
    while True:
        with suppress(Empty):
            while True:
                play.obey(order.commands.get_nowait(), journal)
        if play.is_aborted:
            return "aborted"
        await asyncio.to_thread(play.inject_due)
        if time.monotonic() - measured_at >= ROUND_S:
            measured_at = time.monotonic()
            await play.board.measure()
            play.measured()
            response = play.look(journal)
            order.on_state(play.state(play.scored(score(response).oracles)))
            if order.site.target.is_gone:
                play.problems.append(say("drill.sandbox_gone"))
                return "aborted"
            ending = play.ending(response, GRACE_S)
            if ending is not None:
                return ending
        await asyncio.sleep(ROUND_S / 5)


def _close(play: Play) -> Message | None:
    try:
        play.injector.close()
    except WarroomError as error:
        return error.message
    return None


async def _finish(play: Play, journal: Journal, sources: Sources, site: Site, ending: Ending) -> Played:
    now = dt.datetime.now(dt.UTC)
    try:
        burnt = await budget_burnt(site.board, sources, play.facts.started_at, now)
    except WarroomError:
        burnt = None
    play.end(ending, now, burnt)
    play.phase = "over"
    response = play.look(journal)
    result = score(response)
    record = record_of(response.facts, result.scenario, result)
    place, problem = save_anywhere(site.records, record)
    if problem is not None:
        play.problems.append(problem)
    return Played(response.facts, result, record, place)
