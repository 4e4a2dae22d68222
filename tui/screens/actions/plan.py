"""A plan before it is run: made while one looks, made again while one thinks, and confirmed as its danger asks for.

It is planned in a thread; what hangs there is said, and keeps nobody here. A plan that is not the one of before any more is
shown anew and has to be confirmed anew; what was typed stays.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.text import Text
from textual import work
from textual.containers import Horizontal

from actions.errors import PlanStale
from actions.planning import hold_to
from core.errors import WarroomError
from core.message import say
from core.units import quantity
from response.decision import ALLOWED, Reason, Refused
from response.run_guard import NEEDED, Confirmation
from response.runs import Begun
from tui.actions.draw.fold import fold
from tui.actions.draw.plan import plan_lines
from tui.runtime.exit import report_crash
from tui.screens.dialogue import Dialogue
from tui.widgets.fields import LineInput
from tui.widgets.lines import Lines

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from textual.app import ComposeResult

    from actions.model import Plan
    from core.message import Message
    from response.decision import Decision
    from response.runs import Prepared
    from tui.actions.draw.plan import Around
    from tui.keymap import Key

DEADLINE_S = 30.0
"""After so long without a plan the person is told, and may go on with something else."""
FRESH_S = 10.0
"""A plan that was made longer ago is made again before it is confirmed."""
PAUSE_S, PAUSE_FACTOR = 5.0, 10.0
"""Between two plans at least so long, and so many times what planning takes: looking must not be a load."""
AGE_STEP_S = 5
"""The age of a plan moves in these steps: a slow line pays for each."""
SEEN_S = 0.5
"""A key so soon after a plan stands there was pressed before anybody has read it."""


@dataclass(frozen=True, slots=True)
class Look:
    """One plan with what is decided about it, and what is known around it."""

    prepared: Prepared
    decision: Decision
    around: Around


@dataclass(frozen=True, slots=True)
class EditWanted:
    """Other parameters first."""


class PlanDialogue(Dialogue[Begun | EditWanted]):
    """`look` plans and asks the guard again and again, given what it said before, `begin` writes down and starts what was confirmed.

    Both return a refusal, or raise a `WarroomError`: the dialogue then stays, with the reason and with what was typed.
    """

    page = "plan"

    def __init__(
        self,
        action_id: str,
        look: Callable[[Look | None], Awaitable[Look | Refused]],
        begin: Callable[[Prepared, Confirmation], Awaitable[Begun | Refused]],
        *,
        can_edit: bool,
    ) -> None:
        super().__init__(action_id)
        self._action_id, self._make, self._begin, self._can_edit = action_id, look, begin, can_edit
        self._starting_since: float | None = None
        self.shown: Look | None = None
        self._read: Plan | None = None
        """The plan as it stood there first: later ones are held to it, so that small steps don't add up."""
        self.problem: Message | None = None
        self.remark: Message | None = None
        self._planning_since: float | None = time.monotonic()
        self._shown_at = self._looked_at = 0.0
        self._confirming = False
        self._wake = asyncio.Event()
        self._from = 0
        self._longer = False
        self._field = LineInput()

    # Planning

    def on_mount(self) -> None:
        """Plan, and show how long that takes."""
        super().on_mount()
        self._keep_looking()
        self.set_interval(1.0, self.draw)

    @work(exclusive=True, group="plan")
    async def _keep_looking(self) -> None:
        while True:
            began = time.monotonic()
            self._planning_since = began
            if self._starting_since is None:
                await self._look_once()
            self._planning_since = None
            self.draw()
            pause = max(PAUSE_S, PAUSE_FACTOR * (time.monotonic() - began))
            self._wake.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), pause)

    async def _look_once(self) -> None:
        looking = asyncio.ensure_future(self._make(self.shown))
        await asyncio.wait((looking,), timeout=DEADLINE_S)
        if not looking.done():
            looking.cancel()
            self._fail(say("act.no_plan_in_time", time=quantity(DEADLINE_S, "s")))
            return
        try:
            answer = looking.result()
        except WarroomError as error:
            self._fail(error.message)
        except Exception as error:  # noqa: BLE001  # a broken action must not take the program down
            key, values = report_crash(error)
            self._fail(say(key, **values))
        else:
            if isinstance(answer, Refused):
                self._fail(answer.message)
            else:
                self._take(answer)

    def _fail(self, problem: Message) -> None:
        """No plan now: an older one is shown under the reason, and can't be confirmed."""
        self.problem, self._confirming = problem, False

    def _take(self, new: Look) -> None:
        """Show it; it has to be the plan that was read, within what may move meanwhile, or it is asked about anew."""
        if self._read is not None:
            try:
                hold_to(self._read, new.prepared.plan)
            except PlanStale as stale:
                self._read, self._confirming, self.remark = None, False, stale.message
        now = time.monotonic()
        if self._read is None or self.problem is not None:
            self._shown_at = now
        self._read = self._read or new.prepared.plan
        self.shown, self.problem, self._looked_at = new, None, now
        self._show_field()
        if self._starting_since is not None:
            return
        if self._confirming or (self._needed() == "nothing" and new.decision == ALLOWED):
            self._confirming = False
            self._confirm(new)

    # Drawing

    def middle(self) -> ComposeResult:
        """Where a destructive action's target is typed; not there otherwise."""
        with Horizontal(classes="field", id="typed"):
            label = Lines(id="label", ascii_only=self.face.ascii_only)
            yield label
            yield self._field

    def _show_field(self) -> None:
        wanted = self._needed() == "target" and self._decision() == ALLOWED
        row = self.query_one("#typed")
        if wanted and not row.display:
            row.display = True
            self.set_focus(self._field)
        elif not wanted and not self._field.value:
            row.display = False
            self.set_focus(None)

    def draw(self) -> None:
        """The title says what it is and how dangerous; the field what has to be typed."""
        if self.is_answered:
            return
        words, shown = self.face.words, self.shown
        row = self.query_one("#typed")
        if shown is None:
            self.asked = self._action_id
            row.display = False
        else:
            action, plan = shown.prepared.action, shown.prepared.plan
            danger = words.text(f"run.danger_{plan.danger}")
            self.asked = f"{plan.action}  {danger}  {words.say(action.title)}"
            label = words.text("act.type", target=plan.target)
            field = self.query_one("#label", Lines)
            field.styles.width = min(cell_len(label) + 2, max(10, self.size.width - 20))
            field.show([Text(f" {label} ", "burning")])
        super().draw()

    def remarks(self, width: int) -> list[Text]:
        """The plan from the line that was scrolled to, then how it stands; all that is longer is reached by scrolling."""
        status = self._status(width)
        lines = self._plan(width)
        room = max(1, self.room() - len(status))
        self._from = max(0, min(self._from, len(lines) - room))
        shown = lines[self._from : self._from + room]
        self._longer = len(lines) > room
        below = len(lines) - self._from - len(shown)
        if below > 0:
            more = self.face.words.text("act.more_below", count=below)
            shown[-1:] = [Text(f"   {more}", "quiet")]
        return [*shown, *status]

    def _plan(self, width: int) -> list[Text]:
        if self.shown is None:
            return []
        return plan_lines(self.shown.prepared.plan, self.shown.around, self.face.words, width, time.time())

    def _status(self, width: int) -> list[Text]:
        """What keeps it from being run, what has changed, how old the plan is."""
        words, lines = self.face.words, []
        decision = self._decision()
        for message, style in (
            (self.problem, "burning"),
            (_reason(decision), "burning"),
            (self.remark, "warn"),
        ):
            if message is not None:
                lines += [
                    Text(" ").append_text(part) for part in fold(Text(words.say(message), style), width - 2)
                ]
        if self._starting_since is not None:
            since = words.say(quantity(int(time.monotonic() - self._starting_since), "s"))
            lines.append(Text(f" {words.text('act.starting', time=since)}", "cursor"))
        elif self._planning_since is not None and (self.shown is None or self._confirming):
            waited = time.monotonic() - self._planning_since
            lines.append(
                Text(f" {words.text('act.planning', time=words.say(quantity(int(waited), 's')))}", "quiet")
            )
        elif self.shown is not None:
            age = AGE_STEP_S * int((time.monotonic() - self._looked_at) // AGE_STEP_S)
            key = "act.looked" if age else "act.looked_now"
            lines.append(Text(f" {words.text(key, time=words.say(quantity(age, 's')))}", "quiet"))
        return lines

    def room(self) -> int:
        """The field has its line."""
        field = 1 if self.query_one("#typed").display else 0
        return max(1, super().room() - field)

    def own_keys(self) -> tuple[Key, ...]:
        """Only what does something now."""
        keys = super().own_keys()
        typing = self.query_one("#typed").display
        dropped = set()
        if self.shown is None or self._decision() != ALLOWED or self.problem is not None:
            dropped.add("confirm")
        if not self._can_edit or typing:
            dropped.add("edit")
        if not self._longer:
            dropped.add("scroll_page(1)")
        return tuple(key for key in keys if key.action not in dropped)

    # Keys

    def action_scroll(self, step: int) -> None:
        """Further down or up, by lines."""
        self._from = max(0, self._from + step)
        self.draw()

    def action_scroll_page(self, step: int) -> None:
        """As many lines as there are."""
        self.action_scroll(step * max(1, self.room() - 3))

    def action_again(self) -> None:
        """Look now."""
        self._wake.set()

    def action_leave(self) -> None:
        """Nothing is done; not while it is being started, which is over soon."""
        if self._starting_since is None:
            super().action_leave()

    def action_edit(self) -> None:
        """Other parameters."""
        if self._can_edit and self._starting_since is None:
            self.dismiss(EditWanted())

    def action_confirm(self) -> None:
        """Yes to what stands there, if it has been read, is fresh, and is confirmed as its danger asks for."""
        look, now = self.shown, time.monotonic()
        if (
            look is None
            or self.problem is not None
            or self._starting_since is not None
            or now - self._shown_at < SEEN_S
        ):
            return
        if isinstance(self._decision(), Refused):
            return
        plan = look.prepared.plan
        if self._needed() == "target" and self._field.text != plan.target:
            self.remark = say("act.type_first", target=plan.target)
            self.draw()
            return
        if now - self._looked_at > FRESH_S:
            self._confirming = True
            self._wake.set()
            self.draw()
            return
        self._confirm(look)

    def _confirm(self, look: Look) -> None:
        typed = self._field.text if self._needed() == "target" else ""
        plan = hold_to(self._read or look.prepared.plan, look.prepared.plan)
        self._starting_since = time.monotonic()
        self.draw()
        self._run_it(replace(look.prepared, plan=plan), Confirmation(yes=True, typed=typed))

    @work(group="start")
    async def _run_it(self, prepared: Prepared, confirmation: Confirmation) -> None:
        """Not stopped by anything: what was begun is shown, what was refused is said here."""
        try:
            begun = await self._begin(prepared, confirmation)
        except WarroomError as error:
            self.remark = error.message
        except Exception as error:  # noqa: BLE001  # as while planning
            key, values = report_crash(error)
            self.remark = say(key, **values)
        else:
            if not isinstance(begun, Refused):
                self.dismiss(begun)
                return
            self.remark = begun.message
        self._starting_since = None
        self.draw()

    def _decision(self) -> Decision:
        return self.shown.decision if self.shown is not None else ALLOWED

    def _needed(self) -> str:
        return NEEDED[self.shown.prepared.plan.danger] if self.shown is not None else "nothing"


def _reason(decision: Decision) -> Message | None:
    """Why it may not be run; what blocks the plan stands at its top already."""
    if not isinstance(decision, Refused):
        return None
    return say("act.blocked_above") if decision.reason is Reason.PLAN_BLOCKED else decision.message
