"""Reads a Markdown manual into lines that rules can judge, each with the line number that an editor shows.

A line of a fence is `sh` where somebody is to type it, `output` where it is what the terminal answers, `heredoc` where it
is fed to a command, else it keeps the fence's own language. What nobody sees on a forge is left out (front matter) or apart
(comments).
"""

from __future__ import annotations

import bisect
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple

from core.text import clean_block
from repolint.project import Code, Comment, Document, Prose
from runbooks.reading.markdown import within_budget

if TYPE_CHECKING:
    from collections.abc import Iterator

    from markdown_it.token import Token

    from repolint.project import Project

MAX_CHARACTERS: Final = 2_000_000
SHELLS: Final = frozenset(
    ["sh", "bash", "shell", "zsh", "console", "terminal", "shell-session", "shellsession", "sh-session"]
)
PROGRAMS: Final = frozenset(
    [
        "alembic",
        "apt",
        "apt-get",
        "aws",
        "bash",
        "brew",
        "cat",
        "cd",
        "celery",
        "chmod",
        "chown",
        "cp",
        "curl",
        "dig",
        "docker",
        "docker-compose",
        "echo",
        "env",
        "export",
        "find",
        "gcloud",
        "git",
        "grep",
        "helm",
        "http",
        "journalctl",
        "kill",
        "kubectl",
        "ls",
        "make",
        "mkdir",
        "mv",
        "mypy",
        "nc",
        "node",
        "npm",
        "npx",
        "openssl",
        "pip",
        "pip3",
        "pipenv",
        "pnpm",
        "poetry",
        "promtool",
        "ps",
        "psql",
        "pg_dump",
        "pg_restore",
        "pytest",
        "python",
        "python3",
        "redis-cli",
        "rm",
        "rsync",
        "ruff",
        "scp",
        "sed",
        "sh",
        "source",
        "ssh",
        "sudo",
        "systemctl",
        "tail",
        "tar",
        "terraform",
        "touch",
        "uv",
        "uvicorn",
        "gunicorn",
        "flask",
        "wget",
        "yarn",
    ]
)
_PROMPT = re.compile(r"^\s*(?:\([\w.-]+\)\s*)?(?:[\w.-]+@[\w.-]+[:\s][^\s$#]*)?[$❯➜]\s+(?=\S)")
MAX_BLANKS: Final = 500
"""So many in a row say what more would say; a pattern with two runs of blanks takes the square of their number."""
_BLANKS = re.compile(rf"[ \t]{{{MAX_BLANKS + 1},}}")
_FENCE = re.compile(r"\s*(`{3,}|~{3,})\s*([\w.+-]*)\s*$")
_MARK = re.compile(r"`+|<!--")
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_HEREDOC = re.compile(r"<<-?\s*(['\"]?)(\w+)\1")
_MAX_JOINED = 60


class _Line(NamedTuple):
    text: str
    line: int
    fence: str


class _Parts(NamedTuple):
    prose: list[Prose]
    codes: list[Code]
    comments: list[Comment]


def read_document(file: str, text: str) -> Document:
    """`file` is the name that findings will carry; `text` is cleaned here."""
    from markdown_it import MarkdownIt

    text = _BLANKS.sub(" " * MAX_BLANKS, clean_block(text, MAX_CHARACTERS))
    text, cut_from = within_budget(_with_ends(_without_front_matter(text)))
    environment: dict[str, dict[str, dict[str, object]]] = {}
    parts = _Parts([], [], [])
    heading, in_heading = "", False
    for token in MarkdownIt("commonmark").enable("table").parse(text, environment):
        if token.type == "heading_open":
            in_heading = True
        elif token.type in ("fence", "code_block"):
            parts.codes.extend([Code(*line) for line in _block_lines(token)])
        elif token.type == "inline" and token.map is not None:
            if in_heading:
                heading, in_heading = " ".join(token.content.split()), False
            _add_inline(token.content, token.map[0] + 1, heading, parts)
        elif token.type == "html_block" and token.map is not None:
            _add_html(token.content, token.map[0] + 1, heading, parts)
    parts.prose.extend(_references(environment))
    return Document(
        file,
        tuple(sorted(parts.prose, key=lambda p: p.line)),
        tuple(sorted(parts.codes, key=lambda c: c.line)),
        tuple(parts.comments),
        cut_from,
    )


def _without_front_matter(text: str) -> str:
    match = re.match(r"---\n.*?\n(?:---|\.\.\.)(?=\n|\Z)", text, re.DOTALL)
    return "\n" * match[0].count("\n") + text[match.end() :] if match else text


def _with_ends(text: str) -> str:
    """Takes the language off marks that are meant to end a fence: some write ` ```text ` there, and Markdown reads on.

    Such a mark is an end where the next one opens a fence, or none follows. Markdown inside Markdown is left alone.
    """
    lines = text.split("\n")
    marks = [(number, match) for number, line in enumerate(lines) if (match := _FENCE.match(line))]
    opened, embeds = "", False
    for index, (number, mark) in enumerate(marks):
        sign, language = mark[1], mark[2]
        if not opened:
            opened, embeds = sign, language in ("markdown", "md", "mdx")
        elif not language and sign.startswith(opened):
            opened = ""
        elif (
            language and sign == opened and not embeds and (index + 1 == len(marks) or marks[index + 1][1][2])
        ):
            lines[number] = lines[number].replace(language, "", 1).rstrip()
            opened = ""
    return "\n".join(lines)


def _add_inline(content: str, first: int, heading: str, parts: _Parts) -> None:
    visible, at, line = "", 0, first
    for start, end, code in _spans(content):
        visible += content[at:start] if code is None else content[at:end]
        line += content.count("\n", at, start)
        at = end
        breaks = content.count("\n", start, end)
        if code is None:
            visible += "\n" * breaks
            parts.comments.append(Comment(_comment(content[start:end]), line + breaks))
        else:
            parts.codes.append(Code(" ".join(code.split()), line))
        line += breaks
    _add_lines(visible + content[at:], first, heading, parts.prose)


def _add_html(content: str, first: int, heading: str, parts: _Parts) -> None:
    visible, at, line = "", 0, first
    for match in _COMMENT.finditer(content):
        breaks = match[0].count("\n")
        visible += content[at : match.start()] + "\n" * breaks
        line += content.count("\n", at, match.end())
        at = match.end()
        parts.comments.append(Comment(_comment(match[0]), line))
    _add_lines(visible + content[at:], first, heading, parts.prose)


def _add_lines(text: str, first: int, heading: str, prose: list[Prose]) -> None:
    lines = enumerate(text.split("\n"), first)
    prose += [Prose(line.strip(), number, heading) for number, line in lines if line.strip()]


def _comment(mark: str) -> str:
    return mark.removeprefix("<!--").removesuffix("-->").strip()


def without_code(text: str) -> str:
    """A line without its inline code."""
    kept, at = "", 0
    for start, end, code in _spans(text):
        if code is not None:
            kept, at = kept + text[at:start], end
    return kept + text[at:]


def _spans(content: str) -> Iterator[tuple[int, int, str | None]]:
    """Where code and comments begin and end, in order, with the code (None for a comment). Each sign is looked at once."""
    marks = list(_MARK.finditer(content))
    runs: dict[int, list[int]] = {}
    for mark in marks:
        if mark[0][0] == "`":
            runs.setdefault(len(mark[0]), []).append(mark.start())
    after = 0
    for mark in marks:
        start, end = mark.span()
        if start < after:
            continue
        if mark[0] == "<!--":
            closing = content.find("-->", end)
            after = closing + 3 if closing >= 0 else len(content)
            yield start, after, None
        elif content[start - 1 : start] != "\\":
            same = runs[len(mark[0])]
            place = bisect.bisect_left(same, end)
            if place < len(same):
                after = same[place] + len(mark[0])
                yield start, after, content[end : same[place]]


def _references(environment: dict[str, dict[str, dict[str, object]]]) -> Iterator[Prose]:
    for label, reference in environment.get("references", {}).items():
        place = reference.get("map")
        line = place[0] + 1 if isinstance(place, list) else 1
        yield Prose(f"[{label.lower()}]: {reference.get('href', '')}", line)


def _block_lines(token: Token) -> Iterator[_Line]:
    """Every line of the block, empty ones too: lines that follow each other belong to one block."""
    first = (token.map[0] if token.map else 0) + (2 if token.type == "fence" else 1)
    language = (token.info.strip().split() or [""])[0].lower().strip("{}.")
    lines = [
        _Line(text, first + i, language) for i, text in enumerate(token.content.rstrip("\n").split("\n"))
    ]
    prompted = any(_PROMPT.match(line.text) for line in lines)
    if language in SHELLS or (not language and (prompted or _looks_typed(lines))):
        return _typed(lines, prompted=prompted)
    return iter([line._replace(fence=language or "text") for line in lines])


def _looks_typed(lines: list[_Line]) -> bool:
    words = [
        line.text.split() for line in lines if line.text.strip() and not line.text.lstrip().startswith("#")
    ]
    typed = sum(1 for word in words if word[0] in PROGRAMS or word[0].startswith("./"))
    return bool(words) and words[0][0] in PROGRAMS and 2 * typed >= len(words)


def _typed(lines: list[_Line], *, prompted: bool) -> Iterator[_Line]:
    """Shell lines, joined where they go on; a joined line leaves an empty one in its place."""
    index, here_end = 0, ""
    last = {line.text.strip(): number for number, line in enumerate(lines)}
    while index < len(lines):
        text, line, _ = lines[index]
        prompt = _PROMPT.match(text)
        if here_end or (prompted and prompt is None):
            if here_end and text.strip() == here_end:
                here_end = ""
                yield _Line("", line, "sh")
            else:
                yield _Line(text, line, "heredoc" if here_end else "output")
            index += 1
            continue
        joined, count = _joined([other.text for other in lines[index : index + _MAX_JOINED]], prompt)
        yield _Line(joined, line, "sh")
        yield from (_Line("", line + i, "sh") for i in range(1, count))
        index += count
        heredoc = _HEREDOC.search(joined)
        here_end = heredoc[2] if heredoc and last.get(heredoc[2], -1) >= index else ""


def _joined(texts: list[str], prompt: re.Match[str] | None) -> tuple[str, int]:
    """One command from its first line, and how many lines it takes. A quote that never closes is taken as a plain sign."""
    whole = texts[0][prompt.end() :] if prompt else texts[0]
    count, at_quote = 1, 0
    before = whole
    for following in texts[1:]:
        going_on = bool(re.search(r"(?<!\\)(?:\\\\)*\\$", whole))
        if going_on:
            whole = whole[:-1].rstrip() + " " + following.strip()
        elif open_quote(whole):
            if not at_quote:
                at_quote, before = count, whole
            whole += "\n" + following
        else:
            break
        count += 1
    if at_quote and open_quote(whole):
        return before, at_quote
    return whole, count


def open_quote(text: str) -> bool:
    """Whether a quote is still open at the end of `text`."""
    quote, index = "", 0
    while index < len(text):
        sign = text[index]
        if sign == "\\" and quote != "'":
            index += 1
        elif quote:
            quote = "" if sign == quote else quote
        elif sign in "'\"":
            quote = sign
        elif sign == "#" and (index == 0 or text[index - 1].isspace()):
            index = text.find("\n", index)
            if index < 0:
                break
        index += 1
    return bool(quote)


_OBJECTIVES = re.compile(r"(^|/)[^/]*(slo|sli|service[-_]level)[^/]*\.(md|markdown)$", re.IGNORECASE)


def documents(project: Project) -> tuple[Document, ...]:
    """The manuals, and the repository's documents of objectives (SLO, SLI)."""
    others = [
        read_document(file, project.text(file))
        for file in sorted(project.files)
        if _OBJECTIVES.search(file) and not any(_same(file, document.file) for document in project.documents)
    ]
    return (*project.documents, *others)


def lines(document: Document) -> list[Prose]:
    """The text line by line: the cells of a table's row are one line."""
    by_line: dict[int, Prose] = {}
    for prose in document.prose:
        before = by_line.get(prose.line)
        by_line[prose.line] = (
            prose if before is None else replace(before, text=f"{before.text} | {prose.text}")
        )
    return list(by_line.values())


def _same(file: str, given: str) -> bool:
    return given == file or given.endswith("/" + file)
