"""The YAML of front matter and blocks: a flat mapping of texts as written, each with its line.

Nothing is guessed from a text's look (`no` stays `no`), and aliases, which can make a small file huge, are refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import yaml

from core.message import say
from core.text import clean, clean_block
from runbooks.reading.problem import Problem

if TYPE_CHECKING:
    from core.message import Message

MOST_CHARACTERS = 20_000
Value: TypeAlias = "str | tuple[str, ...]"


@dataclass(frozen=True, slots=True)
class Field:
    """One key's value: a text, or several (a list, or a mapping as `name: value`)."""

    value: Value
    line: int

    @property
    def text(self) -> str:
        """As one text."""
        return self.value if isinstance(self.value, str) else ", ".join(self.value)

    @property
    def texts(self) -> tuple[str, ...]:
        """As several; a single text is split at its commas."""
        if isinstance(self.value, str):
            return tuple(part for one in self.value.split(",") if (part := one.strip()))
        return self.value


class _NoAliases(yaml.SafeLoader):
    """Refuses `*name`."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            event = self.peek_event()  # type: ignore[no-untyped-call]  # the stubs give it no types
            raise yaml.YAMLError(_Broken(say("runbook.yaml_alias"), event.start_mark.line))
        node: yaml.Node | None = super().compose_node(parent, index)
        return node


@dataclass(frozen=True, slots=True)
class _Broken:
    message: Message
    line: int


_LOOKS_LIKE_YAML = re.compile(r"^(\w[\w-]*:[ \t]+(?=[<>=!%])|title:[ \t]+(?=[^\s'\"]))(.*)$", re.MULTILINE)
"""`expect: > 5`, `expect: != 0` and `title: A: b` mean something else in YAML; here they mean what they say."""


def read_fields(text: str, file: str, first_line: int) -> tuple[dict[str, Field], tuple[Problem, ...]]:
    """The fields of `text`, whose first line is line `first_line` of the file, and what is wrong in it."""
    problems: list[Problem] = []

    def complain(line: int, message: Message) -> None:
        problems.append(Problem(file, first_line + line, message))

    if len(text) > MOST_CHARACTERS:
        complain(0, say("runbook.yaml_too_large", limit=MOST_CHARACTERS))
        return {}, tuple(problems)
    quoted = _LOOKS_LIKE_YAML.sub(lambda found: f"{found[1]}'{_escaped(found[2])}'", text)
    try:
        node = yaml.compose(quoted, Loader=_NoAliases)
    except yaml.YAMLError as error:
        complain(*_said(error))
        return {}, tuple(problems)
    except RecursionError:
        complain(0, say("runbook.yaml_too_deep"))
        return {}, tuple(problems)
    if node is None:
        return {}, ()
    if not isinstance(node, yaml.MappingNode):
        complain(node.start_mark.line, say("runbook.yaml_no_mapping"))
        return {}, tuple(problems)
    fields: dict[str, Field] = {}
    for key, value in node.value:
        name, line = clean(str(key.value), 80), key.start_mark.line
        if name in fields:
            complain(line, say("runbook.yaml_twice", key=name))
        elif (plain := _plain(value)) is None:
            complain(line, say("runbook.yaml_nested", key=name))
        else:
            fields[name] = Field(plain, first_line + line)
    return fields, tuple(problems)


def _escaped(text: str) -> str:
    return text.rstrip().replace("'", "''")


def _plain(node: yaml.Node) -> Value | None:
    """None for what is nested deeper than a list or mapping of texts."""
    if isinstance(node, yaml.ScalarNode):
        return clean_block(node.value).strip()
    if isinstance(node, yaml.SequenceNode):
        if not all(isinstance(one, yaml.ScalarNode) for one in node.value):
            return None
        return tuple(clean(one.value) for one in node.value)
    pairs: list[tuple[yaml.Node, yaml.Node]] = node.value
    if not all(isinstance(one, yaml.ScalarNode) for pair in pairs for one in pair):
        return None
    return tuple(clean(f"{name.value}: {one.value}") for name, one in pairs)


def _said(error: yaml.YAMLError) -> tuple[int, Message]:
    inside = error.args[0] if error.args else None
    if isinstance(inside, _Broken):
        return inside.line, inside.message
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark:
        return error.problem_mark.line, say("runbook.yaml_broken", detail=clean(error.problem or "?", 120))
    return 0, say("runbook.yaml_broken", detail=clean(str(error).splitlines()[0] if str(error) else "?", 120))
