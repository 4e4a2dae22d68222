"""One run, from its claim to its recorded end: claim, plan again, run, verify, say what became of it.

Whatever happens is written as an event of the run. What was confirmed is what runs: a plan of now that differs ends the run
before anything is done. A run that somebody else has claimed is left alone, so that a request that comes twice runs once.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import socket
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING

from actions.errors import ActionRefused, Cancelled
from actions.model import Verification
from actions.parameters import read_parameters
from actions.planning import hold_to, make_plan, plan_from_json
from actions.providers import open_context
from actions.redact import Redactor
from actions.registry import find_action
from actions.runner.folder import RunFolder
from actions.runner.guardian import Guardian
from actions.runner.output import OutputFile
from actions.runner.tell import tell_incident, tell_items
from actions.runner.unwritten import keep, record
from actions.runner.watch import Cancellation, Watch
from core.errors import WarroomError
from core.message import Message, say
from core.text import clean
from incidents.events import run_body as r
from incidents.events.phrase import Phrase
from incidents.journal import open_journal
from incidents.journal.errors import JournalAway, JournalError, ResourceHeld, WriteConflict

if TYPE_CHECKING:
    from uuid import UUID

    from actions.model import AnyAction, Context, Outcome, Plan
    from actions.parameters import Parameters
    from actions.runner.request import RunRequest
    from incidents.events.run import Run
    from incidents.journal import Journal

MAX_CHECKS = 50
"""An event takes no more."""


def execute(request: RunRequest) -> None:
    """Do it; returns when its end is recorded. It forks, and so wants to be called before there are threads."""
    guardian = Guardian()
    try:
        journal = open_journal(request.settings.journal)
    except JournalError as error:
        _keep_refusal(request, error)
        return
    try:
        run = journal.load_run(request.run)
    except JournalError as error:
        _keep_refusal(request, error)
    else:
        _Execution(request, journal, run, guardian).execute()
    finally:
        journal.close()


def _keep_refusal(request: RunRequest, error: JournalError) -> None:
    """Without the run's events nothing is done; that waits at its side until somebody's journal takes it."""
    folder = RunFolder.of(request.settings.actions, request.run)
    keep(folder, request.actor, r.RunFailed(said=phrase(error.message), unclaimed=True))


def claim(journal: Journal, run: Run, actor: str) -> None:
    """Take the run for this process alone. Raises `WriteConflict` where another runner has it, or it has ended."""
    host, runner = host_name(), f"pid {os.getpid()}"
    try:
        journal.claim_run(run.id, actor, host=host, runner=runner, expected_sequence=run.sequence)
    except ResourceHeld:
        raise
    except WriteConflict:
        now = journal.load_run(run.id)
        if not now.is_unclaimed:
            raise
        claim(journal, now, actor)  # somebody approved it meanwhile: it is nobody's yet
    except JournalAway:
        if run.resource:
            raise
        journal.append(
            run.id, actor, r.RunClaimed(host=host, runner=runner)
        )  # it only observes: the spool takes it


def host_name() -> str:
    """This host, as the journal calls it."""
    return clean(socket.gethostname(), 80) or "?"


def plain_words(message: Message) -> str:
    """A message without a language: the runner has none. Readers get the text of its key in theirs."""
    values = (
        plain_words(value) if isinstance(value, Message) else str(value) for value in message.values.values()
    )
    return clean(" ".join([message.key, *values]))


def phrase(message: Message) -> Phrase:
    """For the journal."""
    return Phrase.from_message(message, plain_words)


@dataclass(slots=True)
class _Execution:
    request: RunRequest
    journal: Journal
    run: Run
    guardian: Guardian
    cancellation: Cancellation = field(default_factory=Cancellation)

    def execute(self) -> None:
        """Every end is an event; only a claim that somebody else has leaves none."""
        try:
            confirmed = plan_from_json(self.request.plan)
            self._check_approval(confirmed)
            action = find_action(self.request.settings.actions, self.request.action)
            params = read_parameters(action.parameters, self.request.params)
            claim(self.journal, self.run, self.request.actor)
        except WriteConflict:
            return  # another runner has it, or it has ended
        except WarroomError as error:
            self._write(r.RunFailed(said=phrase(error.message), unclaimed=True))
            self._tell(self.run.id)
            return
        self._do(action, params, confirmed)

    def _check_approval(self, confirmed: Plan) -> None:
        """Nobody starts a runner past the guard: what changes the world was approved, with this very plan."""
        approved = any(approval.digest == confirmed.digest for approval in self.run.approvals)
        if self.run.planned.digest != confirmed.digest or not (approved or confirmed.danger == "observe"):
            raise ActionRefused(say("runs.not_approved"))

    def _do(self, action: AnyAction, params: Parameters, confirmed: Plan) -> None:
        request, cancellation = self.request, self.cancellation
        folder = RunFolder.of(request.settings.actions, request.run)
        with suppress(OSError):  # without it the output is lost, and says so
            folder.create()
        redact = Redactor((*request.settings.secrets, *params.secrets()))
        output = OutputFile(folder.output, redact, request.settings.actions.output_bytes)
        context = open_context(
            signals=request.settings.signals,
            settings=request.settings.actions,
            releases=request.settings.releases,
            service=request.settings.service,
            environment=request.settings.environment,
            actor=request.actor,
            folder=folder.path.parent.parent,
            print_line=output.print_line,
            is_cancelled=cancellation.is_asked,
            beside=self.guardian.beside,
            hide=redact.add,
            allow_chaos=request.settings.allow_chaos,
        )
        end: r.RunEnd
        verifications: tuple[Verification, ...] = ()
        try:
            with Watch(self.journal, request.run, folder, cancellation, action.timeout_s):
                plan, outcome, verifications = self._work(action, params, confirmed, context, redact)
            _keep_document(folder, outcome, output)
            tell_items(self.journal, self.run, request.actor, outcome.items)
            end = _finished(plan, replace(outcome, text=redact.message(outcome.text)), context.clock())
        except (Cancelled, KeyboardInterrupt):
            end = _stopped(cancellation, action)
        except WarroomError as error:
            end = r.RunFailed(said=phrase(redact.message(error.message)))
        except Exception as error:  # noqa: BLE001  # an action that breaks is a run that failed; its words may hold secrets
            end = r.RunFailed(said=phrase(say("runs.broke", kind=type(error).__name__)))
        written = output.close()
        holds = all(each.ok is True for each in verifications)
        if verifications:
            self._write(_verified(verifications, redact))
        if self.run.planned.undoes is not None and isinstance(end, r.RunFinished) and holds:
            with suppress(JournalError):  # first: who sees the end looks there
                self.journal.append(self.run.planned.undoes, self.request.actor, r.RunUndone(by=self.run.id))
            self._tell(self.run.planned.undoes)
        self._write(end.model_copy(update={"output": r.Output(**asdict(written))}))
        self._tell(self.run.id)

    def _tell(self, run: UUID) -> None:
        tell_incident(self.journal, run, self.request.actor)

    def _work(
        self, action: AnyAction, params: Parameters, confirmed: Plan, context: Context, redact: Redactor
    ) -> tuple[Plan, Outcome, tuple[Verification, ...]]:
        plan = hold_to(
            confirmed, make_plan(action, params, context, lasts_s=confirmed.lasts_s, redact=redact)
        )
        if plan.blockers:
            raise ActionRefused(say("runs.blocked", why=plan.blockers[0]))
        self._begin()
        self._tell(self.run.id)
        outcome = action.run(params, plan, context)
        done = plan if outcome.undo is None else replace(plan, undo=outcome.undo)
        return done, outcome, _verify(action, params, done, context)

    def _begin(self) -> None:
        """The start is in the journal, while the run and its resource are still ours: whoever was stopped long enough may have lost them."""
        undone = self.run.planned.undoes
        if undone is not None and self.journal.load_run(undone).state == "undone":
            raise ActionRefused(say("runs.undone_already", run=self.journal.run_label(undone)))
        body = r.RunStarted(host=host_name(), process=os.getpid())
        if not self.run.resource:
            self._write(body)
            return
        while True:
            now = self.journal.load_run(self.run.id)
            if now.has_ended:
                raise ActionRefused(say("runs.ended_by_others", state=now.state))
            if now.cancel_asked_by:
                self.cancellation.ask(now.cancel_asked_by)
                raise Cancelled(say("actions.cancelled"))
            with suppress(WriteConflict):  # somebody wrote meanwhile: what, decides
                self.journal.append(self.run.id, self.request.actor, body, expected_sequence=now.sequence)
                return

    def _write(self, body: r.RunBody) -> None:
        """Where the journal and its spool don't take it, it waits at the run's side."""
        folder = RunFolder.of(self.request.settings.actions, self.run.id)
        record(self.journal, folder, self.run.id, self.request.actor, body)


def _keep_document(folder: RunFolder, outcome: Outcome, output: OutputFile) -> None:
    """What was done is done, also where there is no room for what programs would read of it."""
    if outcome.document is None:
        return
    try:
        folder.write_document(outcome.document)
    except OSError as error:
        output.lose(len(json.dumps(outcome.document)), error)
        with suppress(OSError):
            folder.document.unlink()


def _verify(action: AnyAction, params: Parameters, plan: Plan, context: Context) -> tuple[Verification, ...]:
    """What the action says of the world; where it can't, or is stopped, the work is done all the same, and nobody can tell."""
    try:
        return action.verify(params, plan, context)
    except (Cancelled, KeyboardInterrupt):
        return (Verification(say("runs.check_stopped"), ok=None),)
    except WarroomError as error:
        return (Verification(error.message, ok=None),)


def _verified(verifications: tuple[Verification, ...], redact: Redactor) -> r.RunVerified:
    """Of very many those stand first that did not pass: no failure is among what an event has no room for."""
    if len(verifications) > MAX_CHECKS:
        verifications = tuple(
            sorted(verifications, key=lambda each: (each.ok is not False, each.ok is not None))
        )
    kept = verifications[:MAX_CHECKS]
    return r.RunVerified(
        ok=all(each.ok is True for each in verifications),
        checks=tuple(phrase(redact.message(each.text)) for each in kept),
        failed=tuple(place for place, each in enumerate(kept) if each.ok is False),
        unknown=tuple(place for place, each in enumerate(kept) if each.ok is None),
        restarted=tuple(each.restarted for each in kept if each.restarted is not None),
    )


def _finished(plan: Plan, outcome: Outcome, now: float) -> r.RunFinished:
    undo = plan.undo.call
    is_lasting = outcome.is_lasting and plan.lasts_s > 0
    return r.RunFinished(
        said=phrase(outcome.text),
        exit_code=1 if outcome.findings else 0,
        undo=None if undo is None else r.UndoCall(action=undo.id, params=dict(undo.params)),
        until=dt.datetime.fromtimestamp(now + plan.lasts_s, dt.UTC) if is_lasting else None,
        serves=outcome.serves,
    )


def _stopped(cancellation: Cancellation, action: AnyAction) -> r.RunEnd:
    if cancellation.is_late:
        return r.RunFailed(said=phrase(say("runs.too_long", seconds=action.timeout_s)))
    return r.RunCancelled(said=phrase(say("actions.cancelled")), asked_by=cancellation.by or "?")
