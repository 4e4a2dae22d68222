"""`a`: what can be done about what one looks at, the most fitting first, with its danger and its undo at a glance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.text import Text

from core.message import say
from response.decision import ALLOWED, Refused
from tui.actions.draw.fold import fold
from tui.actions.intent import Intent
from tui.actions.words import call_text, short_call
from tui.feeds.journal import JournalState
from tui.screens.actions.start import propose_intent
from tui.screens.dialogue import Dialogue
from tui.screens.fitting import fitting_runbooks
from tui.screens.submit import ask
from tui.widgets.lines import scroll_to

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from core.message import Message
    from response.offers import About, Offer
    from tui.face import Face
    from tui.screens.fitting import Subject

DANGER_STYLES = {"observe": "ok", "mitigate": "warn", "destructive": "burning"}


@dataclass(frozen=True, slots=True)
class Chosen:
    """An offer; with `edit` its parameters are asked first."""

    offer: Offer
    edit: bool = False


def offer_actions(face: Face, subject: Subject, what: str, names: Mapping[str, str]) -> None:
    """List what fits an alert or a panel; `what` is what people call it, `names` what is known of it."""
    context = face.incidents
    if context.journal == JournalState() or face.runs.settings is None:
        context.defer(lambda: offer_actions(face, subject, what, names), say("screen.journal_opens"))
        return
    context.run(_offer(face, subject, what, names))


async def _offer(face: Face, subject: Subject, what: str, names: Mapping[str, str]) -> Message | None:
    about = _about(face, subject, names)
    fitting = await face.runs.offers(about)
    if not fitting:
        return say("act.nothing_fits", what=what)
    title = face.words.text("act.what_fits", what=what)
    chosen = await ask(face, OfferDialogue(title, fitting))
    if chosen is not None:
        propose_intent(face, _intent(face, chosen.offer), edit=chosen.edit)
    return None


def _about(face: Face, subject: Subject, names: Mapping[str, str]) -> About:
    from response.offers import About

    spec = face.signals_thread.specs.get(subject.panel) if face.signals_thread else None
    library = face.incidents.library
    runbooks = fitting_runbooks(face, library, subject) if library is not None else []
    subjects = spec.subjects if spec is not None else ()
    return About(
        subjects=("alert", *subjects) if subject.alert and "alert" not in subjects else subjects,
        names=names,
        runbooks=tuple(runbooks),
    )


def _intent(face: Face, offer: Offer) -> Intent:
    """Inside the incident that every page shows; at the step, where that one follows the runbook."""
    current = face.incidents.current()
    follows = current is not None and offer.runbook in current.incident.runbooks
    return Intent(
        action=offer.action.id,
        params=offer.params,
        asks=offer.asks,
        incident=current.incident.id if current is not None else None,
        runbook=offer.runbook if follows else "",
        step=offer.step if follows else "",
    )


class OfferDialogue(Dialogue[Chosen]):
    """Offers line by line; the one under the cursor unfolds. What may not be done stands last, and says why."""

    page = "offers"

    def __init__(self, title: str, offers: Sequence[Offer]) -> None:
        super().__init__(title)
        self._offers = list(offers)
        self._at = self._top = 0

    def remarks(self, width: int) -> list[Text]:
        """The lines around the cursor."""
        lines: list[Text] = []
        first = after = 0
        for number, offer in enumerate(self._offers):
            if number == self._at:
                first = len(lines)
            lines.append(self._line(number, offer, width))
            if number == self._at:
                lines += self._details(offer, width)
                after = len(lines)
        room = self.room()
        self._top = scroll_to(self._top, first, after, room, len(lines))
        return lines[self._top : self._top + room]

    def _line(self, number: int, offer: Offer, width: int) -> Text:
        from panels.draw.text import cut, shorten

        words, ascii_only, action = self.face.words, self.face.ascii_only, offer.action
        chosen, refused = number == self._at, offer.decision != ALLOWED
        pointer = "›" if chosen else " "
        line = Text.assemble((pointer, "cursor"), (f"{number + 1} " if number < 9 else "  ", "quiet"))
        if refused:
            line.append("✖ ", "burning")
        danger = words.text(f"run.danger_{action.danger}")
        undo = words.text("act.offer_undo", action=action.undone_by) if action.undone_by else ""
        tail = Text.assemble((f" {danger}", "quiet" if refused else DANGER_STYLES[action.danger]))
        if undo and width >= 70:
            tail.append(f"  {undo}", "quiet")
        called = cut(
            short_call(action.id, offer.params),
            max(10, width - line.cell_len - max(36, tail.cell_len)),
            ascii_only=ascii_only,
        )
        line.append(called, "quiet" if refused else "chosen" if chosen else "")
        return shorten(line.append_text(tail), width, ascii_only=ascii_only)

    def _details(self, offer: Offer, width: int) -> list[Text]:
        """What it is, why one would do it, where a runbook says so, and why it may not be done."""
        words, indent = self.face.words, 4
        texts = [Text(words.say(offer.action.title), "title")]
        texts[0].append(f"  {words.say(offer.action.why)}", "quiet")
        if (called := call_text(offer.action.id, offer.params)) != short_call(offer.action.id, offer.params):
            texts.append(Text(called, "quiet"))
        if offer.step:
            step = words.text("act.offer_step", runbook=offer.runbook, number=offer.number)
            texts.append(Text(step, "quiet"))
        if isinstance(offer.decision, Refused):
            texts.append(Text(words.say(offer.decision.message), "burning"))
        return [
            Text(" " * indent).append_text(part) for text in texts for part in fold(text, width - indent - 1)
        ]

    def action_move(self, step: int) -> None:
        """The next one."""
        self._at = (self._at + step) % len(self._offers)
        self.draw()

    def action_choose(self, number: int) -> None:
        """The one with this number: a digit alone does nothing that can't be seen first."""
        if number <= len(self._offers):
            self._at = number - 1
            self.draw()

    def action_confirm(self) -> None:
        """Its plan."""
        self._take(edit=False)

    def action_edit_first(self) -> None:
        """Its parameters first."""
        self._take(edit=True)

    def _take(self, *, edit: bool) -> None:
        offer = self._offers[self._at]
        if isinstance(offer.decision, Refused):
            self.asked = self.face.words.say(offer.decision.message)
            self.draw()
            return
        self.dismiss(Chosen(offer, edit))
