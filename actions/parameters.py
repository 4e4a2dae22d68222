"""The types of an action's parameters: checked before anything is planned, harmless in an argv and on a screen.

A parameter comes as text (`--param name=value`, a runbook's `action` block, a form) and is read by pydantic. A secret is
a `SecretStr`: it is masked wherever parameters are shown or stored, and reaches the runner through a pipe alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal, TypeVar, get_args, get_origin

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError
from pydantic_core import PydanticCustomError

from actions.errors import BadParameter
from core.invalid import invalid
from core.message import say
from core.text import clean
from core.times import parse_duration

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic.fields import FieldInfo

MASK = "••••"
"""What is shown instead of a secret."""
MAX_LENGTH = 4000


class Parameters(BaseModel):
    """Base of every action's parameters: unknown names are errors, nothing changes after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    def shown(self) -> dict[str, str]:
        """Every value as text, as people see it and the journal keeps it: secrets are masked.

        What is empty because nobody gave it says nothing, and is left out.
        """
        fields = type(self).model_fields
        texts = {name: (value, _shown(value)) for name, value in self if value is not None}
        return {name: text for name, (value, text) in texts.items() if text or value != fields[name].default}

    def revealed(self) -> dict[str, str]:
        """Every value as text, secrets too: for the runner's pipe, and for nothing that is stored or printed."""
        return {name: _revealed(value) for name, value in self if value is not None}

    def secrets(self) -> tuple[str, ...]:
        """What must be taken out of everything that the run prints."""
        return tuple(value.get_secret_value() for _, value in self if isinstance(value, SecretStr))


P = TypeVar("P", bound=Parameters)


def read_parameters(model: type[P], values: Mapping[str, str]) -> P:
    """`values` as `model`; raises `BadParameter` that names the first one that is wrong, never its value."""
    try:
        return model.model_validate(dict(values))
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        name = clean(".".join(str(part) for part in first["loc"]), 80) or "?"
        known = ", ".join(model.model_fields) or "–"
        if first["type"] == "missing":
            raise BadParameter(say("actions.parameter_missing", name=name)) from None
        if first["type"] == "extra_forbidden":
            raise BadParameter(say("actions.parameter_unknown", name=name, known=known)) from None
        raise BadParameter(say("actions.parameter_wrong", name=name, detail=invalid(first))) from None


@dataclass(frozen=True, slots=True)
class Asked:
    """One parameter as somebody is asked for it: with `choices` it is picked, and a `secret` one is masked.

    `default` is its value where none is given, as text; empty where there is none.
    """

    name: str
    is_required: bool
    default: str = ""
    choices: tuple[str, ...] = ()
    secret: bool = False


def asked_parameters(model: type[Parameters]) -> tuple[Asked, ...]:
    """Every parameter in its order."""
    secret = secret_names(model)
    return tuple(
        Asked(
            name=name,
            is_required=field.is_required(),
            default=""
            if field.is_required() or field.default is None or name in secret
            else _revealed(field.default),
            choices=_choices(field),
            secret=name in secret,
        )
        for name, field in model.model_fields.items()
    )


def _choices(field: FieldInfo) -> tuple[str, ...]:
    """Of a `Literal`, of a yes or no, and of what a team's configuration lists."""
    if field.annotation is bool:
        return ("true", "false")
    if get_origin(field.annotation) is Literal:
        return tuple(str(value) for value in get_args(field.annotation))
    extra = field.json_schema_extra
    listed = extra.get("enum") if isinstance(extra, dict) else None
    return tuple(str(value) for value in listed) if isinstance(listed, list) else ()


def secret_names(model: type[Parameters]) -> frozenset[str]:
    """The parameters that are masked, and never an argument of a command line or a line of a runbook."""
    return frozenset(
        name
        for name, each in model.model_fields.items()
        if each.annotation is SecretStr or "SecretStr" in str(each.annotation)
    )


def harmless(text: str) -> str:
    """One line without anything that a terminal would obey; what would have to be changed is refused, not changed."""
    if len(text) > MAX_LENGTH or clean(text, MAX_LENGTH) != text:
        raise PydanticCustomError("not_harmless", "control characters, blanks at the ends or too long")
    return text


def no_option(text: str) -> str:
    """An argument that a program could take for one of its options is refused."""
    if text.startswith("-"):
        raise PydanticCustomError("looks_like_option", "it begins with '-' and would be read as an option")
    return text


def _seconds(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return parse_duration(value)
    except ValueError:
        raise PydanticCustomError("duration", "a duration such as 30s, 15m, 4h") from None


def _items(value: object) -> object:
    return tuple(item for item in value.split(",") if item) if isinstance(value, str) else value


Line = Annotated[str, AfterValidator(harmless)]
"""A text of one line."""
Name = Annotated[str, Field(min_length=1), AfterValidator(harmless), AfterValidator(no_option)]
"""A name of something: a queue, a task, a host. Never empty, never an option."""
Names = Annotated[tuple[Name, ...], BeforeValidator(_items)]
"""Several names; as text they are separated by commas."""
Duration = Annotated[float, BeforeValidator(_seconds), Field(gt=0, le=86_400 * 31)]
"""A length of time in seconds; as text `30s`, `15m`, `4h`."""


def _shown(value: object) -> str:
    return MASK if isinstance(value, SecretStr) else clean(_revealed(value), MAX_LENGTH)


def _revealed(value: object) -> str:
    match value:
        case SecretStr():
            return value.get_secret_value()
        case tuple():
            return ",".join(map(str, value))
        case bool():
            return "true" if value else "false"
        case float() if value.is_integer():
            return str(int(value))
        case _:
            return str(value)
