"""The keys of the incident's screen: where we are, what to do now, and what is written when it is done.

It shows an open incident, one of the past (nothing can be written then), or a runbook that is only read. What may be
done, and what is asked first, is decided in `response`; here stand the keys, their forms and their notices.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from core.message import say
from incidents.report.describe import describe_event, observation_text
from panels.alerts import active_alerts
from panels.naming import resolve_objections
from response import records, steps
from response.checklist import can_stand, is_done
from response.decision import Refused
from response.guard import is_doubtful, reached
from tui.incident.draw.panes import PANES
from tui.screens import incident_forms as forms
from tui.screens.confirm import Confirm
from tui.screens.form import Field, Form
from tui.screens.incident_actions import run_step_action
from tui.screens.incident_view import IncidentView
from tui.screens.submit import ask, submit, submit_answer, submit_form

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from core.message import Message
    from response.checklist import Row, RowKey
    from response.situation import Proposal, Situation
    from response.write import Written

KEY_DEBOUNCE_S = 0.7
"""A second Space so soon after the cursor went on by itself was meant for the step before."""


class IncidentScreen(IncidentView):
    """Each key is one event of the journal, or a question before it; nothing is shown as done before it is written."""

    page = "incident"
    _went_on_at = 0.0
    _acted_on: RowKey | None = None
    """The open step whose action was asked for: once its run has ticked it, the cursor goes on as after Space."""

    # The checklist

    def action_tick(self) -> None:
        """Done: with what its checks say now. On a pause point: the IC lets the checklist go on."""
        if time.monotonic() - self._went_on_at < KEY_DEBOUNCE_S or (situation := self._situation()) is None:
            return
        if PANES[self.pane] == "follow_ups":
            self._finish_follow_up(situation)
            return
        row = self.row()
        if self._at_checklist() and row is not None and row.kind == "pause":
            self._confirm_pause(situation, row)
        elif (row := self._step_row()) is not None:
            step, doubtful = row.step.number if row.step else "", is_doubtful(situation, row)
            proposal = steps.tick(situation, row.step_key, self.face.words.say)

            def ticked(written: Written) -> Message:
                if not doubtful:
                    return say("screen.ticked", step=step)
                (body,) = (event.body for event in written.events)
                return say("screen.ticked_doubtful", step=step, observed=observation_text(body))  # type: ignore[arg-type]  # a tick is what was proposed

            submit(self.face, proposal, self._then_go_on(row, ticked))

    def action_start(self) -> None:
        """We are at this step now; in a pane: its entry whole."""
        if self.pane:
            self.open_entry()
            return
        row = self.row()
        if (situation := self._situation()) is None or row is None:
            return
        if row.kind == "pause":
            self._confirm_pause(situation, row)
        elif (row := self._step_row()) is not None:
            self._submit(steps.start(situation, row.step_key), _about("screen.started", row))

    def action_act(self) -> None:
        """The action of the step in hand: its plan, and then its run; when that was verified the step is ticked."""
        if self._situation() is None or self.incident_id is None or (row := self._step_row()) is None:
            return
        if self.incidents.actions is None:
            self.incidents.defer(self.action_act, say("screen.actions_open"))
            return
        self._acted_on = None if is_done(self.incident, row) else row.key
        run_step_action(self.face, row, self.step_actions(row), self.incident_id)

    def _measure(self) -> None:
        """A step that its run has ticked is left first."""
        row = self.row() if self.is_current and self._acted_on is not None else None
        if row is not None and (row.key != self._acted_on or is_done(self.incident, row)):
            if row.key == self._acted_on:
                self._leave(row)
            self._acted_on = None
        super()._measure()

    def action_skip(self) -> None:
        """Left out; why, is asked."""
        if (situation := self._situation()) is None or (row := self._step_row(situation)) is None:
            return
        submit_form(
            self.face,
            self._reason_form(self._question("screen.ask_skip", row)),
            lambda given: steps.skip(situation, row.step_key, reason=given[0]),
            self._then_go_on(row, lambda _: _about("screen.skipped", row)),
        )

    def action_skip_phase(self) -> None:
        """What is open of the phase under the cursor, left out for one reason: a provider that is not affected."""
        row, words = self.row(), self.face.words
        if (situation := self._situation()) is None or not self._at_checklist():
            return
        if row is None or row.phase is None:
            return
        rows, phase = steps.skippable(situation, row), row.phase.title
        if isinstance(rows, Refused):
            self.incidents.notify(rows.message)
            return
        listed = [f"{step.number} {step.text}" for open_row in rows if (step := open_row.step) is not None]
        title = words.text("screen.ask_skip_phase", phase=phase, count=len(rows))

        def skipped(written: Written) -> Message:
            return say("screen.skipped_phase", count=len(written.events), phase=phase)

        submit_form(
            self.face,
            self._reason_form(title, listed),
            lambda given: steps.skip_phase(situation, row, reason=given[0]),
            self._then_go_on(row, skipped),
        )

    def action_fail(self) -> None:
        """It did not do what it should; what happened, is asked."""
        if (situation := self._situation()) is None or (row := self._step_row(situation)) is None:
            return
        words = self.face.words
        submit_form(
            self.face,
            self._reason_form(self._question("screen.ask_fail", row)),
            lambda given: steps.fail(situation, row.step_key, words.say, reason=given[0]),
            lambda _: _about("screen.failed", row),
        )

    def action_reopen(self) -> None:
        """To be done again."""
        if (situation := self._situation()) is not None and (row := self._step_row()) is not None:
            self._submit(steps.reopen(situation, row.step_key), _about("screen.reopened", row))

    def _confirm_pause(self, situation: Situation, row: Row) -> None:
        phase = row.phase
        if phase is not None:
            proposal = steps.confirm_pause(situation, situation.incident.key(row.runbook.id, phase.id))
            done = self._then_go_on(row, lambda _: say("screen.confirmed", phase=phase.title))
            submit(self.face, proposal, done)

    # What is put on record

    def action_note(self) -> None:
        """A note on the incident or on this step; among the follow-ups a new one."""
        if (situation := self._situation()) is None:
            return
        if PANES[self.pane] == "follow_ups":
            forms.add_follow_up(self.face, situation)
            return
        words, row = self.face.words, self.row()
        fields = [Field(words.text("screen.field_note"), lines=True)]
        about = (words.text("screen.about_incident"), words.text("screen.about_step"))
        if row is not None and row.step is not None:
            fields.append(Field(words.text("screen.field_about", step=row.step.number), about[0], about))

        def propose(given: tuple[str, ...]) -> Proposal:
            if row is not None and given[1:] == about[1:]:
                return steps.annotate(situation, row.step_key, given[0])
            return records.note(situation, given[0])

        form = Form(words.text("screen.new_note"), fields, draft=f"note {situation.label}")
        submit_form(self.face, form, propose, lambda _: say("screen.noted"))

    def _finish_follow_up(self, situation: Situation) -> None:
        follow_ups = situation.incident.follow_ups
        if 0 <= self._pane_cursor < len(follow_ups) and not follow_ups[self._pane_cursor].done:
            proposal = records.finish_follow_up(situation, follow_ups[self._pane_cursor].event)
            self._submit(proposal, say("screen.noted"))

    def action_pin(self) -> None:
        """The panel that stands on this screen becomes evidence, as it shows now; where none does, one is chosen."""
        if (situation := self._situation()) is not None:
            forms.pin_panel(self.face, situation, self.face.states.get(self._panel_shown))

    def action_undo(self) -> None:
        """One's own last event, shown before it is taken back."""
        if (situation := self._situation()) is None:
            return
        event = records.last_own_event(situation)
        if event is None:
            self.incidents.notify(say("screen.nothing_to_undo"))
            return
        words = self.face.words
        text = words.say(describe_event(situation.incident, event, situation.names))
        answer = ask(self.face, Confirm(words.text("screen.ask_undo"), [f"{event.at:%H:%M:%S}  {text}"]))
        undo = records.undo(situation, event)
        submit_answer(self.face, answer, lambda _: undo, lambda _: say("screen.undone"))

    # The incident as a whole

    def action_roles(self) -> None:
        """Take, offer, accept, lay down."""
        if (situation := self._situation()) is not None:
            forms.change_role(self.face, situation)

    def action_mark(self) -> None:
        """Mitigated, resolved, acknowledged; or it was not over."""
        if (situation := self._situation()) is not None:
            forms.mark_moment(self.face, situation)

    def action_severity(self) -> None:
        """How bad it is."""
        if (situation := self._situation()) is not None:
            forms.change_severity(self.face, situation)

    def action_title(self) -> None:
        """A better name."""
        if (situation := self._situation()) is not None:
            forms.change_title(self.face, situation)

    def action_update(self) -> None:
        """A status update: what to say, then the whole text and where it goes."""
        from tui.screens.status_update import write_update

        if (situation := self._situation()) is not None:
            write_update(self.face, situation)

    def action_export(self) -> None:
        """Postmortem draft and timeline as files; also of the past."""
        if (snapshot := self.snapshot) is not None:
            forms.export_report(self.face, snapshot, self.runbooks())

    # What all of them need

    def _situation(self) -> Situation | None:
        """What the person has in front of them, if something may be written to it; says why not."""
        if self.past is not None or self.incident_id is None:
            self.incidents.notify(say("screen.only_reading"))
            return None
        if self.incidents.journal.read_only:
            self.incidents.notify(say("journal.read_only", place=self.incidents.journal.place))
            return None
        row, snapshot = self.row(), self.snapshot
        if snapshot is None:
            return None
        observed = self.observed.get(row.key, {}) if row else {}
        checks = row.step.checks if row and row.step else ()
        results = tuple(observed.get(index) for index in range(len(checks)))
        burning = resolve_objections(self.face.by_attention())
        observed_here = {row.step_key: results} if row and checks else {}
        situation = self.incidents.situation(snapshot, observed_here, burning)
        active, known = active_alerts(self.face.states.values())
        return replace(situation, active_alerts=active, alerts_known=known)

    def _at_checklist(self) -> bool:
        """A key must not change a step that stands behind another pane."""
        if self.pane:
            self.incidents.notify(say("screen.other_pane"))
        return not self.pane

    def _step_row(self, situation: Situation | None = None) -> Row | None:
        """The step under the cursor; before a form also only if the checklist has come to it. Says why not."""
        if not self._at_checklist():
            return None
        row = self.row()
        if row is None or row.step is None:
            self.incidents.notify(say("screen.no_step"))
            return None
        decision = reached(situation, row) if situation else None
        if isinstance(decision, Refused):
            self.incidents.notify(decision.message)
            return None
        return row

    def _then_go_on(self, row: Row, done: Callable[[Written], Message]) -> Callable[[Written], Message]:
        """Once it is written the cursor goes to what is to be done next, if it still stands there."""

        def go_on(written: Written) -> Message:
            self._leave(row)
            return done(written)

        return go_on

    def _leave(self, row: Row) -> None:
        """To what is to be done next behind it, if the cursor still stands there."""
        rows = self.rows()
        keys = [other.key for other in rows]
        behind = rows[keys.index(row.key) + 1 :] if self.cursor == row.key in keys else ()
        open_rows = (other for other in behind if can_stand(other) and not is_done(self.incident, other))
        if (following := next(open_rows, None)) is not None:
            self._move_to(following)
            self._went_on_at = time.monotonic()
            self.repaint()

    def _submit(self, proposal: Proposal | Refused, done: Message) -> None:
        submit(self.face, proposal, lambda _: done)

    def _reason_form(self, title: str, remarks: Sequence[str] = ()) -> Form:
        label = self.snapshot.label if self.snapshot else ""
        reason = Field(self.face.words.text("screen.field_reason"))
        return Form(title, [reason], remarks, draft=f"{title} {label}")

    def _question(self, key: str, row: Row) -> str:
        return self.face.words.text(key, step=f"{row.step.number} {row.step.text}" if row.step else "")


def _about(key: str, row: Row) -> Message:
    return say(key, step=row.step.number if row.step else "")
