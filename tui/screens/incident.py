"""The incident: where we are, what to do now, what its check says; the timeline and the rest are one key away.

It shows an open incident, one of the past (nothing can be written then), or a runbook that is only read.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.text import Text
from textual import work

from signals.message import say
from tui.keymap import EVERYWHERE, KEYS
from tui.room import steps
from tui.room.checklist import (
    can_stand,
    first_row,
    is_done,
    next_killer,
    open_killers,
    rows_of,
    stopped_by,
)
from tui.room.draw_checklist import ChecklistLook
from tui.room.draw_side import PANES, pane_lines, roles_lines
from tui.room.draw_step import step_lines
from tui.room.exports import export, free_folder
from tui.room.marks import SEVERITIES, change_severity, mark, moments
from tui.room.pen import Pen
from tui.room.roles import change_role, role_choices
from tui.room.room import guarded
from tui.room.strip import clock_part, clock_text, elapsed_s, journal_part, update_clock_of
from tui.room.updates import send_update
from tui.screens.choose import Choose
from tui.screens.confirm import Confirm
from tui.screens.form import Field, Form
from tui.screens.page import Page

if TYPE_CHECKING:
    from asyncio import Future
    from collections.abc import Coroutine
    from typing import Any
    from uuid import UUID

    from incidents.incident import Incident
    from runbooks.measure import Observation
    from runbooks.model import Check, Runbook
    from signals.message import Message
    from tui.keymap import Key
    from tui.room.checklist import Missing, Row, RowKey
    from tui.room.news import Seen
    from tui.room.room import Room

WIDE = 110
"""From this width on the panes stand beside the checklist."""
MEASURE_S = 3.0
"""Between two measurements of the checks under the cursor."""
HASTE_S = 0.7
"""A second Space so soon after the cursor went on by itself was meant for the step before."""


class IncidentScreen(Page):
    """An incident with its checklist. `past` comes from the history; without an incident a runbook is read."""

    page = "incident"

    def __init__(
        self, incident_id: UUID | None, runbook: Runbook | None = None, past: Seen | None = None
    ) -> None:
        super().__init__()
        self.incident_id = incident_id
        self.past = past
        self.pane = 1 if past else 0
        self.cursor: RowKey | None = None
        self.observed: dict[RowKey, dict[int, Observation]] = {}
        self._reading = runbook
        self._at = 0
        self._from = 0
        self._copied = 0
        self._went_on = 0.0
        self._measure_at = 0.0

    def on_mount(self) -> None:
        """Measure the checks under the cursor as long as the screen is on top."""
        self.set_interval(1.0, self._measure)

    # What is shown

    @property
    def room(self) -> Room:
        """What is known of incidents."""
        return self.face.room

    @property
    def seen(self) -> Seen | None:
        """The incident as it is now; None for a runbook that is only read, or while it is not known yet."""
        if self.past is not None or self.incident_id is None:
            return self.past
        return self.room.seen.get(self.incident_id)

    @property
    def incident(self) -> Incident | None:
        """The fold of it."""
        return self.seen.incident if self.seen else None

    def runbooks(self) -> list[Runbook | Missing]:
        """What the checklist is made of, in the language of the screen."""
        if self._reading is not None:
            library = self.room.library
            return [(library.get(self._reading.id) if library else None) or self._reading]
        return self.room.runbooks_of(self.incident.runbooks) if self.incident else []

    def rows(self) -> tuple[Row, ...]:
        """The checklist."""
        return rows_of(self.runbooks())

    def row(self) -> Row | None:
        """The row under the cursor; at first the one where people are."""
        rows = self.rows()
        found = next((row for row in rows if row.key == self.cursor), None)
        if found is None and (found := first_row(self.incident, rows)) is not None:
            self.cursor = found.key
        return found

    def head(self, width: int, now: float) -> Text:
        """`INC-42 SEV2 Cloudflare ban near   IC ic1 · ops op1   00:18:03  update in 6:12`."""
        words, seen = self.face.words, self.seen
        if seen is None:
            title = self._reading.title if self._reading else words.text("room.opening")
            text = Text(f" {title}  ", "title")
            if self._reading:
                text.append(f" {words.text('room.reading')} ", "stale")
            text.truncate(width)
            return text
        incident = seen.incident
        drill = f"{words.text('update.drill')} " if incident.drill else ""
        status = "" if incident.status == "open" else f" {words.text(f'room.status_{incident.status}')}"
        left = Text(f" {drill}{seen.label} {incident.severity}{status} ", "burning" if not status else "warn")
        right = Text(f"{clock_text(elapsed_s(incident, now))} ")
        if self.past is None:
            clock = clock_part(update_clock_of(self.room, incident, now), words)
            right = Text.assemble("  ", right, " ", clock, " ") if clock else right
            right.append_text(journal_part(self.room.journal, words))
        else:
            right.append(f" {words.text('room.past')} ", "stale")
        roles = [
            f"{words.text(f'room.role_{role}')} {incident.roles.get(role, '–')}"
            for role in ("ic", "ops", "comms", "scribe")
            if role == "ic" or role in incident.roles
        ]
        room = width - left.cell_len - right.cell_len
        while roles and cell_len(" · ".join(roles)) > max(room - 12, room // 2):
            roles.pop()
        people = f"  {' · '.join(roles)} " if roles else ""
        name, space = Text(incident.title), max(0, room - cell_len(people))
        if name.cell_len > space:
            name.truncate(max(0, space - 1))
            name.append("…" if space else "")
        text = Text.assemble(left, name, " " * max(0, space - name.cell_len), people, right)
        text.truncate(width)
        return text

    def body(self, width: int, height: int, now: float) -> list[Text]:
        """The checklist with its step unfolded, and the panes in the room there is; never the program's end."""
        from tui.logfile import log_crash

        try:
            return self._body(width, height, now)
        except Exception as error:  # noqa: BLE001  # keys still work, and what they write is safe
            return [Text(f" ? {self.face.words.text('room.undrawn', log=str(log_crash(error)))}")]

    def _body(self, width: int, height: int, now: float) -> list[Text]:
        incident = self.incident
        if incident is None:
            return self._main(width, height, now)
        if width < WIDE:
            if self.pane:
                return self._pane(PANES[self.pane], width, height)
            below = 3 if height >= 18 else 0
            lines = self._main(width, height - below, now)
            lines += [Text()] * (height - below - len(lines))
            return lines + (self._pane("timeline", width, below) if below else [])
        side = min(90, width * 2 // 5)
        left = self._main(width - side - 1, height, now)
        right = self._side(side, height, now)
        bar = "|" if self.face.ascii_only else "│"
        lines = []
        for y in range(height):
            one = left[y] if y < len(left) else Text()
            other = right[y] if y < len(right) else Text()
            gap = " " * max(0, width - side - 1 - one.cell_len)
            lines.append(Text.assemble(one, gap, (bar, "quiet"), other))
        return lines

    def footer(self) -> list[Key]:
        """The keys that are needed here first; all others are behind F1."""
        own = [key for key in KEYS[self.page] if key.footer]
        return [*own, *(key for key in EVERYWHERE if key.key in ("f1", "q"))]

    def _main(self, width: int, height: int, now: float) -> list[Text]:
        words, rows, row = self.face.words, self.rows(), self.row()
        if not rows or row is None:
            lines = [Text(f"  {words.text('room.no_runbook')}", "quiet")] if self.incident else []
            lines += [
                ChecklistLook(self.incident, rows, words, self.face.ascii_only).line(one, False, width)
                for one in rows
            ]
            return lines[:height]
        look = ChecklistLook(self.incident, rows, words, self.face.ascii_only)
        if height < 6:
            return look.lines(row.key, width, height)
        pen = Pen(words, width, now, self.face.ascii_only)
        unfolded = step_lines(row, rows, self.incident, self.observed.get(row.key, {}), pen)
        share = height * 4 // 9 if height < 30 else height // 2
        lines = look.lines(row.key, width, min(len(rows), max(4, share, height - 1 - len(unfolded))))
        lines.append(Text(("-" if self.face.ascii_only else "─") * width, "quiet"))
        left = height - len(lines)
        self._from = max(0, min(self._from, len(unfolded) - left))
        shown = unfolded[self._from : self._from + left]
        hidden = len(unfolded) - self._from - len(shown)
        if hidden and shown:
            shown[-1] = Text(f"  {words.text('room.more', count=hidden + 1)}", "quiet")
        return lines + shown

    def _side(self, width: int, height: int, now: float) -> list[Text]:
        """Roles and clocks, then the chosen pane; where there is room the others, too."""
        incident = self.incident
        if incident is None:
            return []
        lines = roles_lines(self.room, incident, self.face.words, width, now)[: max(0, height - 4)]
        chosen = PANES[self.pane] if self.pane else "timeline"
        left = height - len(lines)
        if left < 40:
            return lines + self._pane(chosen, width, left)
        others = [pane for pane in PANES[1:] if pane != chosen]
        small = left // 4
        lines += self._padded(chosen, width, left - small * len(others))
        for pane in others:
            lines += self._padded(pane, width, small)
        return lines

    def _padded(self, pane: str, width: int, height: int) -> list[Text]:
        lines = self._pane(pane, width, height)
        return lines + [Text()] * (height - len(lines))

    def _pane(self, pane: str, width: int, height: int) -> list[Text]:
        incident = self.incident
        if incident is None:
            return []
        focused = pane == PANES[self.pane]
        pen = Pen(self.face.words, width, time.time(), self.face.ascii_only)
        at = self._at if focused else 0
        return pane_lines(pane, incident, self.runbooks(), pen, height, at=at, focused=focused)

    # Moving about

    def action_move(self, step: int) -> None:
        """The next row of the pane."""
        if self.pane == 0:
            standing = [row for row in self.rows() if can_stand(row)]
            here = self.row()
            if here is None:
                return
            at = standing.index(here) + step
            self._stand(standing[max(0, min(at, len(standing) - 1))])
        elif self.incident is not None:
            counts = {
                "timeline": len(self.incident.events) - 1,
                "evidence": len(self.incident.evidence) - 1,
                "follow_ups": len(self.incident.follow_ups) - 1,
            }
            # The newest event stands at the bottom: up goes back in time.
            step = -step if PANES[self.pane] == "timeline" else step
            self._at = max(0, min(self._at + step, counts[PANES[self.pane]]))
        self.repaint()

    def action_scroll(self, step: int) -> None:
        """The unfolded step, or the pane."""
        if self.pane:
            self.action_move(step)
        else:
            self._from += step
            self.repaint()

    def action_pane(self, step: int) -> None:
        """Checklist, timeline, evidence, follow-ups."""
        if self.incident is not None:
            self.pane = (self.pane + step) % len(PANES)
            self._at = 0
            self.repaint()

    def action_killer(self) -> None:
        """The next killer item that nobody has done."""
        found = next_killer(self.incident, self.rows(), self.cursor)
        if found is None:
            self.room.tell(say("room.no_killer"))
        else:
            self.pane = 0
            self._stand(found)
            self.repaint()

    def action_why(self) -> None:
        """Everything about the row under the cursor."""
        from tui.screens.why import WhyScreen

        if self.row() is not None:
            self.face.push_screen(WhyScreen(self))

    def action_copy(self) -> None:
        """The step's command into the clipboard (OSC 52); again: its next one."""
        row = self.row()
        commands = row.step.commands if row is not None and row.step is not None else ()
        if not commands:
            self.room.tell(say("room.nothing_to_copy"))
            return
        command = commands[self._copied % len(commands)]
        self._copied += 1
        self.face.copy_to_clipboard(command.text)
        first = command.text.splitlines()[0] if command.text else ""
        at = (self._copied - 1) % len(commands) + 1
        self.room.tell(say("room.copied", at=at, count=len(commands), command=first))

    def _stand(self, row: Row) -> None:
        self.cursor = row.key
        self._from = self._copied = 0
        self._measure_at = 0.0
        self._measure()

    # Writing

    def _writable(self) -> Seen | None:
        """The incident, if something may be written to it; says why not."""
        if self.past is not None or self.incident_id is None:
            self.room.tell(say("room.only_reading"))
            return None
        if self.room.journal.read_only:
            self.room.tell(say("journal.read_only", place=self.room.journal.place))
            return None
        return self.seen

    def _at_checklist(self) -> bool:
        """A key must not change a step that stands behind another pane."""
        if self.pane:
            self.room.tell(say("room.other_pane"))
        return not self.pane

    def _step_row(self, seen: Seen, *, onward: bool = True) -> Row | None:
        """The step under the cursor, unless a pause point stands before it; says why not."""
        if not self._at_checklist():
            return None
        row = self.row()
        if row is None or row.step is None:
            self.room.tell(say("room.no_step"))
            return None
        if row.phase is not None and row.phase.prevention:
            self.room.tell(say("room.for_later"))
            return None
        pause = stopped_by(seen.incident, self.rows(), row) if onward else None
        if pause is not None and pause.phase is not None:
            self.room.tell(say("room.stopped", phase=pause.phase.title))
            return None
        return row

    def action_tick(self) -> None:
        """Done: with what its checks say now. On a pause point: the IC lets the checklist go on."""
        if time.monotonic() - self._went_on < HASTE_S or (seen := self._writable()) is None:
            return
        if PANES[self.pane] == "follow_ups":
            self.room.do(steps.finish_follow_up(self.room, seen, self._at))
            return
        row = self.row()
        if self._at_checklist() and row is not None and row.kind == "pause":
            self._confirm(seen, row)
        elif (row := self._step_row(seen)) is not None:
            self._tick(seen, row)

    def _tick(self, seen: Seen, row: Row) -> None:
        from signals.reading import Verdict

        observed = self.observed.get(row.key, {})
        checks = row.step.checks if row.step else ()
        doubtful = any(
            index not in observed or observed[index].verdict is not Verdict.OK for index in range(len(checks))
        )
        self.room.do(
            self._then_go_on(row, steps.tick(self.room, seen, row, self._saw(row), doubtful=doubtful))
        )

    def _saw(self, row: Row) -> str:
        if row.step is None:
            return ""
        return steps.observed_text(row.step, self.observed.get(row.key, {}), self.face.words, time.time())

    def action_start(self) -> None:
        """We are at this step now."""
        row = self.row()
        if (seen := self._writable()) is None or row is None or not self._at_checklist():
            return
        if row.kind == "pause":
            self._confirm(seen, row)
        elif (row := self._step_row(seen)) is not None:
            self.room.do(steps.start(self.room, seen, row))

    def _confirm(self, seen: Seen, row: Row) -> None:
        """The pause point; with killer items open only after a question."""
        words, answer = self.face.words, None
        killers = open_killers(seen.incident, self.rows(), row)
        commander = seen.incident.roles.get("ic", self.room.actor)
        if killers and commander == self.room.actor:
            lines = [
                words.text("room.killer_open", step=f"{each.step.number} {each.step.text}")
                for each in killers
                if each.step is not None
            ]
            answer = self.room.ask(Confirm(words.text("room.confirm_anyway"), lines))
        self.room.do(self._then_go_on(row, steps.confirm_pause(self.room, seen, row, answer)))

    async def _then_go_on(self, row: Row, work: Coroutine[Any, Any, Message | None]) -> Message | None:
        """Once it is written the cursor goes to what is to be done next, if it still stands there."""
        told = await work
        if told is None or not told.key.startswith("room.") or self.cursor != row.key:
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
            answer = self._ask_reason("room.ask_skip", row)
            self.room.do(self._then_go_on(row, steps.skip(self.room, seen, row, answer)))

    def action_fail(self) -> None:
        """It did not do what it should; what happened, is asked."""
        if (seen := self._writable()) is not None and (row := self._step_row(seen)) is not None:
            answer = self._ask_reason("room.ask_fail", row)
            self.room.do(steps.fail(self.room, seen, row, self._saw(row), answer))

    def _ask_reason(self, key: str, row: Row) -> Future[tuple[str, ...] | None]:
        words = self.face.words
        name = f"{row.step.number} {row.step.text}" if row.step else ""
        return self.room.ask(Form(words.text(key, step=name), [Field(words.text("room.field_reason"))]))

    def action_reopen(self) -> None:
        """To be done again."""
        if (seen := self._writable()) is not None and (row := self._step_row(seen, onward=False)) is not None:
            self.room.do(steps.reopen(self.room, seen, row))

    def action_note(self) -> None:
        """A note on the incident or on this step; among the follow-ups a new one."""
        if (seen := self._writable()) is None:
            return
        words, row = self.face.words, self.row()
        if PANES[self.pane] == "follow_ups":
            fields = [
                Field(words.text("room.field_what")),
                Field(words.text("room.field_owner"), needed=False),
                Field(words.text("room.field_due"), needed=False),
            ]
            answer = self.room.ask(Form(words.text("room.new_follow_up"), fields))
            self.room.do(steps.add_follow_up(self.room, seen, answer))
            return
        fields = [Field(words.text("room.field_note"))]
        if row is not None and row.step is not None:
            about = (words.text("room.about_incident"), words.text("room.about_step"))
            fields.append(Field(words.text("room.field_about", step=row.step.number), about[0], about))
        answer = self.room.ask(Form(words.text("room.new_note"), fields))
        self.room.do(steps.note(self.room, seen, row, answer))

    def action_pin(self) -> None:
        """The panel that is chosen on the board becomes evidence."""
        if (seen := self._writable()) is not None:
            self.room.do(steps.pin(self.room, seen))

    def action_undo(self) -> None:
        """One's own last event, shown before it is taken back."""
        if (seen := self._writable()) is None:
            return
        from incidents.fold import can_undo
        from tui.room.timeline import event_sentence

        incident, words = seen.incident, self.face.words
        own = (
            event
            for event in reversed(incident.events)
            if event.actor == self.room.actor and can_undo(incident, event) and event.body.kind != "undone"
        )
        event = next(own, None)
        if event is None:
            self.room.tell(say("room.nothing_to_undo"))
            return
        what = f"{event.at:%H:%M:%S}  {words.say(event_sentence(incident, self.runbooks(), event))}"
        answer = self.room.ask(Confirm(words.text("room.ask_undo"), [what]))
        self.room.do(steps.undo(self.room, seen, event, answer))

    def action_roles(self) -> None:
        """Take, offer, accept, lay down."""
        if (seen := self._writable()) is None:
            return
        words = self.face.words
        choices = role_choices(seen.incident, self.room.actor)
        answer = self.room.ask(Choose(words.text("room.roles"), [words.say(one.text) for one in choices]))
        self.room.do(change_role(self.room, seen, choices, answer))

    def action_update(self) -> None:
        """A status update: what to say, then the whole text and where it goes."""
        if (seen := self._writable()) is not None:
            words = self.face.words
            answer = self.room.ask(Form(words.text("room.new_update"), [Field(words.text("room.field_say"))]))
            self.room.do(send_update(self.room, seen, answer))

    def action_mark(self) -> None:
        """Mitigated, resolved, acknowledged; or it was not over."""
        if (seen := self._writable()) is None:
            return
        words, choices = self.face.words, moments(seen.incident)
        options = [
            words.text("room.mark_now", moment=words.text(f"event.moment_{moment}")) for moment in choices
        ]
        if seen.incident.status != "open":
            options.append(words.text("room.reopen_incident"))
        answer = self.room.ask(Choose(words.text("room.marks"), options))
        self.room.do(mark(self.room, seen, choices, answer))

    def action_severity(self) -> None:
        """How bad it is."""
        if (seen := self._writable()) is not None:
            words = self.face.words
            fields = [
                Field(words.text("room.field_severity"), seen.incident.severity, SEVERITIES),
                Field(words.text("room.field_reason"), needed=False),
            ]
            answer = self.room.ask(Form(words.text("room.new_severity"), fields))
            self.room.do(change_severity(self.room, seen, answer))

    def action_export(self) -> None:
        """Postmortem draft and timeline as files; also of the past."""
        if (seen := self.seen) is not None:
            words = self.face.words
            fields = [Field(words.text("room.field_folder"), free_folder(seen.label))]
            self.room.do(export(self.room, seen, self.room.ask(Form(words.text("room.export"), fields))))

    # Measuring

    def _measure(self) -> None:
        """Ask the checks of the step under the cursor when it is time."""
        row = self.row() if self.is_current and self.past is None else None
        if row is None or row.step is None or not row.step.checks or self.face.paused:
            return
        if time.monotonic() >= self._measure_at:
            self._measure_at = time.monotonic() + MEASURE_S
            self._ask(row.key, row.step.checks)

    @work(exclusive=True, group="checks")
    async def _ask(self, key: RowKey, checks: tuple[Check, ...]) -> None:
        await guarded(self._ask_all(key, checks))

    async def _ask_all(self, key: RowKey, checks: tuple[Check, ...]) -> None:
        from runbooks.measure import measure
        from signals.errors import WarroomError

        follower = self.face.follower
        if follower is None:
            return
        for index, check in enumerate(checks):
            try:
                found = await follower.ask(
                    lambda sources, check=check: measure(check, sources, time.time(), os.environ)  # type: ignore[misc]  # mypy can't see a default as the binding of a loop
                )
            except WarroomError:
                continue  # what was seen last grows old on the screen
            if found is not None:
                self.observed.setdefault(key, {})[index] = found
        self.repaint()
