"""From a Markdown file to a `Runbook`. Lenient: what is broken is a problem with its line, and the rest still opens.

Includes are only noted here; who knows all runbooks resolves them (`runbooks.reading.include`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import TYPE_CHECKING

from core.message import say
from core.text import clean, clean_block
from runbooks.model import Runbook, Severity
from runbooks.reading.blocks import unknown_key
from runbooks.reading.fields import Field, read_fields
from runbooks.reading.format import read_own
from runbooks.reading.ids import is_id, slug
from runbooks.reading.markdown import comments, parse
from runbooks.reading.plain import read_plain
from runbooks.reading.problem import Problem

if TYPE_CHECKING:
    from collections.abc import Mapping

    from markdown_it.tree import SyntaxTreeNode

    from runbooks.reading.format import Include

MOST_CHARACTERS = 500_000
"""A manual that is longer is none; reading it would take a second and more."""
LONGEST_LINE = 10_000
MOST_SIGNS = 20
KEYS = ("id", "title", "severity", "alerts", "panels")
_SEVERITIES: tuple[Severity, ...] = ("SEV1", "SEV2", "SEV3", "SEV4")
_SIGNS = re.compile(
    "[\x00-\x08\x0b-\x0c\x0e-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\U000e0000-\U000e007f]"
)
"""Control characters, and those that reorder or hide what is read (Unicode UAX #9)."""
_FRONT = re.compile(r"---[ \t]*\n(?P<yaml>.*?\n)??(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
_SIMPLE = re.compile(r"^(id|title|severity):[ \t]+([^\s\[{&*!|>'\"].*)$", re.MULTILINE)
_OPEN_FRONT = re.compile(r"---[ \t]*\n\w[\w-]*:")


@dataclass(frozen=True, slots=True)
class Parsed:
    """What was read, and what was wrong. `includes` are still to be put in."""

    runbook: Runbook
    problems: tuple[Problem, ...]
    includes: tuple[Include, ...] = ()
    lines: Mapping[str, int] = field(default_factory=dict)
    """Where the keys of the front matter stand."""


def read_runbook(text: str, file: str, language: str) -> Parsed:
    """Read the runbook in `text`; `file` is how it is called in problems. Never raises for what is in the text."""
    problems: list[Problem] = []
    if len(text) > MOST_CHARACTERS:
        problems.append(Problem(file, 1, say("runbook.too_large", limit=MOST_CHARACTERS // 1000)))
        text = ""
    text = _cleaned(text, file, problems)
    fields, body = _front_matter(text, file, problems)
    tree = parse(body)
    stem = slug(PurePath(file).stem) or "runbook"
    if "id" not in fields and not _speaks_our_format(tree):
        title = fields["title"].text if "title" in fields else ""
        return Parsed(read_plain(tree, title, stem, file, language), tuple(problems))
    return _own(tree, fields, stem, file, language=language, problems=problems)


def _own(
    tree: SyntaxTreeNode,
    fields: dict[str, Field],
    stem: str,
    file: str,
    *,
    language: str,
    problems: list[Problem],
) -> Parsed:
    for name, one in fields.items():
        if name not in KEYS:
            problems.append(Problem(file, one.line, unknown_key(name, KEYS)))
    identity = fields["id"].text if "id" in fields else ""
    if not identity:
        problems.append(Problem(file, 1, say("runbook.no_id", suggested=stem)))
    elif not is_id(identity):
        problems.append(Problem(file, fields["id"].line, say("runbook.bad_id", id=clean(identity, 80))))
    asked = fields["severity"].text if "severity" in fields else ""
    severity: Severity = next((one for one in _SEVERITIES if one == asked), "")
    if asked and not severity:
        known = ", ".join(_SEVERITIES)
        problems.append(
            Problem(
                file, fields["severity"].line, say("runbook.bad_severity", text=clean(asked, 80), known=known)
            )
        )
    body = read_own(tree, file, problems)
    title = fields["title"].text if "title" in fields else ""
    if not (title or body.title):
        problems.append(Problem(file, 1, say("runbook.no_title")))
    alerts, panels = (fields[name].texts if name in fields else () for name in ("alerts", "panels"))
    name = identity if is_id(identity) else slug(identity) or stem
    runbook = Runbook(
        name, clean(title or body.title or name, 200), language, file, severity, alerts, panels, body.intro, body.phases
    )  # fmt: skip
    lines = {key: one.line for key, one in fields.items()}
    return Parsed(runbook, tuple(sorted(problems, key=lambda one: one.line)), body.includes, lines)


def _cleaned(text: str, file: str, problems: list[Problem]) -> str:
    """Without anything that a terminal would obey, line by line as before; what was taken out is told."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    signs = 0
    for number, line in enumerate(lines, 1):
        if len(line) > LONGEST_LINE:
            problems.append(Problem(file, number, say("runbook.long_line", limit=LONGEST_LINE)))
            lines[number - 1] = line[:LONGEST_LINE]
        found = _SIGNS.search(line)
        if found and (signs := signs + 1) <= MOST_SIGNS:
            problems.append(Problem(file, number, say("runbook.sign", code=f"U+{ord(found[0]):04X}")))
    whole = "\n".join(lines)
    return clean_block(whole, len(whole) + 1)


def _front_matter(text: str, file: str, problems: list[Problem]) -> tuple[dict[str, Field], str]:
    """Its fields, and the text with blank lines in its place."""
    found = _FRONT.match(text)
    if found is None:
        if _OPEN_FRONT.match(text):
            problems.append(Problem(file, 1, say("runbook.open_front_matter")))
        return {}, text
    yaml = found["yaml"] or ""
    fields, wrong = read_fields(yaml, file, 2)
    problems += wrong
    if wrong and not fields:  # one broken line must not cost the runbook its name
        fields = {one[1]: Field(clean(one[2]), 1) for one in _SIMPLE.finditer(yaml)}
    return fields, "\n" * found[0].count("\n") + text[found.end() :]


def _speaks_our_format(tree: SyntaxTreeNode) -> bool:
    """Whether anything in the text is ours: an id, a pause, an include, a check or an action."""
    for node in tree.walk():
        if node.type == "fence" and node.info.strip() in ("check", "action"):
            return True
        if node.type in ("html_inline", "html_block") and any(
            re.match(r"(id|include):|pause$", text) for text, _ in comments(node.content)
        ):
            return True
    return False
