"""Asks the one who decides whether a secret's value works, and whether the one before it is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import SecretStr  # noqa: TC002  # pydantic reads the annotations at run time

from actions.errors import ActionRefused
from actions.fits import Fit
from actions.model import Action, Draft, Outcome, Undo, Verification
from actions.parameters import Line, Name, Parameters
from actions.secrets.places import look
from actions.secrets.proof import Answer, Proof, prove, shown
from actions.secrets.rotation import facts_of, find_secret, judged, kept_value, line, values_of
from actions.step import Step
from core.message import say

if TYPE_CHECKING:
    from actions.model import Context, Plan
    from core.message import Message

_PROOFS = "proofs"


class Prove(Parameters):
    """Which secret; its old value, typed or from the copies that a rotation kept (`backup`; `last` are the newest)."""

    secret: Name
    old: SecretStr | None = None
    backup: Line = ""


def plan(params: Prove, context: Context) -> Draft:
    """The request that will be made, and whose value is shown in it."""
    secret = find_secret(params.secret, context)
    known = look(secret, context)
    _old(params, context)  # that there is none is said before anything is asked
    text, argv = shown(secret, context)
    step = Step(
        kind="process" if argv else "sql" if text.startswith("LOGIN") else "http", text=text, argv=argv
    )
    return Draft(
        target=params.secret,
        steps=(step,) if text or argv else (),
        facts=facts_of(known, context),
        blockers=() if text or argv else (say("secrets.no_proof"),),
        undo=Undo(say("secrets.changes_nothing")),
    )


def run(params: Prove, _: Plan, context: Context) -> Outcome:
    """Ask; a present value that is refused and an old one that is accepted are findings."""
    secret = find_secret(params.secret, context)
    present = values_of(look(secret, context))[:1]
    old = _old(params, context)
    for value in (*present, *old):
        context.hide(value)
    if not present and not old:
        raise ActionRefused(say("secrets.nothing_to_prove", secret=params.secret))
    proofs = prove(secret, [*present, *old], context)
    asked: list[tuple[str, Message, Answer, Proof]] = []
    if present:
        asked.append(("present", say("secrets.present_value"), Answer.ACCEPTED, proofs[0]))
    if old:
        asked.append(("old", say("secrets.old_value"), Answer.REFUSED, proofs[-1]))
    for name, _which, _wanted, proof in asked:
        context.print_line(line(name, proof))
    seen = tuple(judged(proof, which, wanted=wanted) for _, which, wanted, proof in asked)
    context.memory[_PROOFS] = seen
    bad, unknown = (sum(each.ok is state for each in seen) for state in (False, None))
    text = say("secrets.proved", secret=params.secret, bad=bad, unknown=unknown)
    if not bad and not unknown:
        text = say("secrets.proved_well", secret=params.secret, count=len(seen))
    return Outcome(
        text=text,
        findings=bad,
        document={
            "secret": params.secret,
            **{name: {"answer": proof.answer, "status": proof.status} for name, _, _, proof in asked},
        },
    )


def verify(_: Prove, __: Plan, context: Context) -> tuple[Verification, ...]:
    """What was answered: asking again would be one more request against a limit."""
    seen = context.memory.get(_PROOFS, ())
    return seen if isinstance(seen, tuple) else ()


def _old(params: Prove, context: Context) -> tuple[str, ...]:
    if params.old is not None:
        return (params.old.get_secret_value(),)
    return (kept_value(params.secret, params.backup, context),) if params.backup else ()


ACTION = Action(
    id="secrets.prove",
    title=say("actions_catalogue.secrets_prove"),
    why=say("actions_catalogue.secrets_prove_why"),
    danger="observe",
    parameters=Prove,
    plan=plan,
    run=run,
    verify=verify,
    timeout_s=120.0,
    fits=(Fit("secrets", 3),),
    needs=("actions.secrets",),
)
