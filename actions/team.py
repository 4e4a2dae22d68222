"""A team's own action, from its section of the configuration: an argv template with typed parameters, run without a shell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, Field, SecretStr, create_model
from pydantic_core import PydanticCustomError

from actions.capabilities import Command
from actions.checks import blockers, verifications
from actions.errors import ActionFailed
from actions.fits import Fit
from actions.model import Action, ActionCall, Draft, Outcome, Undo, Verification
from actions.parameters import Parameters, harmless, no_option
from actions.template import PLACEHOLDER, fill, filled
from core.message import say
from core.text import clean
from signals.regex import compile_regex

if TYPE_CHECKING:
    from collections.abc import Callable

    from actions.model import AnyAction, Context, Plan
    from actions.settings import ParameterSettings, TeamActionSettings

UNDO = ".undo"
"""What the id of an action ends with that takes another of the team's back."""


def team_action(spec: TeamActionSettings) -> AnyAction:
    """The action that `spec` describes."""
    return _action(spec, spec.id, spec.argv, spec.title, is_undo=False)


def team_undo(spec: TeamActionSettings) -> AnyAction | None:
    """The action that takes it back; None where that is said in words alone."""
    if not isinstance(spec.undo, tuple) or not spec.undo:
        return None
    return _action(spec, spec.id + UNDO, spec.undo, spec.title, is_undo=True)


def _action(
    spec: TeamActionSettings, action_id: str, argv: tuple[str, ...], title: str, *, is_undo: bool
) -> AnyAction:
    def command(params: Parameters) -> Command:
        values = params.revealed()
        environment = {
            name: (text, _is_secret(text, spec)) for name, text in sorted(spec.environment.items())
        }
        return Command(
            argv=filled(argv, values),
            cwd=fill(spec.cwd, values),
            environment={
                name: fill(text, values) for name, (text, secret) in environment.items() if not secret
            },
            secret_environment={
                name: fill(text, values) for name, (text, secret) in environment.items() if secret
            },
            timeout_s=spec.timeout_s,
        )

    def preflight(_: Parameters, context: Context) -> tuple[Any, ...]:
        return () if is_undo else blockers([each.check() for each in spec.preflight], context)

    def plan(params: Parameters, context: Context) -> Draft:
        return Draft(
            target=fill(spec.target, params.revealed()) or action_id,
            steps=(context.processes.step(command(params)),),
            undo=Undo(say("actions.undo_none")) if is_undo else _undo(spec, params),
        )

    def run(params: Parameters, _: Plan, context: Context) -> Outcome:
        completed = context.processes.run(command(params))
        program = clean(argv[0], 80)
        if completed.exit_code:
            raise ActionFailed(say("actions.exited", program=program, code=completed.exit_code))
        return Outcome(text=say("actions.exited", program=program, code=0))

    def verify(_: Parameters, __: Plan, context: Context) -> tuple[Verification, ...]:
        return () if is_undo else verifications([each.check() for each in spec.verify], context)

    return Action(
        id=action_id,
        title=say("actions.undo_of", title=clean(title))
        if is_undo
        else say("actions.text", text=clean(title)),
        why=say("actions.text", text=clean(spec.why) or "–"),
        danger=spec.danger,
        parameters=_model(spec),
        resource=lambda params: fill(spec.resource, params.revealed()),
        preflight=preflight,
        plan=plan,
        run=run,
        verify=verify,
        timeout_s=spec.timeout_s,
        lasts_s=0.0 if is_undo else spec.lasts_s,
        fits=() if is_undo else tuple(Fit(subject, fill=dict(spec.fill)) for subject in spec.fits),
        undone_by=spec.id + UNDO if not is_undo and isinstance(spec.undo, tuple) and spec.undo else "",
    )


def _undo(spec: TeamActionSettings, params: Parameters) -> Undo:
    if isinstance(spec.undo, str):
        words = clean(spec.undo)
        return Undo(say("actions.text", text=words) if words else say("actions.undo_none"))
    secret = any(parameter.secret for parameter in spec.parameters.values())
    text = say("actions.text", text=clean(" ".join(filled(spec.undo, params.shown()))))
    # A secret is kept nowhere: who takes it back gives it again.
    return Undo(text, None if secret else ActionCall(spec.id + UNDO, params.revealed()))


def _model(spec: TeamActionSettings) -> type[Parameters]:
    fields: dict[str, Any] = {
        name: (
            SecretStr if parameter.secret else _type(parameter),
            ... if parameter.default is None else parameter.default,
        )
        for name, parameter in spec.parameters.items()
    }
    return create_model(f"Parameters of {spec.id}", __base__=Parameters, **fields)


def _type(parameter: ParameterSettings) -> Any:
    """A checked text; what may be chosen is known to whoever asks for it."""
    listed = Field(json_schema_extra={"enum": list(parameter.choices)} if parameter.choices else None)
    return Annotated[str, AfterValidator(_validator(parameter)), listed]


def _validator(parameter: ParameterSettings) -> Callable[[str], str]:
    pattern = None if parameter.pattern is None else compile_regex(parameter.pattern)

    def check(text: str) -> str:
        harmless(text)
        if not parameter.may_begin_with_dash:
            no_option(text)
        if parameter.choices and text not in parameter.choices:
            raise PydanticCustomError(
                "choices", "one of {choices}", {"choices": ", ".join(parameter.choices)}
            )
        if pattern is not None and pattern.fullmatch(text) is None:
            raise PydanticCustomError(
                "pattern", "it must match {pattern}", {"pattern": str(parameter.pattern)}
            )
        return text

    return check


def _is_secret(text: str, spec: TeamActionSettings) -> bool:
    return any(spec.parameters[name].secret for name in PLACEHOLDER.findall(text))
