"""Checks that pictures arrive: the address that links have, the folder, and the newest one fetched and compared byte by byte."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actions.errors import ActionFailed, ActionRefused
from actions.model import Action, Draft, Fact, Outcome, Verification
from actions.parameters import Parameters
from actions.service_restart import service_command
from actions.step import Step
from actions.upkeep.pictures import address_of, free_bytes, is_writable, newest_file, read_delivery
from core.errors import SourceError
from core.files import read_bytes
from core.message import say
from core.text import clean
from signals.settings import HttpSettings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from actions.model import Context, Plan
    from actions.upkeep.pictures import Delivery
    from actions.upkeep_settings import VisualsSettings

MAX_PICTURE_BYTES = 32_000_000
OK = 200


class Check(Parameters):
    """Nothing to choose."""


def _settings(context: Context) -> VisualsSettings:
    if context.settings.visuals is None:
        raise ActionRefused(say("actions.not_configured", section="actions.visuals"))
    return context.settings.visuals


def plan(_: Check, context: Context) -> Draft:
    """What will be looked at."""
    settings = _settings(context)
    delivery = read_delivery(settings, context)
    folder = clean(str(delivery.storage), 200)
    return Draft(
        target=folder,
        steps=(
            Step(kind="file", text=f"access(2) and statvfs(2): {folder}"),
            *(
                (context.processes.step(service_command(context, settings.writable, settings.timeout_s)),)
                if settings.writable
                else ()
            ),
            Step(kind="http", text=clean(f"GET {delivery.base}/{settings.pattern}", 400)),
        ),
        facts=(
            Fact(label=say("actions_upkeep.fact_base"), value=clean(delivery.base, 200), at=context.clock()),
        ),
    )


def run(params: Check, _: Plan, context: Context) -> Outcome:
    """All of it; each that is not so is a finding."""
    checks = tuple(_checks(params, context))
    for check in checks:
        mark = {True: "ok", False: "not so", None: "unknown"}[check.ok]
        values = " ".join(str(value) for value in check.text.values.values())
        context.print_line(f"{mark}: {check.text.key.partition('.')[2]} {values}")
    bad = sum(check.ok is not True for check in checks)
    return Outcome(text=say("actions_upkeep.visuals_checked", bad=bad, count=len(checks)), findings=bad)


def verify(params: Check, _: Plan, context: Context) -> tuple[Verification, ...]:
    """The checks, each in its own words."""
    return tuple(_checks(params, context))


def _checks(_: Check, context: Context) -> Iterator[Verification]:
    settings = _settings(context)
    delivery = read_delivery(settings, context)
    key = "base_local" if delivery.is_local else "base_fallback" if delivery.is_fallback else "base_is"
    yield Verification(say(f"actions_upkeep.{key}", base=clean(delivery.base, 200)), ok=not delivery.is_local)
    yield from _folder(settings, delivery, context)
    yield from _newest(settings, delivery, context)


def _folder(settings: VisualsSettings, delivery: Delivery, context: Context) -> Iterator[Verification]:
    folder = clean(str(delivery.storage), 200)
    try:
        writable, free = is_writable(delivery.storage), free_bytes(delivery.storage)
    except OSError as error:
        yield Verification(
            say("actions_upkeep.unreadable", file=folder, detail=error.strerror or "?"), ok=False
        )
        return
    if settings.writable:  # as the service itself sees it: its user is another one than ours
        try:
            completed = context.processes.read(
                service_command(context, settings.writable, settings.timeout_s)
            )
        except ActionFailed as error:
            yield Verification(error.message, ok=None)
        else:
            is_so = completed.exit_code == 0
            key = "writable" if is_so else "not_writable"
            yield Verification(say(f"actions_upkeep.{key}", folder=folder), ok=is_so)
    else:
        yield Verification(
            say(f"actions_upkeep.{'writable' if writable else 'not_writable'}", folder=folder), ok=writable
        )
    yield Verification(
        say("actions_upkeep.room", megabytes=free // 1_000_000), ok=free >= settings.min_free_bytes
    )


def _newest(settings: VisualsSettings, delivery: Delivery, context: Context) -> Iterator[Verification]:
    """A picture that is there and does not arrive is a finding; where there is none, nobody can tell."""
    try:
        file = newest_file(delivery.storage, settings.pattern)
        content = b"" if file is None else read_bytes(file, MAX_PICTURE_BYTES)
    except OSError as error:
        detail = error.strerror or str(error)
        yield Verification(
            say(
                "actions_upkeep.unreadable", file=clean(str(delivery.storage), 200), detail=clean(detail, 80)
            ),
            ok=None,
        )
        return
    if file is None:
        yield Verification(say("actions_upkeep.no_picture", pattern=settings.pattern), ok=None)
        return
    path = address_of(delivery, file)
    name = clean(path, 120)
    if settings.magic and not content.startswith(bytes.fromhex(settings.magic)):
        yield Verification(say("actions_upkeep.no_such_picture", name=name), ok=False)
    server = context.http.at(
        "pictures", HttpSettings(url=delivery.base, timeout_s=settings.timeout_s), MAX_PICTURE_BYTES
    )
    try:
        answer = server.send("GET", path)
    except SourceError as error:
        yield Verification(error.message, ok=False)
        return
    kind = answer.content_type.partition(";")[0].strip().lower()
    yield Verification(
        say("actions_upkeep.served", name=name, status=answer.status, kind=clean(kind, 60) or "–"),
        ok=answer.status == OK and kind in settings.content_types,
    )
    same = answer.body == content or _now(file) == answer.body  # it may have been drawn anew meanwhile
    key = "same_content" if same else "other_content"
    yield Verification(say(f"actions_upkeep.{key}", name=name), ok=same)


def _now(file: Path) -> bytes | None:
    try:
        return read_bytes(file, MAX_PICTURE_BYTES)
    except OSError:
        return None


ACTION = Action(
    id="visuals.check",
    title=say("actions_catalogue.visuals_check"),
    why=say("actions_catalogue.visuals_check_why"),
    danger="observe",
    parameters=Check,
    plan=plan,
    run=run,
    verify=verify,
    timeout_s=120.0,
    needs=("actions.visuals",),
)
