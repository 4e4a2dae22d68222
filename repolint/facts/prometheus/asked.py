"""Which metrics are asked for, with labels and values: in manuals, in rules and in dashboards, each with its line."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal
from urllib.parse import unquote_plus

from repolint.facts.manual.document import documents, lines
from repolint.facts.metrics.exports import exports
from repolint.facts.prometheus.dashboards import dashboards, fill
from repolint.facts.prometheus.promql import Grouping, Matcher, groupings, named, tree
from repolint.facts.rule_files import in_text, rules

if TYPE_CHECKING:
    from collections.abc import Iterator

    from repolint.project import Code, Document, Project

Source = Literal["text", "rule", "dashboard"]


@dataclass(frozen=True, slots=True)
class Ask:
    """A metric that is named. `sure`: it surely is a metric, because an expression says so."""

    name: str
    matchers: tuple[Matcher, ...]
    file: str
    line: int
    source: Source
    sure: bool
    absent: bool = False


@dataclass(frozen=True, slots=True)
class GroupAsk:
    """A label that an expression groups by."""

    grouping: Grouping
    file: str
    line: int
    source: Source


@dataclass(frozen=True, slots=True)
class Block:
    """PromQL as it stands somewhere: `lines` are the source lines that it covers."""

    expr: str
    file: str
    line: int
    source: Source
    lines: tuple[str, ...] = ()

    def line_of(self, word: str) -> int:
        """The line that holds `word`."""
        whole = re.compile(rf"(?<![\w:]){re.escape(word)}(?![\w:])")
        return next(
            (self.line + number for number, text in enumerate(self.lines) if whole.search(text)), self.line
        )


def asks(project: Project) -> tuple[Ask, ...]:
    """Everything that is asked for, once per line."""
    questions: list[Ask] = []
    for block in project.fact(blocks):
        node = tree(block.expr)
        questions += [
            Ask(
                selector.name,
                selector.matchers,
                block.file,
                block.line_of(selector.name),
                block.source,
                True,
                selector.absent,
            )
            for selector in (named(node) if node is not None else ())
        ]
    seen = {(ask.file, ask.line, ask.name) for ask in questions}
    for document in project.fact(documents):
        made = proposed(document)
        questions = [ask for ask in questions if ask.file != document.file or ask.name not in made]
        for name, line in _bare_names(document, project):
            if (document.file, line, name) not in seen and name not in made:
                seen.add((document.file, line, name))
                questions.append(Ask(name, (), document.file, line, "text", sure=False))
    return tuple(dict.fromkeys(questions))


def group_asks(project: Project) -> tuple[GroupAsk, ...]:
    """Every `by (…)` label."""
    questions = [
        GroupAsk(grouping, block.file, block.line_of(grouping.label), block.source)
        for block in project.fact(blocks)
        if (node := tree(block.expr)) is not None
        for grouping in groupings(node)
    ]
    return tuple(dict.fromkeys(questions))


def blocks(project: Project) -> tuple[Block, ...]:
    """All PromQL of the repository's rules and dashboards, and of the manuals."""
    passages: list[Block] = []
    for rule in project.fact(rules):
        lines = tuple(project.text(rule.file).split("\n")[rule.expr_line - 1 : rule.expr_last])
        passages.append(Block(rule.expr, rule.file, rule.expr_line, "rule", lines))
    for board in project.fact(dashboards):
        passages += [
            Block(expression.text, board.file, expression.line, "dashboard")
            for expression in board.expressions
        ]
    for document in project.fact(documents):
        passages += _in_document(document)
    return tuple(passages)


_CALL = re.compile(
    r"\b(?:rate|irate|increase|delta|deriv|sum|avg|min|max|count|topk|bottomk|histogram_quantile|quantile|absent|\w+_over_time"
    r"|predict_linear|label_replace|resets|changes)\s*(?:by\s*\([^)]*\)\s*)?\("
)
_SELECTOR = re.compile(r"^[a-zA-Z_:][\w:]*\{[^{}]*\}(?:\s*\[\w+\])?(?:\s*(?:[<>]=?|==|!=)\s*[\d.]+)?$")
_QUERY = re.compile(r"query=(?:'([^']+)'|\"([^\"]+)\"|([^\s'\"&]+))")
_RULE_LINE = re.compile(r"^\s*-?\s*(alert|record)\s*:")
_YAML = ("yaml", "yml")


def proposed(document: Document) -> frozenset[str]:
    """The names that the document itself has somebody define: in a recording rule, in code, or as a page of metrics."""
    names: set[str] = set()
    for code in document.codes:
        if code.fence is not None:
            names.update(re.findall(r"^\s*-?\s*record\s*:\s*[\"']?([\w:]+)", code.text))
            names.update(re.findall(r"\(\s*(?:name\s*[=:]\s*)?[\"'](\w+)[\"']", code.text))
            names.update(re.findall(r"^\s*(?:name\s*[=:]\s*)?[\"'](\w+)[\"'],?\s*$", code.text))
            names.update(
                re.findall(
                    r"^\s*(?:# TYPE )?(\w+)(?:\{[^}]*\})?\s+(?:-?[\d.e+]+|counter|gauge|histogram|summary)\s*$",
                    code.text,
                )
            )
    return frozenset(names)


def document_blocks(document: Document) -> list[tuple[str, int, tuple[Code, ...]]]:
    """The fences: language, first line, lines."""
    passages: list[tuple[str, int, tuple[Code, ...]]] = []
    current: list[Code] = []
    for code in (*document.codes, None):
        if current and (
            code is None
            or code.fence is None
            or code.line != current[-1].line + 1
            or code.fence != current[0].fence
        ):
            passages.append((current[0].fence or "", current[0].line, tuple(current)))
            current = []
        if code is not None and code.fence is not None:
            current.append(code)
    return passages


def _in_document(document: Document) -> Iterator[Block]:
    for code in document.codes:
        if code.fence is None and (expr := _promql(code.text)):
            yield Block(expr, document.file, code.line, "text")
    for language, first, codes in document_blocks(document):
        texts = [code.text for code in codes]
        if language in _YAML or any(_RULE_LINE.match(text) for text in texts):
            yield from _rules_in(texts, first, document.file)
            continue
        whole = "\n".join(texts).strip()
        if language in ("promql", "prometheus") and tree(fill(whole)) is not None:
            yield Block(fill(whole), document.file, first, "text", tuple(texts))
            continue
        for number, text in enumerate(texts):
            yield from (
                Block(expr, document.file, first + number, "text") for expr in _in_line(text, language)
            )


def _in_line(text: str, language: str) -> Iterator[str]:
    """PromQL in one line of a fence: a query to the HTTP API, or the whole line."""
    for query in _QUERY.finditer(text):
        expr = fill(unquote_plus(next(filter(None, query.groups()))))
        if (node := tree(expr)) is not None and named(node):
            yield expr
    plain = text.split(" #", maxsplit=1)[0].strip()
    if language in ("promql", "prometheus"):
        if plain and tree(fill(plain)) is not None:
            yield fill(plain)
    elif language in ("", "text") and (expr := _promql(plain)):
        yield expr


def _rules_in(texts: list[str], first: int, file: str) -> Iterator[Block]:
    for rule in in_text("\n".join(texts), file, first - 1):
        lines = tuple(texts[rule.expr_line - first : rule.expr_last - first + 1])
        yield Block(rule.expr, file, rule.expr_line, "text", lines)


def _promql(text: str) -> str:
    """The expression, where a piece of code can be nothing but PromQL; else ''."""
    expr = fill(text.strip())
    if not (_CALL.search(expr) or _SELECTOR.match(expr)):
        return ""
    node = tree(expr)
    if node is None:
        return ""
    names = named(node)
    looks = any("_" in selector.name or ":" in selector.name for selector in names)
    marked = "[" in expr or "{" in expr or " by " in expr or "(le" in expr or bool(re.search(r"\d\s*,", expr))
    return expr if looks and marked else ""


ENDING = re.compile(
    r"_(total|seconds|bucket|bytes|ratio|milliseconds|ms|info|created)(_bucket|_sum|_count)?$"
)
"""How a metric's name ends by convention; elsewhere only a sentence about metrics makes it one."""
_CONTEXT = re.compile(
    r"metric|prometheus|promql|gauge|counter|histogram|alert|指标|告警|监控|监控项|队列|metrik|métrique|métrica|метрик|メトリク",
    re.IGNORECASE,
)


_MISTAKEN = re.compile(
    r"\b(?:mistakes?|typos?|misspel\w+|instead of|rather than|not to be confused|wrong(?:ly)?)\b|误写|写错|拼错|而不是|不要写",
    re.IGNORECASE,
)
"""A line that names a wrong name on purpose, mostly beside the right one."""


def _bare_names(document: Document, project: Project) -> Iterator[tuple[str, int]]:
    """Names in a manual that stand alone and begin as the repository's metrics do."""
    read = project.fact(exports)
    if not read.prefixes:
        return
    words = "|".join(map(re.escape, sorted(read.prefixes)))
    token = re.compile(rf"(?<![\w$/.:\-])((?:{words})_[a-zA-Z0-9_]*[a-zA-Z0-9])(?![\w*/.\-]|\{{[^}}=]*\}})")
    by_line = {prose.line: prose for prose in lines(document)}
    for prose in document.prose:
        outside = re.sub(r"`[^`]*`", "", prose.text)
        if not _MISTAKEN.search(prose.text):
            yield from (
                (match[1], prose.line) for match in token.finditer(outside) if ENDING.search(match[1])
            )
    for code in document.codes:
        if _MISTAKEN.search(by_line[code.line].text if code.line in by_line else code.text):
            continue
        if code.fence is None:
            whole = token.fullmatch(re.sub(r"\{[^}]*\}$", "", code.text.strip()))
            around = by_line.get(code.line)
            context = around is not None and _CONTEXT.search(f"{around.heading} {around.text}")
            if whole and (ENDING.search(whole[1]) or context):
                yield whole[1], code.line
        elif code.fence in ("sh", "promql") and "grep" not in code.text:
            yield from (
                (match[1], code.line) for match in token.finditer(code.text) if ENDING.search(match[1])
            )
