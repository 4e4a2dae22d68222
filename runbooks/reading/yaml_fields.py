"""The YAML of front matter and blocks: a flat mapping of texts as written, each with its line.

Nothing is guessed from a text's look (`no` stays `no`), and aliases, which can make a small file huge, are refused.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import yaml

from core.message import say
from core.text import clean
from runbooks.model import Problem
from runbooks.reading.fields import MAX_CHARACTERS, Field, cleaned

if TYPE_CHECKING:
    from core.message import Message
    from runbooks.reading.fields import Value


class _RefusedError(Exception):
    """The YAML as a whole can't be used; `line` counts from 0."""

    def __init__(self, line: int, rule: str, message: Message) -> None:
        super().__init__()
        self.line, self.rule, self.message = line, rule, message


class _NoAliases(yaml.SafeLoader):
    """Refuses `*name`."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            event = self.peek_event()  # type: ignore[no-untyped-call]  # the stubs give it no types
            raise _RefusedError(event.start_mark.line, "yaml-alias", say("runbook.yaml_alias"))
        node: yaml.Node | None = super().compose_node(parent, index)
        return node


_LOOKS_LIKE_YAML = re.compile(r"^(\w[\w-]*:[ \t]+(?=[<>=!%])|title:[ \t]+(?=[^\s'\"]))(.*)$", re.MULTILINE)
"""`expect: > 5`, `expect: != 0` and `title: A: b` mean something else in YAML; here they mean what they say."""


def read_fields(text: str, file: str, first_line: int) -> tuple[dict[str, Field], tuple[Problem, ...]]:
    """The fields of `text`, whose first line is line `first_line` of the file, and what is wrong in it."""
    problems: list[Problem] = []
    fields: dict[str, Field] = {}
    try:
        pairs = _compose(text)
    except _RefusedError as refused:
        return {}, (Problem(file, first_line + refused.line, refused.rule, refused.message),)
    for key, value in pairs:
        name, line = clean(str(key.value), 80), first_line + key.start_mark.line
        if name in fields:
            problems.append(Problem(file, line, "yaml-twice", say("runbook.yaml_twice", key=name)))
        elif (plain := _plain(value)) is None:
            problems.append(Problem(file, line, "yaml-nested", say("runbook.yaml_nested", key=name)))
        else:
            fields[name] = Field(cleaned(plain), line)
    return fields, tuple(problems)


def _compose(text: str) -> list[tuple[yaml.Node, yaml.Node]]:
    """Keys and values of the mapping; raises `_RefusedError`."""
    if len(text) > MAX_CHARACTERS:
        raise _RefusedError(0, "yaml-too-large", say("runbook.yaml_too_large", limit=MAX_CHARACTERS))
    quoted = _LOOKS_LIKE_YAML.sub(lambda match: f"{match[1]}'{_escaped(match[2])}'", text)
    try:
        node = yaml.compose(quoted, Loader=_NoAliases)
    except yaml.YAMLError as error:
        line, detail = _position(error)
        message = say("runbook.yaml_broken", detail=clean(detail, 120))
        raise _RefusedError(line, "yaml-broken", message) from error
    except RecursionError as error:
        raise _RefusedError(0, "yaml-too-deep", say("runbook.yaml_too_deep")) from error
    if node is None:
        return []
    if not isinstance(node, yaml.MappingNode):
        raise _RefusedError(node.start_mark.line, "yaml-no-mapping", say("runbook.yaml_no_mapping"))
    pairs: list[tuple[yaml.Node, yaml.Node]] = node.value
    return pairs


def _escaped(text: str) -> str:
    return text.rstrip().replace("'", "''")


def _plain(node: yaml.Node) -> Value | None:
    """None for what is nested deeper than a list or mapping of texts."""
    if isinstance(node, yaml.ScalarNode):
        return str(node.value)
    if isinstance(node, yaml.SequenceNode):
        if not all(isinstance(item, yaml.ScalarNode) for item in node.value):
            return None
        return tuple(item.value for item in node.value)
    pairs: list[tuple[yaml.Node, yaml.Node]] = node.value
    if not all(isinstance(item, yaml.ScalarNode) for pair in pairs for item in pair):
        return None
    return tuple(f"{name.value}: {value.value}" for name, value in pairs)


def _position(error: yaml.YAMLError) -> tuple[int, str]:
    """Line (from 0) and cause, as far as the parser says them."""
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark:
        return error.problem_mark.line, error.problem or "?"
    return 0, str(error).splitlines()[0] if str(error) else "?"
