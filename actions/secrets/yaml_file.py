"""Scalars of a YAML file, changed where they stand: comments, order, anchors and everything else stay byte for byte."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import yaml

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_PLAIN = re.compile(r"[A-Za-z0-9_./][A-Za-z0-9_./:@%+=-]*\Z")
_PROPERTIES = re.compile(r"(?:[&!]\S*[ \t]+)*")
"""The anchor and the tag that may stand before a value."""
MAX_DEPTH = 100


class YamlError(Exception):
    """The text is no YAML, or not YAML that can be changed; the words name a place and hold no value."""


def values_at(text: str, path: str) -> list[str]:
    """The scalars at `path` (`receivers.*.webhook_configs.*.url`, where `*` is any key or item), in order."""
    return [str(node.value) for node in _at(text, path)]


def with_values(text: str, path: str, change: Callable[[str], str]) -> str:
    """The text with each scalar at `path` changed; raises `YamlError` where more than that would be."""
    nodes = _at(text, path)
    changed = text
    for node in sorted(nodes, key=lambda node: node.start_mark.index, reverse=True):
        start, end = node.start_mark.index, node.end_mark.index
        raw = text[start:end]
        properties = _PROPERTIES.match(raw)
        kept = (properties[0] if properties else "") if raw else " "  # `key:` with nothing behind it
        tail = raw[len(raw.rstrip()) :]  # a block scalar's own line end, and blank lines behind it
        changed = changed[:start] + kept + _quoted(change(str(node.value)), node.style) + tail + changed[end:]
    expected = [
        (where, change(value) if any(node.start_mark.index == at for node in nodes) else value)
        for where, value, at in _flat(text)
    ]
    if [(where, value) for where, value, _ in _flat(changed)] != expected:
        raise YamlError("a value that stands there can't be replaced by itself")
    return changed


def is_alertmanager(text: str) -> bool:
    """Whether it has the two sections that every configuration of Alertmanager has."""
    keys = {where[0] for where, _, _ in _flat(text) if where}
    return {"route", "receivers"} <= keys


def _at(text: str, path: str) -> list[yaml.ScalarNode]:
    wanted = path.split(".")
    nodes: dict[int, yaml.ScalarNode] = {}
    for document in _documents(text):
        for node in _walk(document, wanted):
            nodes[node.start_mark.index] = node  # an alias is the node that it names
    return list(nodes.values())


def _walk(node: yaml.Node, path: list[str]) -> Iterator[yaml.ScalarNode]:
    if not path:
        if isinstance(node, yaml.ScalarNode):
            yield node
        return
    first, *rest = path
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if first in ("*", key.value):
                yield from _walk(value, rest)
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            if first in ("*", str(index)):
                yield from _walk(item, rest)


def _documents(text: str) -> list[yaml.Node]:
    try:
        return list(yaml.compose_all(text, yaml.SafeLoader))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        raise YamlError(f"no YAML, line {mark.line + 1}" if mark else "no YAML") from None


def _flat(text: str) -> list[tuple[tuple[str, ...], str, int]]:
    """Path, value and place of every scalar."""
    flat: list[tuple[tuple[str, ...], str, int]] = []

    def visit(node: yaml.Node, where: tuple[str, ...]) -> None:
        if len(where) > MAX_DEPTH:
            raise YamlError("nested too deeply")
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                visit(value, (*where, str(key.value)))
        elif isinstance(node, yaml.SequenceNode):
            for index, item in enumerate(node.value):
                visit(item, (*where, str(index)))
        else:
            flat.append((where, str(node.value), node.start_mark.index))

    for number, document in enumerate(_documents(text)):
        visit(document, () if number == 0 else (str(number),))
    return flat


def _quoted(value: str, style: str | None) -> str:
    if style is None and _PLAIN.match(value) and _is_text(value):
        return value
    if style == '"' or not value.isprintable():
        return json.dumps(value, ensure_ascii=False)
    doubled = value.replace("'", "''")
    return f"'{doubled}'"


def _is_text(value: str) -> bool:
    """Whether it is read as the same text without quotes, and not as a number, a date or a truth."""
    try:
        return bool(yaml.safe_load(value) == value)
    except (yaml.YAMLError, ValueError):
        return False
