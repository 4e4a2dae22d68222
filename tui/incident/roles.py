"""Handing out roles: what this person can do about each, as a list to choose from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from core.message import say
from tui.incident.draw.strip import ROLES

if TYPE_CHECKING:
    from asyncio import Future

    from core.message import Message
    from incidents.events.body import Body, Role
    from incidents.events.incident import Incident
    from tui.feeds.journal import IncidentSnapshot
    from tui.incident.context import IncidentContext


class RoleChoice(NamedTuple):
    """One thing to do about one role; `holder` is who has it now."""

    what: Literal["accept", "take", "offer", "release", "take_over"]
    role: Role
    holder: str = ""

    @property
    def text(self) -> Message:
        """The line in the list."""
        return say(f"screen.role_{self.what}", role=say(f"event.role_{self.role}"), holder=self.holder)


def role_choices(incident: Incident, actor: str) -> list[RoleChoice]:
    """What was offered first, then free roles, then one's own, then those of others."""
    accept = [
        RoleChoice("accept", role, incident.offers[role].by)
        for role in ROLES
        if role in incident.offers and incident.offers[role].to == actor
    ]
    free = [RoleChoice("take", role) for role in ROLES if role not in incident.roles]
    own = [
        RoleChoice(what, role)
        for role in ROLES
        if incident.roles.get(role) == actor
        for what in ("offer", "release")
    ]
    others = [
        RoleChoice("take_over", role, holder)
        for role in ROLES
        if (holder := incident.roles.get(role, actor)) != actor
    ]
    return [*accept, *free, *own, *others]


async def change_role(
    context: IncidentContext, seen: IncidentSnapshot, choices: list[RoleChoice], answer: Future[int | None]
) -> Message | None:
    """Ask what else is needed (to whom, why) and write it."""
    from incidents.events import body as b
    from tui.screens.form import Field, Form

    at = await answer
    if at is None:
        return None
    choice, words = choices[at], context.face.words
    body: Body
    given: tuple[str, ...] | None
    match choice.what:
        case "take":
            body = b.RoleTaken(role=choice.role)
        case "accept":
            body = b.RoleAccepted(role=choice.role)
        case "release":
            body = b.RoleReleased(role=choice.role)
        case "offer":
            given = await context.ask(Form(words.say(choice.text), [Field(words.text("screen.field_to"))]))
            if given is None:
                return None
            body = b.RoleOffered(role=choice.role, to=given[0])
        case "take_over":
            given = await context.ask(
                Form(words.say(choice.text), [Field(words.text("screen.field_reason"))])
            )
            if given is None:
                return None
            body = b.RoleTaken(role=choice.role, reason=given[0])
    return await context.write(seen.incident.id, body) or say("screen.role_done", what=choice.text)
