"""The tour as it stands: looks at what the person did several times a second, and keeps the line that says what is next."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.text import Text

from core.errors import WarroomError
from core.message import say
from sandbox.tour import BUTTON, CHECK, PANEL, RUNBOOK
from signals.reading import Verdict
from tui.feeds.journal import JournalState
from tui.keymap import SHOWN, TOUR
from tui.runtime.threads import in_thread
from tui.screens.choose import Choose
from tui.screens.incident import IncidentScreen
from tui.tour.breaking import Breaking
from tui.tour.model import Seen
from tui.tour.steps import COUNT, STEPS, guide

if TYPE_CHECKING:
    from uuid import UUID

    from core.message import Message
    from incidents.events.incident import Incident
    from tui.face import Face

LOOK_S = 0.25
DONE = ("ticked", "skipped", "failed")
RUNNING = ("planned", "claimed", "running")


@dataclass(slots=True)
class Progress:
    """How far the person is; a step that is over stays over."""

    step: int = 0
    has_burnt: bool = False
    incident: UUID | None = None
    report: str = ""
    place: str = ""
    problem: Message | None = None


class Tour:
    """Offered on the board of the sandbox in `folder`, begun and left by one key. `config` is its own."""

    def __init__(self, face: Face, config: Path, folder: Path) -> None:
        self._face, self._config, self._folder = face, config, folder
        self._breaking: Breaking | None = None
        self._known: frozenset[UUID] = frozenset()
        self._watched = False
        self.is_offered = True
        self.progress = Progress()

    @property
    def is_on(self) -> bool:
        """Whether it goes on."""
        return self._breaking is not None

    def toggle(self) -> None:
        """Begin; or leave, and mend what was broken."""
        if self._breaking is None:
            self._begin()
        else:
            self._leave()
        self._face.repaint()
        self.look()

    def _begin(self) -> None:
        face = self._face
        self.is_offered, self.progress = False, Progress()
        self._known = frozenset(face.incidents.snapshots)
        self._breaking = Breaking(self._config, self._folder)
        face.run_worker(in_thread(self._breaking.begin, name="break for the tour"), group="tour")
        if not self._watched:
            self._watched = True
            face.set_interval(LOOK_S, self.look)

    def _leave(self) -> None:
        breaking, self._breaking = self._breaking, None
        if breaking is not None:
            self._face.run_worker(in_thread(breaking.end, name="end the tour"), group="tour")
        report = self.progress.report
        self._face.notice = say("tour.over", place=report) if report else say("tour.left")

    def look(self) -> None:
        """Go on with what is so now, and draw the line anew where it is another."""
        if self.is_offered and self._face.screen is not self._face.screen_stack[0]:
            self.is_offered = False  # who finds the way alone is not asked again
        if self._breaking is not None:
            seen = self.see()
            self.progress.has_burnt = seen.has_burnt
            step, _ = guide(seen, self.progress.step)
            if step > self.progress.step and step == len(STEPS):
                self._face.run_worker(self._finish(self._breaking), group="tour")
            self.progress.step = step
        draw = getattr(self._face.screen, "draw_tour", None)
        if draw is not None:
            draw()

    def exit_message(self) -> Message | None:
        """Where the postmortem is, once it is written."""
        place = self.progress.place
        return say("tour.over", place=place) if place else None

    def see(self) -> Seen:
        """What is so now."""
        face, breaking = self._face, self._breaking
        state, top = face.states.get(PANEL), face.screen
        burns = state is not None and state.verdict is Verdict.BURNING
        incident = self._incident()
        last_run = tuple(incident.runs.values())[-1:] if incident is not None else ()
        cursor, (option, is_at_option) = face.under_cursor(), _option(top)
        status = "" if incident is None else incident.status
        ready = state is not None and face.incidents.library is not None
        is_broken = breaking is not None and breaking.is_broken
        page = getattr(top, "page", "")
        return Seen(
            page=page,
            is_question=hasattr(top, "asked"),
            is_paused=face.paused,
            is_busy=face.incidents.is_busy,
            is_planning=page == "plan" and not (getattr(top, "shown", None) or getattr(top, "problem", None)),
            is_broken=is_broken,
            is_known=ready and face.incidents.journal != JournalState(),
            is_at_panel=cursor is not None and cursor.id == PANEL,
            has_burnt=self.progress.has_burnt or (burns and is_broken),
            burns=burns or state is None or state.verdict is Verdict.UNKNOWN,
            has_incident=incident is not None,
            has_runbook=incident is not None and RUNBOOK in incident.runbooks,
            has_step_done=incident is not None
            and any(
                incident.key(*key).runbook == RUNBOOK and step.state in DONE
                for key, step in incident.steps.items()
            ),
            run=next(("running" if run.state in RUNNING else run.state for run in last_run), ""),
            is_mitigated=incident is not None and "mitigated" in incident.times,
            is_resolved=status == "resolved",
            option=option,
            is_at_option=is_at_option,
            to_check=_way_to(CHECK, top),
            to_button=_way_to(BUTTON, top),
        )

    def line(self, width: int) -> Text | None:
        """The one line above the footer; None where there is nothing to say."""
        words = self._face.words
        if self._breaking is None:
            is_on_board = self._face.screen is self._face.screen_stack[0]
            if not self.is_offered or not is_on_board or self._face.is_drill:
                return None
            return _line(words.text("tour.title"), words.text("tour.offer"), TOUR.key, "", width)
        number = f"{words.text('tour.title')} {min(self.progress.step + 1, COUNT)}/{COUNT}"
        leave = f"{SHOWN[TOUR.key]} {words.text('tour.leave')} "
        text, key = self._text()
        return _line(number, text, key, leave, width)

    def _text(self) -> tuple[str, str]:
        words, progress = self._face.words, self.progress
        problem = progress.problem or (self._breaking.problem if self._breaking is not None else None)
        if problem is not None:
            return words.say(problem), TOUR.key
        seen = self.see()
        _, hint = guide(seen, progress.step)
        if hint is None:
            key = "tour.report" if progress.report else "tour.writing"
            return words.text(key, place=progress.report), TOUR.key if progress.report else ""
        state = self._face.states.get(PANEL)
        panel = words.say(state.title) if state is not None else ""
        order = self._face.order
        number = order.index(PANEL) + 1 if PANEL in order else 0
        text = words.text(f"tour.{hint.text}", panel=panel)
        return text, hint.key.format(panel=number, option=seen.option)

    def _incident(self) -> Incident | None:
        """The one that was opened since the tour began."""
        snapshots, progress = self._face.incidents.snapshots, self.progress
        if progress.incident is None:
            progress.incident = next((known for known in snapshots if known not in self._known), None)
        return snapshots[progress.incident].incident if progress.incident is not None else None

    async def _finish(self, breaking: Breaking) -> None:
        """Mend what was broken, and write down what the person did."""
        from tui.screens.incident_forms import write_report

        await in_thread(breaking.end, name="end the tour")
        if self.progress.incident is None:
            return
        snapshot = self._face.incidents.snapshots[self.progress.incident]
        try:
            folder = await write_report(self._face, snapshot)
        except WarroomError as error:
            self.progress.problem = error.message
        else:
            file = Path(folder) / "postmortem.md"
            self.progress.report = f"{file.parent.name}/{file.name}"
            self.progress.place = str(file)
            self._face.notice = say("tour.written", place=str(file))
        self.look()


def _option(screen: object) -> tuple[int, bool]:
    """Where the tour's runbook stands among what is to choose from (from 1, 0 if nowhere), and whether the cursor is there."""
    if not isinstance(screen, Choose):
        return 0, False
    names = f"({RUNBOOK})"
    number = next((at for at, option in enumerate(screen.options, 1) if names in option.plain), 0)
    return number, number == screen.at + 1


def _way_to(step: str, screen: object) -> int:
    """Where the step stands from the cursor of the incident's screen: -1 above, 1 below, 0 under it or nowhere."""
    if not isinstance(screen, IncidentScreen):
        return 0
    rows, cursor = screen.rows(), screen.row()
    places = [
        at for at, row in enumerate(rows) if row.runbook.id == RUNBOOK and row.step and row.step.id == step
    ]
    if not places or cursor is None:
        return 0
    now_at = next((at for at, row in enumerate(rows) if row.key == cursor.key), 0)
    return (places[0] > now_at) - (places[0] < now_at)


def _line(title: str, text: str, key: str, behind: str, width: int) -> Text:
    line = Text.assemble((f" {title} ", "cursor"), f" {text} ", no_wrap=True)
    if key:
        line.append("→ ", "title").append(f"{SHOWN.get(key, key)} ", "key")
    if line.cell_len + cell_len(behind) <= width:
        line.append(" " * (width - line.cell_len - cell_len(behind))).append(behind, "quiet")
    return line
