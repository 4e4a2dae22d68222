"""Stands in for the responders: the moves of a scenario, one after the other, through the use cases that people have, too.

Every move passes the same guard and the same runner as a person's. A move that is refused is told and left out: what it was
worth, the score says.
"""

from __future__ import annotations

import datetime as dt
import time
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

from core.errors import WarroomError
from core.files import read_text
from core.message import say
from drills.play import HOLD_S
from drills.portal import new_key
from incidents.journal import open_journal
from response import incident as whole
from response import records, steps
from response.checklist import Missing, stopped_by
from response.decision import ALLOWED, Ask, Reason, Refused
from response.guard import may_propose
from response.identity import read_identity
from response.in_force import in_force, of_incident, take_back, with_in_force
from response.run_guard import Confirmation, Wish
from response.runs import begin, prepare
from response.situation import Situation
from response.write import write, write_opening
from runbooks.library import load_runbook

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from uuid import UUID

    from core.message import Message
    from drills.scenarios.model import Move, Scenario
    from drills.site import Site
    from drills.state import DrillState
    from incidents.journal import Journal
    from response.checklist import Row
    from response.situation import Proposal

LOOK_S = 0.2
RUN_TIMEOUT_S = 120.0


class MoveRefused(WarroomError):
    """What a responder wanted to do was not allowed, or did not come to its end."""


class Autopilot:
    """`state` is what the conductor published last, `is_over` whether the drill has ended; `say_move` hears of each move."""

    def __init__(
        self,
        scenario: Scenario,
        site: Site,
        *,
        state: Callable[[], DrillState | None],
        is_over: Callable[[], bool],
        say_move: Callable[[Message], None],
    ) -> None:
        self._scenario, self._site = scenario, site
        self._state, self._is_over, self._say_move = state, is_over, say_move
        self._incident: UUID | None = None
        self._issued = ""  # a key that the provider has given out; nowhere else than here

    def play(self, moves: tuple[Move, ...]) -> None:
        """All of them, until the drill is over. Raises a `JournalError`."""
        with closing(open_journal(self._site.run.journal)) as journal:
            for move in moves:
                if not self._wait_for(move):
                    return
                try:
                    self._move(journal, move)
                except MoveRefused as error:
                    self._say_move(say("drill.move_refused", move=_name(move), why=error.message))
                except WarroomError as error:
                    self._say_move(say("drill.move_failed", move=_name(move), why=error.message))
                else:
                    self._say_move(say("drill.move_done", move=_name(move)))

    def tidy(self) -> None:
        """Once the drill is over: take back what its runs have left in force, and close its incident. Raises a `WarroomError`."""
        if self._incident is None:
            return
        with closing(open_journal(self._site.run.journal)) as journal:
            incident, now = journal.load(self._incident), dt.datetime.now(dt.UTC)
            for effect in of_incident(in_force(journal, self._site.run, now), incident):
                begun = take_back(journal, self._site.run, effect, read_identity(journal))
                if isinstance(begun, Refused):
                    self._say_move(say("drill.move_refused", move=effect.run.action, why=begun.message))
                else:
                    self._wait_run(journal, begun.run, RUN_TIMEOUT_S)
            if incident.status != "resolved":
                self._submit(journal, whole.resolve(self._situation(journal)))

    def _wait_for(self, move: Move) -> bool:
        """Until `when` is so, or the move's time is over; False once the drill is."""
        deadline = time.monotonic() + move.timeout_s
        while not self._is_over():
            if move.do != "wait" and self._is_so(move.when):
                return True
            if move.do == "wait" and move.when and self._is_so(move.when):
                return True
            if time.monotonic() > deadline:
                return True
            time.sleep(LOOK_S)
        return False

    def _is_so(self, when: str) -> bool:
        state = self._state()
        kind, _, name = when.partition(":")
        if not kind:
            return True
        if state is None:
            return False
        if kind == "shown":
            return name in state.facts.shown
        if kind == "met":
            return any(result.id == name and result.passed for result in state.oracles)
        if kind == "recovered":
            at = state.facts.recovered_at
            return at is not None and (state.now - at).total_seconds() >= HOLD_S
        injections = state.facts.injections
        return bool(injections) and all(each.state in ("lifted", "failed") for each in injections)

    def _move(self, journal: Journal, move: Move) -> None:
        match move.do:
            case "open" | "acknowledge":
                self._open(journal)
            case "note" | "update" | "mitigate" | "resolve":
                self._submit(journal, self._proposal(journal, move))
            case "step":
                self._tick(journal, move.step)
            case "run":
                self._run(journal, move)
            case "portal":
                self._issued = new_key(self._site, move.text)
            case "undo":
                self._undo(journal, move.action)
            case "wait":
                pass

    def _proposal(self, journal: Journal, move: Move) -> Proposal | Refused:
        situation = self._situation(journal)
        match move.do:
            case "note":
                return records.note(situation, move.text)
            case "update":
                return records.write_update(situation, move.text)
            case "mitigate":
                return whole.mark(situation, "mitigated")
            case _:
                return whole.resolve(with_in_force(journal, self._site.run, situation, situation.now))

    def _open(self, journal: Journal) -> None:
        if self._incident is not None:
            return
        scenario = self._scenario
        opening = whole.Opening(
            title=scenario.title.of(self._site.language),
            severity=scenario.severity,
            runbook=scenario.runbook,
            drill=True,
            leads=True,
        )
        bodies = whole.open_incident(opening, dt.datetime.now(dt.UTC))
        self._incident = write_opening(journal, read_identity(journal).actor, bodies)

    def _situation(self, journal: Journal) -> Situation:
        if self._incident is None:
            self._open(journal)
        assert self._incident is not None  # noqa: S101  # `_open` has set it
        incident = journal.load(self._incident)
        books = (
            load_runbook(self._site.runbooks, self._site.language, name) or Missing(name)
            for name in incident.runbooks
        )
        return Situation(
            label=journal.label(incident.id),
            incident=incident,
            actor=read_identity(journal).actor,
            now=dt.datetime.now(dt.UTC),
            runbooks=tuple(books),
        )

    def _tick(self, journal: Journal, name: str) -> None:
        """As done by hand; the pause point before it is confirmed first, for whoever plays leads."""
        runbook, _, step = name.rpartition("/")
        situation = self._situation(journal)
        key = situation.incident.key(runbook, step)
        situation = self._reach(journal, situation, situation.row("step", runbook, step))
        words = self._site_words
        self._submit(journal, steps.tick(situation, key, words, observed="autopilot"))

    def _reach(self, journal: Journal, situation: Situation, row: Row | None) -> Situation:
        """Confirm the pause points before the row."""
        while row is not None and (pause := stopped_by(situation.incident, situation.rows, row)) is not None:
            if pause.phase is None:
                break
            phase = situation.incident.key(pause.runbook.id, pause.phase.id)
            self._submit(journal, steps.confirm_pause(situation, phase))
            situation = self._situation(journal)
        return situation

    @staticmethod
    def _site_words(message: Message) -> str:
        return message.otherwise or message.key

    def _run(self, journal: Journal, move: Move) -> None:
        settings, identity = self._site.run, read_identity(journal)
        values = {name: self._filled(value) for name, value in move.params.items()}
        values |= {name: self._secret(file) for name, file in move.secrets.items()}
        prepared = prepare(settings, move.action, values, identity.actor)
        if isinstance(prepared, Refused):
            raise MoveRefused(prepared.message)
        situation = self._situation(journal) if self._incident is not None else None
        wish = Wish(plan=prepared.plan, identity=identity, situation=situation)
        if situation is not None:
            wish = replace(wish, situation=self._reach(journal, situation, wish.row()))
        confirmation = Confirmation(yes=True, typed=prepared.plan.target)
        begun = begin(journal, settings, prepared, wish, confirmation)
        if isinstance(begun, Refused):
            raise MoveRefused(begun.message)
        if isinstance(begun.waits, Refused):
            raise MoveRefused(begun.waits.message)
        self._wait_run(journal, begun.run, move.timeout_s)

    def _wait_run(self, journal: Journal, run: UUID, timeout_s: float) -> None:
        deadline = time.monotonic() + max(timeout_s, RUN_TIMEOUT_S)
        while not (state := journal.load_run(run)).has_ended:
            if time.monotonic() > deadline:
                raise MoveRefused(say("drill.run_unended", run=journal.run_label(run)))
            time.sleep(LOOK_S)
        if state.state != "finished" or state.verified is False:
            why = state.said.message if state.said else say("drill.run_ended", state=state.state)
            raise MoveRefused(why)

    def _undo(self, journal: Journal, action: str) -> None:
        """Take back what this action has in force, the newest first."""
        now, identity = dt.datetime.now(dt.UTC), read_identity(journal)
        for effect in in_force(journal, self._site.run, now):
            if effect.run.action == action:
                begun = take_back(journal, self._site.run, effect, identity)
                if isinstance(begun, Refused):
                    raise MoveRefused(begun.message)
                self._wait_run(journal, begun.run, RUN_TIMEOUT_S)

    def _submit(self, journal: Journal, proposal: Proposal | Refused) -> None:
        """Every question is answered with yes, and the journal says so."""
        if isinstance(proposal, Refused):
            raise MoveRefused(proposal.message)
        decision = may_propose(proposal)
        while True:
            if isinstance(decision, Refused):
                if decision.reason is Reason.STEP_FINISHED:  # an action has ticked it
                    return
                raise MoveRefused(decision.message)
            if isinstance(decision, Ask):
                proposal = replace(proposal.answered(decision, "--yes"))
            written = write(journal, proposal)
            decision = written.decision
            if written.events or decision == ALLOWED:
                return

    def _filled(self, text: str) -> str:
        """`$sandbox` is the folder of the sandbox."""
        folder = self._site.target.sandbox
        return text.replace("$sandbox", str(folder)) if folder is not None else text

    def _secret(self, file: str) -> str:
        if file == "$portal":
            return self._issued
        path = self._path(file)
        try:
            return read_text(path).strip()
        except OSError as error:
            raise MoveRefused(say("drill.no_secret", file=str(path), detail=error.strerror or "?")) from None

    def _path(self, file: str) -> Path:
        from pathlib import Path

        return Path(self._filled(file))


def _name(move: Move) -> str:
    return " ".join(filter(None, (move.do, move.action or move.step, *move.params.values())))
