"""Ways into an incident: its key, a panel's or an alert's runbook, a new one, or a runbook that is only read."""

from __future__ import annotations

import datetime as dt
import time
from typing import TYPE_CHECKING

from core.message import say
from response.checklist import Missing
from response.incident import SEVERITIES, Opening, alert_event, attach_runbook, open_incident
from tui.feeds.journal import JournalState
from tui.incident.alerts import firing_alerts
from tui.incident.draw.header import clock_text, elapsed_s
from tui.screens.choose import Choose
from tui.screens.fitting import Subject, fitting_runbooks
from tui.screens.form import Field, Form
from tui.screens.incident import IncidentScreen
from tui.screens.submit import ask, carry_out, forget

if TYPE_CHECKING:
    from uuid import UUID

    from core.message import Message
    from incidents.events.body import AlertAttached, Severity
    from response.write import Written
    from runbooks.model import Runbook
    from tui.face import Face
    from tui.feeds.journal import IncidentSnapshot

PAGING_SEVERITIES = ("page", "critical")
"""Severities of alerts that wake somebody."""


def show_incident(face: Face, incident: UUID) -> None:
    """The incident's screen on top; the one that shows it already comes back."""
    face.incidents.chosen = incident
    while len(face.screen_stack) > 1 and not isinstance(face.screen, IncidentScreen):
        face.pop_screen()
    if isinstance(face.screen, IncidentScreen):
        if face.screen.incident_id == incident:
            face.repaint()
            return
        face.pop_screen()
    face.push_screen(IncidentScreen(incident))


def enter_incident(face: Face) -> None:
    """`i`: the open incident; several are listed, worst first, and one more may be opened; none: a new one is offered."""
    context, on_top = face.incidents, face.screen
    known = context.worst_first()
    inside = isinstance(on_top, IncidentScreen) and not on_top.past
    if context.journal.problem is not None:
        context.notify(context.journal.problem)
    elif context.journal == JournalState():
        context.defer(lambda: enter_incident(face), say("screen.journal_opens"))
    elif not known:
        open_new(face, None, None)
    elif len(known) == 1 and not inside:
        show_incident(face, known[0].incident.id)
    else:
        context.run(_choose_incident(face, known))


def open_new(face: Face, runbook: Runbook | None, alert: AlertAttached | None) -> None:
    """Ask title and severity with good defaults: one Enter is enough."""
    words, context = face.words, face.incidents
    if context.journal.read_only:
        context.notify(say("journal.read_only", place=context.journal.place))
        return
    if context.journal_thread is not None:
        context.journal_thread.warm_up()
    title, severity = _defaults(face, runbook, alert)
    yes, no = words.text("screen.yes"), words.text("screen.no")
    fields = [
        Field(words.text("screen.field_title"), title),
        Field(words.text("screen.field_severity"), severity, SEVERITIES),
        Field(words.text("screen.field_lead"), yes, (yes, no)),
    ]
    remarks = [words.text("screen.with_runbook", title=runbook.title)] if runbook else []
    about = f"{runbook.id if runbook else ''} {alert.name if alert else ''}"
    form = Form(words.text("screen.new_incident"), fields, remarks, draft=f"open {about}")
    before, answer = frozenset(context.snapshots), ask(face, form)

    async def write() -> Message | None:
        given = await answer
        if given is None:
            return None
        newer = [known for known in context.worst_first() if known.incident.id not in before]
        if newer and not await _opens_another(face, form, newer):
            return None
        opening = Opening(
            title=given[0],
            severity=next(severity for severity in SEVERITIES if severity == given[1]),
            runbook=runbook.id if runbook else "",
            drill=face.is_drill,
            alert=alert,
            leads=given[2] == yes,
        )
        bodies = open_incident(opening, dt.datetime.now(dt.UTC))
        incident = await context.opened_journal().open_incident(bodies)
        forget(face, form)
        show_incident(face, incident)
        return say("screen.opened")

    context.run(write())


def pin_to_current(face: Face) -> None:
    """`e` on a panel: it becomes evidence of the incident that every page shows."""
    from tui.screens.incident_forms import pin_panel

    context, state = face.incidents, face.under_cursor()
    current = context.current()
    if current is None or context.journal.read_only:
        key = say("journal.read_only", place=context.journal.place)
        context.notify(key if context.journal.read_only else say("screen.no_incident"))
    elif state is None:
        context.notify(say("screen.nothing_to_pin"))
    else:
        pin_panel(face, context.situation(current), state)


async def _opens_another(face: Face, form: Form, newer: list[IncidentSnapshot]) -> bool:
    """While somebody filled in the form others opened incidents: one of them is joined, or one more is meant."""
    words = face.words
    options = [
        words.text("screen.join", label=known.label, title=known.incident.title, by=known.incident.opened_by)
        for known in newer
    ]
    options.append(words.text("screen.one_more"))
    at = await ask(face, Choose(words.text("screen.opened_meanwhile"), options))
    if at is None or at == len(newer):
        return at is not None
    forget(face, form)
    show_incident(face, newer[at].incident.id)
    return False


async def read_runbook_of(face: Face, incident: UUID) -> Message | None:
    """The runbook of an incident that may be over: to be read, several to choose from."""
    context = face.incidents
    folded = await context.opened_journal().ask(lambda journal: journal.load(incident))
    followed = context.followed_runbooks(folded)
    runbooks = [runbook for runbook in followed if not isinstance(runbook, Missing)]
    if not runbooks:
        missing = next(iter(folded.runbooks), None)
        return say("screen.missing_runbook", id=missing) if missing else say("screen.followed_none")
    at: int | None = 0
    if len(runbooks) > 1:
        at = await ask(
            face, Choose(face.words.text("screen.which_runbook_at_all"), [book.title for book in runbooks])
        )
    if at is not None:
        face.push_screen(IncidentScreen(None, runbooks[at]))
    return None


def open_runbook(face: Face, subject: Subject) -> None:
    """`r`: the runbook that fits, inside an incident or only to be read; inside of one, all are listed."""
    context = face.incidents
    library = context.library
    if library is None or context.journal == JournalState():
        context.defer(lambda: open_runbook(face, subject), say("screen.no_library"))
        return
    fitting = fitting_runbooks(face, library, subject)
    handled = _handled_by(face, subject, fitting)
    inside = isinstance(face.screen, IncidentScreen)
    if handled is not None and not inside:
        show_incident(face, handled.incident.id)
        return
    # Those that fit stand first; the others are there as well, for who knows better.
    others = [runbook for runbook in library.runbooks if runbook not in fitting]
    sure = len(fitting) == 1 and not inside
    context.run(_choose_runbook(face, subject, [*fitting, *others], sure=sure))


def _handled_by(face: Face, subject: Subject, fitting: list[Runbook]) -> IncidentSnapshot | None:
    """An open incident that has the alert, or follows the runbook that fits best."""
    for known in face.incidents.worst_first():
        names = {alert.name for alert in known.incident.alerts.values()}
        if subject.alert in names or (fitting and fitting[0].id in known.incident.runbooks):
            return known
    return None


async def _choose_incident(face: Face, known: list[IncidentSnapshot]) -> Message | None:
    words, now = face.words, time.time()
    options = [
        f"{label} {incident.severity} {words.text(f'update.status_{incident.status}')} "
        f"{clock_text(elapsed_s(incident, now))}  IC {incident.roles.get('ic', '–')}  {incident.title}"
        for label, incident in ((snapshot.label, snapshot.incident) for snapshot in known)
    ]
    chosen = next(
        (at for at, snapshot in enumerate(known) if snapshot.incident.id == face.incidents.chosen), 0
    )
    options.append(words.text("screen.one_more"))
    at = await ask(face, Choose(words.text("screen.which_incident"), options, at=chosen))
    if at is None:
        return None
    if at == len(known):
        open_new(face, None, None)
    else:
        show_incident(face, known[at].incident.id)
    return None


async def _choose_runbook(
    face: Face, subject: Subject, choices: list[Runbook], *, sure: bool
) -> Message | None:
    words = face.words
    runbook = choices[0] if sure else None
    if runbook is None:
        state = face.states.get(subject.panel)
        what = subject.alert or (words.say(state.title) if state is not None else "")
        title = words.text("screen.which_runbook" if what else "screen.which_runbook_at_all", what=what)
        at = await ask(face, Choose(title, [f"{choice.title}  ({choice.id})" for choice in choices]))
        if at is None:
            return None
        runbook = choices[at]
    return await _place_runbook(face, subject, runbook)


def place_runbook(face: Face, runbook: Runbook) -> None:
    """Follow a runbook that was chosen by its name, or only read it."""
    face.incidents.run(_place_runbook(face, Subject(), runbook))


async def _place_runbook(face: Face, subject: Subject, runbook: Runbook) -> Message | None:
    """Where the runbook is followed: in an open incident, in a new one, or nowhere."""
    words, context, top = face.words, face.incidents, face.screen
    known = [] if context.journal.read_only or context.journal.problem else context.worst_first()
    if isinstance(top, IncidentScreen) and top.incident_id is not None:
        known.sort(key=lambda snapshot: snapshot.incident.id != top.incident_id)
    options = [
        words.text("screen.in_incident", label=snapshot.label, title=snapshot.incident.title)
        for snapshot in known
    ]
    options += [words.text("screen.in_new"), words.text("screen.only_read")]
    at = await ask(face, Choose(words.text("screen.where_runbook", title=runbook.title), options))
    if at is None:
        return None
    if at == len(options) - 1:
        face.push_screen(IncidentScreen(None, runbook))
        return None
    alert = None
    if subject.alert:
        alert = alert_event(subject.alert, await firing_alerts(face.signals_thread))
    if at == len(known):
        open_new(face, runbook, alert)
        return None
    return await _attach(face, known[at], runbook, alert)


async def _attach(
    face: Face, snapshot: IncidentSnapshot, runbook: Runbook, alert: AlertAttached | None
) -> Message | None:
    def attached(_: Written) -> Message:
        show_incident(face, snapshot.incident.id)
        return say("screen.attached", title=runbook.title, label=snapshot.label)

    proposal = attach_runbook(face.incidents.situation(snapshot), runbook.id, alert)
    return await carry_out(face, proposal, attached)


def _defaults(face: Face, runbook: Runbook | None, alert: AlertAttached | None) -> tuple[str, Severity]:
    """What the alert, the runbook or the worst panel says."""
    from panels.naming import title_and_reason
    from signals.reading import Verdict

    severity: Severity = "SEV3"
    if runbook is not None and runbook.severity:
        severity = runbook.severity
    elif alert is not None and alert.severity in PAGING_SEVERITIES:
        severity = "SEV2"
    if alert is not None:
        return alert.summary or alert.name, severity
    if runbook is not None:
        return runbook.title, severity
    state = face.under_cursor()
    if state is None or state.verdict not in (Verdict.BURNING, Verdict.WARN):
        return "", severity
    return face.words.say(title_and_reason(state)), "SEV2" if state.verdict is Verdict.BURNING else "SEV3"
