"""A TOML file and a section's model: every mistake in the file, with its line, which neither `tomllib` nor pydantic knows."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from pydantic import ValidationError

from core.errors import ConfigError
from core.files import read_text
from core.invalid import invalid
from core.message import Message, say
from core.settings import AS_WRITTEN, Section
from core.text import clean

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

    from pydantic_core import ErrorDetails

Location: TypeAlias = "tuple[str | int, ...]"
M = TypeVar("M", bound=Section)
MAX_DEPTH, TOO_DEEP = 30, "nested too deeply"
MAX_BYTES = 1_000_000
"""No configuration is longer, and no line of one keeps the program for more than a moment."""
_LONG_KEY = re.compile(r"""(?<![\w."'-])(?:(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+){100}""")
"""A dotted key of so many parts; `tomllib` takes the square of their number (28 s of CPU for 100 KB)."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong in a file; `what` never holds a value from it."""

    file: Path
    line: int
    key: str
    what: Message

    def message(self) -> Message:
        """Say `file:line: key: what`."""
        return say(
            "config.problem",
            file=clean(str(self.file)),
            line=self.line,
            key=clean(self.key) or "-",
            what=self.what,
        )


@dataclass(frozen=True, slots=True)
class TomlFile:
    """What stands in the file, and on which line each key does."""

    path: Path
    values: dict[str, object]
    lines: Mapping[Location, int] = field(repr=False)

    def problem(self, at: Location, what: Message) -> Problem:
        """Something is wrong with what stands at `at`."""
        return Problem(self.path, nearest_line(at, self.lines), ".".join(map(str, at)), what)


def parse_toml(text: str) -> dict[str, object]:
    """A foreign TOML text in linear time; raises `ValueError` where it is none or is nested too deeply."""
    if _LONG_KEY.search(text):
        raise ValueError(TOO_DEEP)
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise ValueError(TOO_DEEP) from None


def read_toml(path: Path) -> TomlFile | Problem:
    """The file, or why it is no TOML; raises `ConfigError` if it can't be read."""
    try:
        text = read_text(path, MAX_BYTES)
    except (OSError, UnicodeDecodeError) as error:
        detail = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise ConfigError(say("config.unreadable", file=clean(str(path)), detail=detail or "?")) from None
    try:
        values = parse_toml(text)
    except ValueError as error:  # `TOMLDecodeError`, and a number of more digits than Python reads
        return _syntax_problem(path, str(error))
    if _is_deep(values):
        return _syntax_problem(path, TOO_DEEP)
    return TomlFile(path, values, key_lines(text))


def validate(model: type[M], file: TomlFile, values: object = None) -> tuple[M | None, tuple[Problem, ...]]:
    """`values` (without them the file's own) as `model`, or everything that is wrong with them."""
    try:
        return model.model_validate(file.values if values is None else values, context=AS_WRITTEN), ()
    except ValidationError as error:
        return None, tuple(
            file.problem(each["loc"], explain(model, each))
            for each in error.errors(include_url=False, include_input=False)
        )


def refuse(problems: Sequence[Problem]) -> ConfigError:
    """The error that names the first problem, and how many there are."""
    first = problems[0].message()
    if len(problems) == 1:
        return ConfigError(first)
    return ConfigError(say("config.and_more", first=first, count=len(problems) - 1))


def no_such(asked: str, known: Collection[str]) -> Message:
    """A name that names nothing; the file's own words are not repeated."""
    near = get_close_matches(asked, known, n=1)
    if near:
        return say("config.no_such_near", name=near[0])
    return say("config.no_such", known=", ".join(known) or "-")


def _is_deep(values: object) -> bool:
    """Whether anything stands deeper than every reader of it can go down."""
    level = [values]
    for _ in range(MAX_DEPTH):
        level = [
            inner
            for value in level
            for inner in (
                value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
            )
        ]
    return bool(level)


def _syntax_problem(path: Path, detail: str) -> Problem:
    match = re.search(r"\(at line (\d+), column (\d+)\)", detail)
    line = int(match[1]) if match else 1
    # The detail may quote a character of the file, never a whole value.
    return Problem(
        path, line, "", say("config.syntax", detail=clean(detail.split(" (at ", maxsplit=1)[0], 80))
    )


def explain(model: type[Section], detail: ErrorDetails) -> Message:
    """What is wrong there; of a key that nobody knows, which is near."""
    at = detail["loc"]
    if detail["type"] != "extra_forbidden":
        return invalid(detail)
    known = _known_keys(model, at[:-1])
    near = get_close_matches(str(at[-1]), known, n=1)
    if near:
        return say("config.unknown_near", name=near[0])
    return say("config.unknown", known=", ".join(sorted(known)))


def _known_keys(model: type[Section], at: Location) -> list[str]:
    """The keys of the section at `at`, from the JSON Schema."""
    schema: dict[str, object] = model.model_json_schema()
    node = schema
    for part in at:
        node = _inside(node, schema, part)
    properties = node.get("properties")
    return list(properties) if isinstance(properties, dict) else []


def _inside(node: dict[str, object], schema: dict[str, object], part: str | int) -> dict[str, object]:
    properties = node.get("properties")
    following = node.get("items") if isinstance(part, int) else None
    if isinstance(properties, dict):
        following = properties.get(part)
    if not isinstance(following, dict):
        return {}
    choices = [following, *(following.get("anyOf") or [])]
    reference = next((choice["$ref"] for choice in choices if "$ref" in choice), None)
    if reference is None:
        return following
    definitions = schema["$defs"]
    target = definitions.get(reference.rsplit("/", 1)[-1]) if isinstance(definitions, dict) else None
    return target if isinstance(target, dict) else {}


_TABLE = re.compile(r"\s*(\[\[?)\s*([^\[\]#]+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(
    r"""\s*((?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*'))*)\s*="""
)
_PART = re.compile(r"""[A-Za-z0-9_-]+|"[^"]*"|'[^']*'""")


def key_lines(text: str) -> dict[Location, int]:
    """Line (from 1) of every table and of every key that begins a line; arrays of tables count from 0."""
    lines: dict[Location, int] = {(): 1}
    counts: dict[Location, int] = {}
    table: Location = ()
    block = ""  # the quotes of the multi-line string that we are in
    for number, line in enumerate(text.splitlines(), start=1):
        if block:
            block = "" if line.count(block) % 2 else block
            continue
        if match := _TABLE.match(line):
            table = _resolve(_parts(match[2]), counts)
            if match[1] == "[[":
                counts[table] = counts.get(table, -1) + 1
                lines.setdefault(table, number)
                table = (*table, counts[table])
            lines.setdefault(table, number)
        elif match := _KEY.match(line):
            lines.setdefault((*table, *_parts(match[1])), number)
        block = next((quotes for quotes in ('"""', "'''") if line.count(quotes) % 2), "")
    return lines


def nearest_line(location: Location, lines: Mapping[Location, int]) -> int:
    """The line of `location`, else of the nearest thing around it."""
    while location not in lines:
        location = location[:-1]
    return lines[location]


def _parts(dotted: str) -> Location:
    return tuple(part.strip("\"'") for part in _PART.findall(dotted))


def _resolve(parts: Location, counts: dict[Location, int]) -> Location:
    """Put the index of the newest element behind every array of tables on the way."""
    location: Location = ()
    for index, part in enumerate(parts):
        location = (*location, part)
        if location in counts and index < len(parts) - 1:
            location = (*location, counts[location])
    return location
