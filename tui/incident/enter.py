"""Ways into an incident: its key, a panel's or an alert's runbook, a new one, or a look into the past."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, NamedTuple

from core.message import say
from tui.feeds.journal import JournalState
from tui.incident.draw.strip import clock_text, elapsed_s

if TYPE_CHECKING:
    from uuid import UUID

    from core.message import Message
    from incidents.events.body import AlertAttached, Body, Severity
    from runbooks.model import Runbook
    from tui.feeds.journal import IncidentSnapshot
    from tui.incident.context import IncidentContext

PAGES = ("page", "critical")
"""Severities of alerts that wake somebody."""


class Asked(NamedTuple):
    """What somebody wants a runbook for; both may be empty."""

    alert: str = ""
    panel: str = ""


def show(context: IncidentContext, incident: UUID) -> None:
    """The incident's screen on top; the one that shows it already comes back."""
    from tui.screens.incident import IncidentScreen

    context.chosen = incident
    face = context.face
    while len(face.screen_stack) > 1 and not isinstance(face.screen, IncidentScreen):
        face.pop_screen()
    if isinstance(face.screen, IncidentScreen):
        if face.screen.incident_id == incident:
            face.repaint()
            return
        face.pop_screen()
    face.push_screen(IncidentScreen(incident))


def enter(context: IncidentContext) -> None:
    """`i`: the open incident; several are listed, worst first, with room for one more; none: a new one is offered."""
    from tui.screens.incident import IncidentScreen

    known = context.worst_first()
    on_top = context.face.screen
    here = isinstance(on_top, IncidentScreen) and not on_top.past
    if context.journal.problem is not None:
        context.notify(context.journal.problem)
    elif context.journal == JournalState():
        context.defer(lambda: enter(context), say("screen.journal_opens"))
    elif not known:
        open_new(context, None, None)
    elif len(known) == 1 and not here:
        show(context, known[0].incident.id)
    else:
        context.run(_choose(context, known))


def open_new(context: IncidentContext, runbook: Runbook | None, alert: AlertAttached | None) -> None:
    """Ask title and severity with good defaults: one Enter is enough."""
    from tui.screens.form import Field, Form

    words = context.face.words
    if context.journal.read_only:
        context.notify(say("journal.read_only", place=context.journal.place))
        return
    if context.follower is not None:
        context.follower.warm_up()
    title, severity = _defaults(context, runbook, alert)
    fields = [
        Field(words.text("screen.field_title"), title),
        Field(words.text("screen.field_severity"), severity, ("SEV1", "SEV2", "SEV3", "SEV4")),
        Field(
            words.text("screen.field_lead"),
            words.text("screen.yes"),
            (words.text("screen.yes"), words.text("screen.no")),
        ),
    ]
    remarks = [words.text("screen.with_runbook", title=runbook.title)] if runbook else []
    form = Form(words.text("screen.new_incident"), fields, remarks)
    answer = context.ask(form)

    async def write() -> Message | None:
        given = await answer
        if given is None or context.follower is None:
            return None
        leads = given[2] == fields[2].choices[0]
        bodies = _first_events(given[0], given[1], runbook, alert, leads=leads)
        incident = await context.follower.open_incident(bodies)
        show(context, incident)
        return say("screen.opened")

    context.run(write())


def open_runbook(context: IncidentContext, asked: Asked) -> None:
    """`r`: the runbook that fits, inside an incident or only to be read; inside of one, all are listed."""
    from tui.screens.incident import IncidentScreen

    library = context.library
    if library is None or context.journal == JournalState():
        context.defer(lambda: open_runbook(context, asked), say("screen.no_library"))
        return
    fitting = list(library.for_alert(asked.alert)) if asked.alert else []
    state = context.face.states.get(asked.panel)
    configured = library.get(state.runbook) if state is not None else None
    for one in (configured, *(library.for_panel(asked.panel) if asked.panel else ())):
        if one is not None and one not in fitting:
            fitting.append(one)
    attached = _already(context, asked, fitting)
    inside = isinstance(context.face.screen, IncidentScreen)
    if attached is not None and not inside:
        show(context, attached.incident.id)
        return
    # Those that fit stand first; the others are there as well, for who knows better.
    others = [one for one in library.runbooks if one not in fitting]
    context.run(_open_runbook(context, asked, [*fitting, *others], sure=len(fitting) == 1 and not inside))


def _already(context: IncidentContext, asked: Asked, fitting: list[Runbook]) -> IncidentSnapshot | None:
    """An open incident that has the alert, or follows the runbook that fits best."""
    for seen in context.worst_first():
        names = {alert.name for alert in seen.incident.alerts.values()}
        if asked.alert in names or (fitting and fitting[0].id in seen.incident.runbooks):
            return seen
    return None


async def _choose(context: IncidentContext, known: list[IncidentSnapshot]) -> Message | None:
    from tui.screens.choose import Choose

    words = context.face.words
    options = [
        f"{seen.label} {seen.incident.severity} {words.text(f'update.status_{seen.incident.status}')} "
        f"{clock_text(elapsed_s(seen.incident, _now()))}  IC {seen.incident.roles.get('ic', '–')}  {seen.incident.title}"
        for seen in known
    ]
    chosen = next((at for at, seen in enumerate(known) if seen.incident.id == context.chosen), 0)
    options.append(words.text("screen.one_more"))
    at = await context.ask(Choose(words.text("screen.which_incident"), options, at=chosen))
    if at is None:
        return None
    if at == len(known):
        open_new(context, None, None)
    else:
        show(context, known[at].incident.id)
    return None


async def _open_runbook(
    context: IncidentContext, asked: Asked, choices: list[Runbook], *, sure: bool
) -> Message | None:
    from tui.screens.choose import Choose

    words = context.face.words
    runbook = choices[0] if sure else None
    if runbook is None:
        state = context.face.states.get(asked.panel)
        what = asked.alert or (words.say(state.title) if state is not None else "")
        title = words.text("screen.which_runbook" if what else "screen.which_runbook_at_all", what=what)
        at = await context.ask(Choose(title, [f"{one.title}  ({one.id})" for one in choices]))
        if at is None:
            return None
        runbook = choices[at]
    return await _place(context, asked, runbook)


async def _place(context: IncidentContext, asked: Asked, runbook: Runbook) -> Message | None:
    """Where the runbook is followed: in an open incident, in a new one, or nowhere."""
    from tui.screens.choose import Choose
    from tui.screens.incident import IncidentScreen

    words = context.face.words
    known = [] if context.journal.read_only or context.journal.problem else context.worst_first()
    top = context.face.screen
    if isinstance(top, IncidentScreen) and top.incident_id is not None:
        known.sort(key=lambda seen: seen.incident.id != top.incident_id)
    options = [
        words.text("screen.in_incident", label=seen.label, title=seen.incident.title) for seen in known
    ]
    options += [words.text("screen.in_new"), words.text("screen.only_read")]
    at = await context.ask(Choose(words.text("screen.where_runbook", title=runbook.title), options))
    if at is None:
        return None
    if at == len(options) - 1:
        context.face.push_screen(IncidentScreen(None, runbook))
        return None
    alert = await _alert(context, asked.alert)
    if at == len(known):
        open_new(context, runbook, alert)
        return None
    return await _attach(context, known[at], runbook, alert)


async def _attach(
    context: IncidentContext, seen: IncidentSnapshot, runbook: Runbook, alert: AlertAttached | None
) -> Message | None:
    from incidents.events.body import RunbookAttached

    bodies: list[Body] = [] if runbook.id in seen.incident.runbooks else [RunbookAttached(runbook=runbook.id)]
    if alert is not None and alert.fingerprint not in seen.incident.alerts:
        bodies.append(alert)
    for body in bodies:
        if against := await context.write(seen.incident.id, body):
            return against
    show(context, seen.incident.id)
    return say("screen.attached", title=runbook.title, label=seen.label)


async def _alert(context: IncidentContext, name: str) -> AlertAttached | None:
    """The alert as it fires now; by its name alone where nobody can say more."""
    from tui.incident.alerts import attached, firing

    if not name:
        return None
    now = await firing(context)
    found = [alert for alert in now.alerts if alert.name == name] if now else []
    if found:
        return attached(min(found, key=lambda alert: alert.since))
    from incidents.events.body import AlertAttached

    return AlertAttached(fingerprint=name, name=name)


def _defaults(
    context: IncidentContext, runbook: Runbook | None, alert: AlertAttached | None
) -> tuple[str, Severity]:
    """What the alert, the runbook or the worst panel says."""
    from panels.naming import title_and_reason
    from signals.reading import Verdict

    words = context.face.words
    severity: Severity = "SEV3"
    if runbook is not None and runbook.severity:
        severity = runbook.severity
    elif alert is not None and alert.severity in PAGES:
        severity = "SEV2"
    if alert is not None:
        return alert.summary or alert.name, severity
    if runbook is not None:
        return runbook.title, severity
    state = context.face.under_cursor()
    if state is None or state.verdict not in (Verdict.BURNING, Verdict.WARN):
        return "", severity
    return words.say(title_and_reason(state)), "SEV2" if state.verdict is Verdict.BURNING else "SEV3"


def _first_events(
    title: str, severity: str, runbook: Runbook | None, alert: AlertAttached | None, *, leads: bool
) -> list[Body]:
    """Opened, acknowledged (somebody is here), the alert, and who leads."""
    from incidents.events.body import Marked, Opened, RoleTaken
    from tui.incident.marks import SEVERITIES

    now = dt.datetime.now(dt.UTC)
    # Said here, for the event itself is written later than its acknowledgement.
    detected = alert.since if alert is not None and alert.since and alert.since <= now else now
    bodies: list[Body] = [
        Opened(
            title=title,
            severity=next(one for one in SEVERITIES if one == severity),
            runbook=runbook.id if runbook else "",
            detected_at=detected,
        ),
        Marked(moment="acknowledged", at=now),
    ]
    if alert is not None:
        bodies.append(alert)
    if leads:
        bodies.append(RoleTaken(role="ic"))
    return bodies


def _now() -> float:
    import time

    return time.time()
