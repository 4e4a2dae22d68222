"""Puts a secret's new value everywhere where the old one stands, restarts who uses it, and proves both.

The new value is asked before it is written wherever that can be; a place that fails takes back those before it. The old
values stay in the memory of this process for the proof; files are copied to a private folder of ours first, from which the
old value can be taken back for as long as it works.
"""

from __future__ import annotations

import secrets as random
import time
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, SecretStr
from pydantic_core import PydanticCustomError

from actions.capabilities import Command
from actions.errors import ActionFailed, ActionRefused, Cancelled
from actions.fits import Fit
from actions.model import Action, ActionCall, Draft, Outcome, Undo, Verification
from actions.parameters import Line, Name, Parameters
from actions.secrets import places, servers
from actions.secrets.proof import Answer, prove, shown
from actions.secrets.rotation import (
    backup_folder,
    facts_of,
    find_secret,
    judged,
    kept_value,
    line,
    values_of,
)
from actions.step import Step
from actions.worker_restart import pid_fact, planned_pids, process_ids, restart_workers, restarted
from core.errors import WarroomError
from core.message import Message, say
from core.text import clean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from actions.model import Context, Plan
    from actions.secret_settings import SecretSettings
    from actions.secrets.places import Place

RESTART_TIMEOUT_S = 900.0
LOGIN_TIMEOUT_S = 10.0
_NEW, _OLD = "new", "old"
HTTP_OK = 200


def _one_line(value: SecretStr) -> SecretStr:
    text = value.get_secret_value()
    if not text or not text.isprintable() or text != text.strip():
        raise PydanticCustomError("no_secret", "one line that can be printed, without blanks at its ends")
    return value


class Rotate(Parameters):
    """Which secret, and its new value; or the copies of a rotation (`backup`) whose value is to be taken back."""

    secret: Name
    value: Annotated[SecretStr, AfterValidator(_one_line)] | None = None
    backup: Line = ""


def plan(params: Rotate, context: Context) -> Draft:
    """Every place with what stands there, who is restarted, and the request that proves it."""
    secret = find_secret(params.secret, context)
    known = places.look(secret, context)
    text, argv = shown(secret, context)
    proof = Step(kind="process" if argv else "http", text=text, argv=argv, title=say("secrets.step_proof"))
    pids = process_ids(context.workers) if "workers" in secret.restart else {}
    at = context.clock()
    old = values_of(known)
    undo = say("secrets.undo_while_valid") if old and any(place.content for place in known) else None
    return Draft(
        target=params.secret,
        steps=(
            *(step for place in known for step in _place_steps(place, secret, context)),
            *_restart_steps(secret, pids, context),
            *((proof,) if text or argv else ()),
        ),
        facts=(
            *facts_of(known, context),
            *(pid_fact(name, pid, at) for name, pid in sorted(pids.items())),
        ),
        blockers=_blockers(params, secret, known, context),
        warnings=_warnings(secret, known, pids),
        undo=Undo(undo or say("actions.undo_none")),
    )


def run(params: Rotate, plan: Plan, context: Context) -> Outcome:
    """Ask, copy, write, restart."""
    secret = find_secret(params.secret, context)
    known = places.look(secret, context)
    old, new = values_of(known), _new_value(params, context)
    for value in (new, *old):
        context.hide(value)
    if blockers := _blockers(params, secret, known, context):
        raise ActionRefused(blockers[0])
    _ask_first(secret, (new, *old), context)
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(context.clock()))
    backup = f"{params.secret}.{stamp}.{random.token_hex(4)}"
    folder = backup_folder(backup, context)
    for place in known:
        places.back_up(place, folder)
    marks = _write(known, secret, new, old, context)
    context.memory.update({_NEW: new, _OLD: tuple(value for value in old if value != new)})
    _restart(secret, plan, context)
    _end_sessions(known, marks, new, context)
    can_undo = places.read_copy(secret, folder) is not None
    if can_undo:
        context.print_line(f"copies: {folder}")
    call = ActionCall("secrets.rotate", {"secret": params.secret, "backup": backup})
    return Outcome(
        text=say("secrets.rotated", secret=params.secret, places=len(known), restarted=len(secret.restart)),
        undo=Undo(say("secrets.undo_while_valid"), call) if can_undo else Undo(say("actions.undo_none")),
    )


def verify(params: Rotate, plan: Plan, context: Context) -> tuple[Verification, ...]:
    """The new value is in every place and works, the old one is refused, who was restarted is another process."""
    secret = find_secret(params.secret, context)
    new, old = str(context.memory.get(_NEW, "")), context.memory.get(_OLD, ())
    olds = [str(value) for value in old] if isinstance(old, tuple) else []
    proofs = prove(secret, [new, *olds], context)
    context.print_line(line("new", proofs[0]))
    seen = [judged(proofs[0], say("secrets.new_value"), wanted=Answer.ACCEPTED)]
    if not params.backup:  # taking back ends nothing
        for proof in proofs[1:]:
            context.print_line(line("old", proof))
            seen.append(judged(proof, say("secrets.old_value"), wanted=Answer.REFUSED))
    seen += [
        Verification(say("secrets.stands_at", place=place.label), ok=place.values == (new,))
        for place in places.look(secret, context)
        if place.target.server is None and (place.values or place.target.file is not None)
    ]
    return (*seen, *restarted(planned_pids(plan), context)) if planned_pids(plan) else tuple(seen)


def _blockers(
    params: Rotate, secret: SecretSettings, known: Sequence[Place], context: Context
) -> tuple[Message, ...]:
    blockers = [place.problem for place in known if place.problem is not None]
    if not known:
        blockers.append(say("secrets.no_places", secret=params.secret))
    if any(place.target.server is not None for place in known) and not values_of(known):
        blockers.append(say("secrets.old_unknown"))
    if (params.value is None) == (not params.backup):
        return (*blockers, say("secrets.value_missing"))
    new = _new_value(params, context)
    if secret.pattern and not params.backup and not _matches(secret.pattern, new):
        blockers.append(say("secrets.wrong_form", secret=params.secret))
    if known and all(place.values == (new,) for place in known):
        blockers.append(say("secrets.same_value"))
    blockers += _unfit(secret, known, new)
    if params.backup:
        proof = prove(secret, [new, *values_of(known)[:1]], context)[0]
        if proof.answer is not Answer.ACCEPTED:
            blockers.append(say(f"secrets.undo_{proof.answer}", said=proof.said))
    return tuple(blockers)


def _unfit(secret: SecretSettings, known: Sequence[Place], new: str) -> list[Message]:
    """Why a place can't hold the new value."""
    problems = []
    for place in known:
        if place.problem is None and place.target.file is not None:
            try:
                places.changed(place, secret, new)
            except places.PlaceError as error:
                problems.append(error.message)
    return problems


def _warnings(secret: SecretSettings, known: Sequence[Place], pids: dict[str, int]) -> tuple[Message, ...]:
    warnings = []
    if secret.prove is None:
        warnings.append(say("secrets.no_proof"))
    warnings += [
        say("secrets.own_login", section=f"signals.{place.target.server}")
        for place in known
        if place.target.server is not None and place.values
    ]
    if not secret.restart:
        warnings.append(say("secrets.nobody_restarted"))
    if "workers" in secret.restart:
        warnings.append(say("actions.restart_supervisor") if pids else say("actions.no_worker"))
    return tuple(warnings)


def _place_steps(place: Place, secret: SecretSettings, context: Context) -> tuple[Step, ...]:
    argv = places.checks(place)
    judge = (Step(kind="process", argv=argv, text=clean(" ".join(argv)), title=say("secrets.step_check")),)
    return (*(judge if argv else ()), places.step(place, secret, context))


def _restart_steps(secret: SecretSettings, pids: dict[str, int], context: Context) -> tuple[Step, ...]:
    steps: list[Step] = []
    for each in secret.restart:
        if each == "workers":
            steps += [Step(kind="control", text=f"shutdown → {name}") for name in sorted(pids)]
        elif each == "alertmanager":
            steps.append(Step(kind="http", text=f"POST {context.http.place('alertmanager')}/-/reload"))
        else:
            steps.append(context.processes.step(_command(tuple(each), secret), say("secrets.step_restart")))
    for target in secret.write:
        if target.server is not None:
            place = servers.place(target.server, target.user, context)
            steps.append(Step(kind="control", text=place, title=say("secrets.step_sessions")))
    return tuple(steps)


def _command(argv: tuple[str, ...], secret: SecretSettings) -> Command:
    return Command(argv=argv, cwd=secret.cwd, environment=secret.environment, timeout_s=RESTART_TIMEOUT_S)


def _new_value(params: Rotate, context: Context) -> str:
    if params.value is not None:
        return params.value.get_secret_value()
    return kept_value(params.secret, params.backup, context)


def _ask_first(secret: SecretSettings, values: Sequence[str], context: Context) -> None:
    """The first of `values`, beside the old ones: what is refused is not written; a server's password is not in force yet, and can't be asked."""
    if secret.prove is None or any(target.server is not None for target in secret.write):
        return
    proof = prove(secret, values, context)[0]
    context.print_line(line("new, before it is written", proof))
    if proof.answer is Answer.REFUSED:
        raise ActionFailed(say("secrets.new_refused", said=proof.said))


def _write(
    known: Sequence[Place], secret: SecretSettings, new: str, old: Sequence[str], context: Context
) -> list[float]:
    """All places, or none: what was written goes back when a later one fails. Returns the mark of each."""
    written: list[tuple[Place, str]] = []
    marks: list[float] = []
    try:
        for place in known:
            if context.is_cancelled():
                raise Cancelled(say("actions.cancelled"))  # what was written goes back
            before = _old_at(place, old, context)
            marks.append(places.write(place, secret, new, before, context))
            written.append((place, before))
            context.print_line(f"written: {place.label}")
    except (WarroomError, KeyboardInterrupt):
        for place, before in reversed(written):
            try:
                places.put_back(place, secret, new, before, context)
                context.print_line(f"put back: {place.label}")
            except WarroomError as error:
                context.print_line(f"NOT put back: {place.label} ({error.message.key})")
        raise
    return marks


def _old_at(place: Place, old: Sequence[str], context: Context) -> str:
    """What stands there; a server says itself which of the known values is its own."""
    server = place.target.server
    if server is None:
        return next(iter((*place.values, *old)), "")
    user = place.target.user
    let_in = (value for value in old if servers.is_let_in(server, user, value, context, LOGIN_TIMEOUT_S))
    return next(let_in, old[0])


def _restart(secret: SecretSettings, plan: Plan, context: Context) -> None:
    """In the order of the configuration; raises `ActionFailed` at the first that fails: the new value stays written."""
    for each in secret.restart:
        if each == "workers":
            restart_workers(planned_pids(plan), context)
        elif each == "alertmanager":
            answer = context.http.send("alertmanager", "POST", "/-/reload")
            if answer.status != HTTP_OK:
                raise ActionFailed(say("secrets.not_reloaded", status=answer.status))
            context.print_line("alertmanager: reloaded")
        else:
            argv = tuple(each)
            completed = context.processes.run(_command(argv, secret))
            if completed.exit_code:
                program = clean(argv[0], 80)
                raise ActionFailed(say("secrets.not_restarted", program=program, code=completed.exit_code))


def _end_sessions(known: Sequence[Place], marks: Sequence[float], new: str, context: Context) -> None:
    for place, mark in zip(known, marks, strict=True):
        if place.target.server is not None:
            count = servers.end_sessions(place.target.server, place.target.user, new, mark, context)
            context.print_line(f"{place.label}: {count} older sessions ended")


def _matches(pattern: str, value: str) -> bool:
    from signals.regex import compile_regex

    return compile_regex(pattern).fullmatch(value) is not None


ACTION = Action(
    id="secrets.rotate",
    title=say("actions_catalogue.secrets_rotate"),
    why=say("actions_catalogue.secrets_rotate_why"),
    danger="mitigate",
    parameters=Rotate,
    resource=lambda params: f"secret {params.secret}",
    plan=plan,
    run=run,
    verify=verify,
    timeout_s=3600.0,
    fits=(Fit("secrets", 2),),
    needs=("actions.secrets",),
    undone_by="secrets.rotate",
)
