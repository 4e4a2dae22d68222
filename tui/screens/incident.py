"""The keys of the incident's screen: where we are, what to do now, and what is written when it is done.

It shows an open incident, one of the past (nothing can be written then), or a runbook that is only read.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from core.message import say
from response.checklist import can_stand, is_done, open_killers, open_steps, stopped_by
from tui.incident import steps
from tui.incident.draw.panes import PANES
from tui.incident.exports import export, free_folder
from tui.incident.marks import SEVERITIES, change_severity, mark, moments
from tui.incident.roles import change_role, role_choices
from tui.incident.updates import send_update
from tui.screens.choose import Choose
from tui.screens.confirm import Confirm
from tui.screens.form import Field, Form
from tui.screens.incident_view import IncidentView

if TYPE_CHECKING:
    from asyncio import Future
    from collections.abc import Coroutine, Sequence
    from typing import Any

    from core.message import Message
    from response.checklist import Row
    from tui.feeds.journal import IncidentSnapshot

HASTE_S = 0.7
"""A second Space so soon after the cursor went on by itself was meant for the step before."""


class IncidentScreen(IncidentView):
    """Each key is one event of the journal, or a question before it; nothing is shown as done before it is written."""

    page = "incident"
    _went_on = 0.0

    def _writable(self) -> IncidentSnapshot | None:
        """The incident, if something may be written to it; says why not."""
        if self.past is not None or self.incident_id is None:
            self.incidents.notify(say("screen.only_reading"))
            return None
        if self.incidents.journal.read_only:
            self.incidents.notify(say("journal.read_only", place=self.incidents.journal.place))
            return None
        return self.seen

    def _at_checklist(self) -> bool:
        """A key must not change a step that stands behind another pane."""
        if self.pane:
            self.incidents.notify(say("screen.other_pane"))
        return not self.pane

    def _step_row(self, seen: IncidentSnapshot, *, onward: bool = True) -> Row | None:
        """The step under the cursor, unless a pause point stands before it; says why not."""
        if not self._at_checklist():
            return None
        row = self.row()
        if row is None or row.step is None:
            self.incidents.notify(say("screen.no_step"))
            return None
        return row if self._may(seen, row, onward=onward) else None

    def _may(self, seen: IncidentSnapshot, row: Row, *, onward: bool = True) -> bool:
        """Whether the checklist has come so far; says why not."""
        if row.phase is not None and row.phase.prevention:
            self.incidents.notify(say("screen.for_later"))
            return False
        pause = stopped_by(seen.incident, self.rows(), row) if onward else None
        if pause is not None and pause.phase is not None:
            self.incidents.notify(say("screen.stopped", phase=pause.phase.title))
            return False
        return True

    def action_tick(self) -> None:
        """Done: with what its checks say now. On a pause point: the IC lets the checklist go on."""
        if time.monotonic() - self._went_on < HASTE_S or (seen := self._writable()) is None:
            return
        if PANES[self.pane] == "follow_ups":
            self.incidents.run(steps.finish_follow_up(self.incidents, seen, self._at))
            return
        row = self.row()
        if self._at_checklist() and row is not None and row.kind == "pause":
            self._confirm(seen, row)
        elif (row := self._step_row(seen)) is not None:
            self._tick(seen, row)

    def _tick(self, seen: IncidentSnapshot, row: Row) -> None:
        from signals.reading import Verdict

        observed = self.observed.get(row.key, {})
        checks = row.step.checks if row.step else ()
        doubtful = any(
            index not in observed or observed[index].verdict is not Verdict.OK for index in range(len(checks))
        )
        words, saw, answer = self.face.words, self._saw(row), None
        if doubtful and any(check.for_s for check in checks):
            # At a gate the next stage begins: that is not done by a slip of the thumb.
            answer = self.incidents.ask(
                Confirm(words.text("screen.confirm_gate"), [words.say(one) for one in saw])
            )
        work = steps.tick(self.incidents, seen, row, saw, answer, doubtful=doubtful)
        self.incidents.run(self._then_go_on(row, work))

    def _saw(self, row: Row) -> tuple[Message, ...]:
        """What the checks of the row's step said last."""
        from runbooks.checks.observation import check_results

        checks, observed = row.step.checks if row.step else (), self.observed.get(row.key, {})
        return check_results((observed.get(index) for index in range(len(checks))), time.time())

    def action_start(self) -> None:
        """We are at this step now."""
        row = self.row()
        if (seen := self._writable()) is None or row is None or not self._at_checklist():
            return
        if row.kind == "pause":
            self._confirm(seen, row)
        elif (row := self._step_row(seen)) is not None:
            self.incidents.run(steps.start(self.incidents, seen, row))

    def _confirm(self, seen: IncidentSnapshot, row: Row) -> None:
        """The pause point, once the one before it is behind us; with killer items open only after a question."""
        if not self._may(seen, row):
            return
        words, answer = self.face.words, None
        killers = open_killers(seen.incident, self.rows(), row)
        commander = seen.incident.roles.get("ic", self.incidents.actor)
        if killers and commander == self.incidents.actor:
            lines = [
                words.text("screen.killer_open", step=f"{each.step.number} {each.step.text}")
                for each in killers
                if each.step is not None
            ]
            answer = self.incidents.ask(Confirm(words.text("screen.confirm_anyway"), lines))
        self.incidents.run(self._then_go_on(row, steps.confirm_pause(self.incidents, seen, row, answer)))

    async def _then_go_on(self, row: Row, work: Coroutine[Any, Any, Message | None]) -> Message | None:
        """Once it is written the cursor goes to what is to be done next, if it still stands there."""
        told = await work
        if told is None or not told.key.startswith("screen.") or self.cursor != row.key:
            return told
        rows = self.rows()
        behind = rows[[one.key for one in rows].index(row.key) + 1 :] if row in rows else ()
        following = next((one for one in behind if can_stand(one) and not is_done(self.incident, one)), None)
        if following is not None:
            self._stand(following)
            self._went_on = time.monotonic()
        return told

    def action_skip(self) -> None:
        """Left out; why, is asked."""
        if (seen := self._writable()) is not None and (row := self._step_row(seen)) is not None:
            answer = self._ask_reason(self._about_step("screen.ask_skip", row))
            self.incidents.run(self._then_go_on(row, steps.skip(self.incidents, seen, row, answer)))

    def action_skip_phase(self) -> None:
        """What is open of the phase under the cursor, left out for one reason: a provider that is not affected."""
        row = self.row()
        if (seen := self._writable()) is None or not self._at_checklist() or row is None or row.phase is None:
            return
        rows, words = open_steps(seen.incident, self.rows(), row), self.face.words
        if not rows:
            self.incidents.notify(say("screen.phase_done", phase=row.phase.title))
        elif self._may(seen, rows[0]):
            listed = [f"{one.step.number} {one.step.text}" for one in rows if one.step is not None]
            title = words.text("screen.ask_skip_phase", phase=row.phase.title, count=len(rows))
            answer = self._ask_reason(title, listed)
            self.incidents.run(self._then_go_on(row, steps.skip_all(self.incidents, seen, rows, answer)))

    def action_fail(self) -> None:
        """It did not do what it should; what happened, is asked."""
        if (seen := self._writable()) is not None and (row := self._step_row(seen)) is not None:
            answer = self._ask_reason(self._about_step("screen.ask_fail", row))
            self.incidents.run(steps.fail(self.incidents, seen, row, self._saw(row), answer))

    def _about_step(self, key: str, row: Row) -> str:
        return self.face.words.text(key, step=f"{row.step.number} {row.step.text}" if row.step else "")

    def _ask_reason(self, title: str, remarks: Sequence[str] = ()) -> Future[tuple[str, ...] | None]:
        return self.incidents.ask(Form(title, [Field(self.face.words.text("screen.field_reason"))], remarks))

    def action_reopen(self) -> None:
        """To be done again."""
        if (seen := self._writable()) is not None and (row := self._step_row(seen, onward=False)) is not None:
            self.incidents.run(steps.reopen(self.incidents, seen, row))

    def action_note(self) -> None:
        """A note on the incident or on this step; among the follow-ups a new one."""
        if (seen := self._writable()) is None:
            return
        words, row = self.face.words, self.row()
        if PANES[self.pane] == "follow_ups":
            fields = [
                Field(words.text("screen.field_what")),
                Field(words.text("screen.field_owner"), needed=False),
                Field(words.text("screen.field_due"), needed=False),
            ]
            answer = self.incidents.ask(Form(words.text("screen.new_follow_up"), fields))
            self.incidents.run(steps.add_follow_up(self.incidents, seen, answer))
            return
        fields = [Field(words.text("screen.field_note"))]
        if row is not None and row.step is not None:
            about = (words.text("screen.about_incident"), words.text("screen.about_step"))
            fields.append(Field(words.text("screen.field_about", step=row.step.number), about[0], about))
        answer = self.incidents.ask(Form(words.text("screen.new_note"), fields))
        self.incidents.run(steps.note(self.incidents, seen, row, answer))

    def action_pin(self) -> None:
        """The panel that is chosen on the board becomes evidence."""
        if (seen := self._writable()) is not None:
            self.incidents.run(steps.pin(self.incidents, seen))

    def action_undo(self) -> None:
        """One's own last event, shown before it is taken back."""
        if (seen := self._writable()) is None:
            return
        from incidents.events.fold import can_undo
        from incidents.report.describe import describe_event
        from tui.incident.draw.timeline import names_here

        incident, words = seen.incident, self.face.words
        own = (
            event
            for event in reversed(incident.events)
            if event.actor == self.incidents.actor
            and can_undo(incident, event)
            and event.body.kind != "undone"
        )
        event = next(own, None)
        if event is None:
            self.incidents.notify(say("screen.nothing_to_undo"))
            return
        what = (
            f"{event.at:%H:%M:%S}  {words.say(describe_event(incident, event, names_here(self.runbooks())))}"
        )
        answer = self.incidents.ask(Confirm(words.text("screen.ask_undo"), [what]))
        self.incidents.run(steps.undo(self.incidents, seen, event, answer))

    def action_roles(self) -> None:
        """Take, offer, accept, lay down."""
        if (seen := self._writable()) is None:
            return
        words = self.face.words
        choices = role_choices(seen.incident, self.incidents.actor)
        answer = self.incidents.ask(
            Choose(words.text("screen.roles"), [words.say(one.text) for one in choices])
        )
        self.incidents.run(change_role(self.incidents, seen, choices, answer))

    def action_update(self) -> None:
        """A status update: what to say, then the whole text and where it goes."""
        if (seen := self._writable()) is not None:
            words = self.face.words
            answer = self.incidents.ask(
                Form(words.text("screen.new_update"), [Field(words.text("screen.field_say"))])
            )
            self.incidents.run(send_update(self.incidents, seen, answer))

    def action_mark(self) -> None:
        """Mitigated, resolved, acknowledged; or it was not over."""
        if (seen := self._writable()) is None:
            return
        words, choices = self.face.words, moments(seen.incident)
        options = [
            words.text("screen.mark_now", moment=words.text(f"event.moment_{moment}")) for moment in choices
        ]
        if seen.incident.status != "open":
            options.append(words.text("screen.reopen_incident"))
        answer = self.incidents.ask(Choose(words.text("screen.marks"), options))
        self.incidents.run(mark(self.incidents, seen, choices, answer))

    def action_severity(self) -> None:
        """How bad it is."""
        if (seen := self._writable()) is not None:
            words = self.face.words
            fields = [
                Field(words.text("screen.field_severity"), seen.incident.severity, SEVERITIES),
                Field(words.text("screen.field_reason"), needed=False),
            ]
            answer = self.incidents.ask(Form(words.text("screen.new_severity"), fields))
            self.incidents.run(change_severity(self.incidents, seen, answer))

    def action_export(self) -> None:
        """Postmortem draft and timeline as files; also of the past."""
        if (seen := self.seen) is not None:
            words = self.face.words
            fields = [Field(words.text("screen.field_folder"), free_folder(seen.label))]
            self.incidents.run(
                export(self.incidents, seen, self.incidents.ask(Form(words.text("screen.export"), fields)))
            )
