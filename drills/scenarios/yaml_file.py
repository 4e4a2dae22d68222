"""A scenario's YAML as texts, each with its line.

Nothing is guessed from a text's look (`no` stays `no`, `0123` stays `0123`): the model says what is a number. Aliases, which can
make a small file huge, tags, keys that stand twice and deep nests are refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import yaml

from core.message import say
from core.text import clean, clean_block

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.message import Message
    from core.toml_file import Location

MAX_BYTES, MAX_DEPTH, MAX_NODES = 200_000, 12, 10_000
"""A scenario that is longer, deeper or of more parts is none."""
Tree: TypeAlias = "str | list[Tree] | dict[str, Tree]"

_EXPECTED = re.compile(r"^([ \t]*(?:-[ \t]+)?expect:[ \t]+(?=[<>=!%]))(.*)$", re.MULTILINE)
"""`expect: > 5` and `expect: != 0` mean something else in YAML; here they mean what they say, as in a runbook."""


class BrokenYaml(Exception):
    """The text is no scenario's YAML; `line` counts from 1."""

    def __init__(self, line: int, rule: str, message: Message) -> None:
        super().__init__(rule, line)
        self.line, self.rule, self.message = line, rule, message


@dataclass(frozen=True, slots=True)
class YamlFile:
    """What stands in a file, and on which line each key and each part of a list does."""

    values: Mapping[str, Tree]
    lines: Mapping[Location, int]


def read_yaml(text: str) -> YamlFile:
    """Raises `BrokenYaml`."""
    quoted = _EXPECTED.sub(lambda match: f"{match[1]}'{_escaped(match[2])}'", text)
    try:
        node = yaml.compose(quoted, Loader=_Bounded)
    except yaml.YAMLError as error:
        line, detail = _position(error)
        raise BrokenYaml(
            line, "yaml-broken", say("scenarios.yaml_broken", detail=clean(detail, 120))
        ) from error
    except RecursionError as error:  # the scanner's own, before a node is there
        raise BrokenYaml(1, "yaml-too-deep", say("scenarios.yaml_too_deep", limit=MAX_DEPTH)) from error
    if not isinstance(node, yaml.MappingNode):
        raise BrokenYaml(1, "yaml-no-mapping", say("scenarios.yaml_no_mapping"))
    lines: dict[Location, int] = {(): 1}
    values = _tree(node, (), lines)
    return YamlFile(values if isinstance(values, dict) else {}, lines)


class _Bounded(yaml.SafeLoader):
    """Refuses `*name`, and what is too large or too deep before it is built."""

    depth = 0
    nodes = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]  # the stubs give it no types
        line = event.start_mark.line + 1
        if isinstance(event, yaml.AliasEvent):
            raise BrokenYaml(line, "yaml-alias", say("scenarios.yaml_alias"))
        tag = getattr(event, "tag", None)
        if tag is not None:
            raise BrokenYaml(line, "yaml-tag", say("scenarios.yaml_tag", tag=clean(str(tag), 40)))
        self.nodes += 1
        self.depth += 1
        if self.nodes > MAX_NODES:
            raise BrokenYaml(line, "yaml-too-large", say("scenarios.yaml_many", limit=MAX_NODES))
        if self.depth > MAX_DEPTH:
            raise BrokenYaml(line, "yaml-too-deep", say("scenarios.yaml_too_deep", limit=MAX_DEPTH))
        node: yaml.Node | None = super().compose_node(parent, index)
        self.depth -= 1
        return node


def _tree(node: yaml.Node, at: Location, lines: dict[Location, int]) -> Tree:
    lines.setdefault(at, node.start_mark.line + 1)
    if isinstance(node, yaml.SequenceNode):
        return [_tree(item, (*at, index), lines) for index, item in enumerate(node.value)]
    if not isinstance(node, yaml.MappingNode):
        return clean_block(str(node.value)).strip()
    tree: dict[str, Tree] = {}
    for key, value in node.value:
        line = key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarNode):
            raise BrokenYaml(line, "yaml-no-mapping", say("scenarios.yaml_no_mapping"))
        name = clean(str(key.value), 80)
        if name in tree:
            raise BrokenYaml(line, "yaml-twice", say("scenarios.yaml_twice", key=name))
        lines[*at, name] = line
        tree[name] = _tree(value, (*at, name), lines)
    return tree


def _escaped(text: str) -> str:
    return text.rstrip().replace("'", "''")


def _position(error: yaml.YAMLError) -> tuple[int, str]:
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark:
        return error.problem_mark.line + 1, error.problem or "?"
    return 1, str(error).splitlines()[0] if str(error) else "?"
