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
from runbooks.model import Problem, Runbook, Severity
from runbooks.reading.fields import Field, unknown_key
from runbooks.reading.format import read_body
from runbooks.reading.ids import is_id, slug
from runbooks.reading.markdown import MAX_BRACKETS, comments, parsed, within_budget
from runbooks.reading.plain import read_plain
from runbooks.reading.yaml_fields import read_fields

if TYPE_CHECKING:
    from collections.abc import Mapping

    from markdown_it.tree import SyntaxTreeNode

    from runbooks.reading.format import Include

MAX_CHARACTERS = 500_000
"""A manual that is longer is none; reading it would take a second and more."""
MAX_LINE = 10_000
MAX_SIGNS = 20
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
    if len(text) > MAX_CHARACTERS:
        problems.append(Problem(file, 1, "too-large", say("runbook.too_large", limit=MAX_CHARACTERS // 1000)))
        text = ""
    text, cut = within_budget(_cleaned(text, file, problems))
    if cut:
        message = say("runbook.too_many_brackets", limit=MAX_BRACKETS, line=cut)
        problems.append(Problem(file, cut, "too-many-brackets", message))
    fields, body = _front_matter(text, file, problems)
    stem = slug(PurePath(file).stem) or "runbook"
    with parsed(body) as tree:
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
    problems += [unknown_key(file, key.line, name, KEYS) for name, key in fields.items() if name not in KEYS]
    identity = fields["id"].text if "id" in fields else ""
    if not identity:
        problems.append(Problem(file, 1, "no-id", say("runbook.no_id", suggested=stem)))
    elif not is_id(identity):
        problems.append(
            Problem(file, fields["id"].line, "bad-id", say("runbook.bad_id", id=clean(identity, 80)))
        )
    written = fields["severity"].text if "severity" in fields else ""
    severity: Severity = next((known for known in _SEVERITIES if known == written), "")
    if written and not severity:
        known = ", ".join(_SEVERITIES)
        problems.append(
            Problem(
                file,
                fields["severity"].line,
                "bad-severity",
                say("runbook.bad_severity", text=clean(written, 80), known=known),
            )
        )
    body = read_body(tree, file, problems)
    title = fields["title"].text if "title" in fields else ""
    if not (title or body.title):
        problems.append(Problem(file, 1, "no-title", say("runbook.no_title")))
    alerts, panels = (fields[name].texts if name in fields else () for name in ("alerts", "panels"))
    name = identity if is_id(identity) else slug(identity) or stem
    runbook = Runbook(
        id=name,
        title=clean(title or body.title or name, 200),
        language=language,
        file=file,
        severity=severity,
        alerts=alerts,
        panels=panels,
        intro=body.intro,
        phases=body.phases,
    )
    lines = {name: key.line for name, key in fields.items()}
    return Parsed(runbook, tuple(sorted(problems, key=lambda problem: problem.line)), body.includes, lines)


def _cleaned(text: str, file: str, problems: list[Problem]) -> str:
    """Without anything that a terminal would obey, line by line as before; what was taken out is told."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    signs = 0
    for number, line in enumerate(lines, 1):
        if len(line) > MAX_LINE:
            problems.append(Problem(file, number, "long-line", say("runbook.long_line", limit=MAX_LINE)))
            lines[number - 1] = line[:MAX_LINE]
        sign = _SIGNS.search(line)
        if sign and (signs := signs + 1) <= MAX_SIGNS:
            problems.append(Problem(file, number, "sign", say("runbook.sign", code=f"U+{ord(sign[0]):04X}")))
    whole = "\n".join(lines)
    return clean_block(whole, len(whole) + 1)


def _front_matter(text: str, file: str, problems: list[Problem]) -> tuple[dict[str, Field], str]:
    """Its fields, and the text with blank lines in its place."""
    front = _FRONT.match(text)
    if front is None:
        if _OPEN_FRONT.match(text):
            problems.append(Problem(file, 1, "open-front-matter", say("runbook.open_front_matter")))
        return {}, text
    yaml = front["yaml"] or ""
    fields, yaml_problems = read_fields(yaml, file, 2)
    problems += yaml_problems
    if yaml_problems and not fields:  # one broken line must not cost the runbook its name
        fields = {match[1]: Field(clean(match[2]), 1) for match in _SIMPLE.finditer(yaml)}
    return fields, "\n" * front[0].count("\n") + text[front.end() :]


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
