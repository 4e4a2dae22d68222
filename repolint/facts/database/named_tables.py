"""Which tables the manuals name: in SQL, in psql's describe command, behind the word "table"."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from repolint.facts.manual.shell import WILD
from repolint.facts.prometheus.asked import document_blocks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from repolint.project import Code, Document, Project

_DESCRIBE: Final = re.compile(r"\\(?:d|dt|d\+|dt\+)\s+([\w.]+)(?![\w.*])")
_IN_SQL: Final = re.compile(
    r"\b(?:FROM|JOIN|UPDATE|TRUNCATE(?:\s+TABLE)?|(?:DROP|ALTER)\s+TABLE(?:\s+IF\s+EXISTS)?|VACUUM(?:\s+FULL)?(?:\s+ANALYZE)?|ANALYZE)"
    r"\s+(?:ONLY\s+)?\"?([a-z_][\w.]*+)\"?(?!\s*\()|\bINSERT\s+INTO\s+\"?([a-z_][\w.]*+)"
)
"""A name with a parenthesis behind it is a function's, but for the columns of an INSERT."""
_NO_NAMES: Final = re.compile(r"'[^']*'|--[^\n]*")
_SOURCES: Final = re.compile(
    r"(?is)\b(?:FROM|JOIN|UPDATE|INTO|USING)\b(.*?)(?=\b(?:ON|WHERE|GROUP|ORDER|LIMIT|SET|VALUES|HAVING|RETURNING|UNION|SELECT|FROM)\b|$)"
)
_GIVEN: Final = re.compile(r"(?i)\)\s*(?:AS\s+)?([a-z_]\w*)|([a-z_]\w*)\s+AS\s*\(")
_QUALIFIED: Final = re.compile(r"(?i)(?<![\w.\"])([a-z_]\w*)\.[a-z_]\w*+(?!\.|\s*\()")
_OF_UPSERTS: Final = frozenset({"excluded", "new", "old"})
"""What PostgreSQL itself lets a query name without a source."""
_SPOKEN: Final = re.compile(
    r"(?i)(?:\btables?|表|таблиц\w*|テーブル)\s*[:：]?\s*`([a-z_][\w.]*)`|`([a-z_][\w.]*)`\s*(?:\btable\b|表)"
)
_NO_TABLE: Final = re.compile(r"(?i)table|set|select|(?:your|my)_\w+|table_?name|database|stdin|\w+\.py")


@dataclass(frozen=True, slots=True)
class NamedTable:
    """`surely`: it is named as a table of the running system beyond doubt."""

    name: str
    document: Document
    line: int
    surely: bool


def named_tables(project: Project) -> tuple[NamedTable, ...]:
    """Each table that a manual names and does not make itself."""
    return tuple(table for document in project.documents for table in _in_document(document))


def _in_document(document: Document) -> Iterator[NamedTable]:
    made = {name.lower() for code in document.codes for name in _names_made(code.text)}
    others = _lines_of_other_languages(document)
    for code in document.codes:
        if WILD in code.text:
            continue
        for described in _DESCRIBE.finditer(code.text):
            if described[1].lower() not in made:
                yield NamedTable(described[1], document, code.line, surely=True)
        for clause in _IN_SQL.finditer(code.text) if _is_sql(code) and code.line not in others else ():
            table = clause[1] or clause[2]
            if table.lower() not in made and not _NO_TABLE.fullmatch(table):
                yield NamedTable(table, document, code.line, surely=False)
    for prose in document.prose:
        for spoken in _SPOKEN.finditer(prose.text):
            yield NamedTable(spoken[1] or spoken[2], document, prose.line, surely=False)


def _lines_of_other_languages(document: Document) -> set[int]:
    """Lines of fences with a query that only looks like SQL: its columns are qualified with what is no table of its own.

    Stores of traces and logs are asked so: `SELECT span.name FROM spans WHERE service.name = 'x'`.
    """
    lines: set[int] = set()
    for language, _, codes in document_blocks(document):
        whole = _NO_NAMES.sub("", "\n".join(code.text for code in codes)) if language == "sql" else ""
        for query in whole.split(";"):
            clauses = _SOURCES.findall(query)
            sources = {
                word.lower() for clause in clauses for word in re.findall(r"\w+", clause)
            } | _OF_UPSERTS
            sources |= {word.lower() for pair in _GIVEN.findall(query) for word in pair}
            if clauses and {word.lower() for word in _QUALIFIED.findall(query)} - sources:
                lines |= {code.line for code in codes}
    return lines


def _names_made(sql: str) -> list[str]:
    """Names that the manual's own SQL gives."""
    made = re.findall(r"(?i)CREATE\s+(?:TEMP\w*\s+)?(?:TABLE|VIEW)\s+(?:IF\s+NOT\s+EXISTS\s+)?([\w.]+)", sql)
    return [*made, *re.findall(r"(?i)(?:\bWITH|,)\s+(\w+)\s+AS\s*\(", sql)]


def _is_sql(code: Code) -> bool:
    if code.fence in ("sql", "heredoc") or re.search(r"\bpsql\b", code.text):
        return True
    return code.fence is None and re.match(r"(?:SELECT|DELETE|UPDATE|TRUNCATE|DROP) ", code.text) is not None
