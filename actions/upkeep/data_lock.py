"""A file of data and the version that the service expects: read, fetched for another version, compared, written together.

What the source gives is believed only when it has the shape, the size and the likeness of what stands there now: a proxy's
error page, a list that was cut or another game's data is refused before anything is written.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from actions.env_file import value_of, with_value
from actions.errors import ActionRefused, BadParameter
from actions.service_restart import in_checkout
from core.files import read_bytes
from core.message import say
from core.text import clean

if TYPE_CHECKING:
    from pathlib import Path

    from actions.model import Context
    from actions.upkeep_settings import DataLockSettings, FieldType, VersionPlace

Item: TypeAlias = dict[str, "str | int | float | bool"]
MAX_FILE_BYTES = 32_000_000
OK = 200
_TYPES: dict[FieldType, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
}


@dataclass(frozen=True, slots=True)
class Data:
    """A version and its items."""

    version: str
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """What becomes of the items, by their ids."""

    added: int
    removed: int
    changed: int

    def share(self, before: int) -> float:
        """Of those that were there, so many are gone or another."""
        return (self.removed + self.changed) / before if before else 0.0


def checked_version(settings: DataLockSettings, version: str) -> str:
    """Raises `BadParameter` for what can't be one: it becomes part of an address."""
    if re.fullmatch(settings.allowed, version) is None:
        raise BadParameter(say("actions.parameter_wrong", name="version", detail=settings.allowed))
    return version


def read_data(settings: DataLockSettings, context: Context) -> Data:
    """The file as it is. Raises `ActionRefused` where it is none of its kind: then nobody knows what it would replace."""
    path = in_checkout(context, settings.data)
    try:
        document = json.loads(_read(path))
        version, items = document[settings.version_key], document[settings.items_key]
    except (ValueError, LookupError, TypeError, RecursionError):
        version, items = None, None
    if not isinstance(version, str) or not isinstance(items, list):
        raise ActionRefused(say("actions_upkeep.data_unreadable", file=clean(str(path), 200)))
    return Data(version, _items(settings, items, clean(str(path), 200)))


def fetch_data(settings: DataLockSettings, version: str, context: Context) -> tuple[Data, str]:
    """What the source has for this version, and its SHA-256. Raises a `SourceError` or `ActionRefused`."""
    source = settings.source.model_copy(update={"url": settings.source.url.replace("{version}", version)})
    server = context.http.at("data", source, settings.max_bytes)
    answer = server.send("GET", "")
    if answer.status != OK:
        raise ActionRefused(say("actions.bad_answer", server=server.place, detail=f"HTTP {answer.status}"))
    try:
        items: Any = json.loads(answer.body)
        for part in settings.source_items.split("."):
            items = items[part]
    except (ValueError, LookupError, TypeError, RecursionError):
        items = None
    if not isinstance(items, list):
        detail = f"no list at {settings.source_items}"
        raise ActionRefused(say("actions.bad_answer", server=server.place, detail=detail))
    return Data(version, _items(settings, items, server.place)), hashlib.sha256(answer.body).hexdigest()


def _items(settings: DataLockSettings, items: list[Any], where: str) -> tuple[Item, ...]:
    """The fields that are kept, of every item; raises `ActionRefused` that names the first that has another shape."""
    kept: dict[object, Item] = {}
    for number, item in enumerate(items):
        fields = item if isinstance(item, dict) else {}
        wrong = [name for name, kind in settings.fields.items() if not _is_a(fields.get(name), kind)]
        if wrong:
            raise ActionRefused(say("actions_upkeep.data_shape", where=where, number=number, field=wrong[0]))
        if fields[settings.id_field] in kept:
            detail = clean(str(fields[settings.id_field]), 80)
            raise ActionRefused(say("actions_upkeep.data_twice", where=where, id=detail))
        kept[fields[settings.id_field]] = {name: fields[name] for name in settings.fields}
    if len(kept) < settings.minimum:
        raise ActionRefused(
            say("actions_upkeep.data_short", where=where, count=len(kept), minimum=settings.minimum)
        )
    return tuple(kept.values())


def _is_a(value: object, kind: FieldType) -> bool:
    if isinstance(value, bool) and kind != "boolean":
        return False
    return isinstance(value, _TYPES[kind]) and value != ""


def compare(before: Data, after: Data, id_field: str) -> Difference:
    """By id."""
    old = {item[id_field]: item for item in before.items}
    new = {item[id_field]: item for item in after.items}
    return Difference(
        added=len(new.keys() - old.keys()),
        removed=len(old.keys() - new.keys()),
        changed=sum(old[key] != new[key] for key in old.keys() & new.keys()),
    )


def render(settings: DataLockSettings, data: Data) -> bytes:
    """As the service reads it."""
    document = {settings.version_key: data.version, settings.items_key: list(data.items)}
    return (json.dumps(document, ensure_ascii=False, indent=2) + "\n").encode()


def read_version(place: VersionPlace, context: Context) -> str:
    """What the service expects; raises `ActionRefused` where that can't be read from there."""
    path = in_checkout(context, place.path)
    text = _read(path)
    version = value_of(text, place.variable) if place.variable else _matched(place, text)
    if version is None:
        what = place.variable or place.pattern
        raise ActionRefused(
            say("actions_upkeep.no_version", file=clean(str(path), 200), what=clean(what, 120))
        )
    return clean(version, 40)


def with_version(place: VersionPlace, version: str, context: Context) -> bytes:
    """The file with this version in it, and nothing else changed."""
    text = _read(in_checkout(context, place.path))
    if place.variable:
        return with_value(text, place.variable, version).encode()
    match = re.search(place.pattern, text)
    if match is None:
        raise ActionRefused(say("actions_upkeep.no_version", file=str(place.path), what=place.pattern))
    return (text[: match.start(1)] + version + text[match.end(1) :]).encode()


def _matched(place: VersionPlace, text: str) -> str | None:
    """One place alone: with two nobody knows which is meant."""
    matches = re.findall(place.pattern, text)
    return matches[0] if len(matches) == 1 else None


def _read(path: Path) -> str:
    try:
        return read_bytes(path, MAX_FILE_BYTES).decode()
    except (OSError, UnicodeDecodeError) as error:
        detail = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise ActionRefused(
            say("actions_upkeep.unreadable", file=clean(str(path), 200), detail=detail or "?")
        ) from None
