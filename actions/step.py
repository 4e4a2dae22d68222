"""One thing that a plan will do, and texts in a form that a file can hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

from pydantic import PlainSerializer, PlainValidator

from core.message import Message

StepKind: TypeAlias = Literal["process", "shell", "sql", "control", "redis", "http", "file"]


def message_to_json(message: Message) -> dict[str, object]:
    """A message as a file can hold it."""
    values = {
        name: message_to_json(value) if isinstance(value, Message) else value
        for name, value in message.values.items()
    }
    return {"key": message.key, "values": values}


def message_from_json(value: object) -> Message:
    """The inverse of `message_to_json`; raises `ValueError`."""
    if isinstance(value, Message):
        return value
    if not isinstance(value, dict) or not isinstance(value.get("key"), str):
        raise ValueError("no message")  # noqa: TRY004  # pydantic wants a ValueError
    values = {
        str(name): message_from_json(item)
        if isinstance(item, dict)
        else item
        if isinstance(item, int | float)
        else str(item)
        for name, item in dict(value.get("values") or {}).items()
    }
    return Message(value["key"], values)


if TYPE_CHECKING:
    Text: TypeAlias = Message
else:  # for pydantic, which can't read the annotations of `Message` itself
    Text = Annotated[Any, PlainValidator(message_from_json), PlainSerializer(message_to_json)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that will be done, exactly as it is done.

    `text` is the SQL, the control message, the Redis command, the request or the path; of a process its `argv`, run without
    a shell in `cwd` with `environment` beside the few variables that every process gets; of `shell` a runbook's own block,
    run there likewise. Secrets are masked in all of it.
    """

    kind: StepKind
    text: str = ""
    argv: tuple[str, ...] = ()
    cwd: str = ""
    environment: tuple[tuple[str, str], ...] = ()
    title: Text | None = None
