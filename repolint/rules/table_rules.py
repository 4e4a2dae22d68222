"""Tables and indexes that a manual names and that nothing creates, or that two places create differently."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from core.message import say
from repolint.facts.database.tables import Schema, schema, table_names
from repolint.facts.manual.shell import WILD
from repolint.facts.manual.words import is_example, nearest
from repolint.facts.prometheus.asked import document_blocks
from repolint.findings import at_line, meant, name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from repolint.facts.database.tables import Table
    from repolint.project import Code, Document, Project
    from runbooks.lint.finding import Confidence, Finding

_INDEX: Final = re.compile(r"\b(?:idx|ix|uq|ux)_\w{3,}\b|\b\w{3,}_(?:idx|uniq)\b")
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
_SYSTEM: Final = re.compile(
    r"(?i)(?:pg_|information_schema|sqlite_|alembic_version|_prisma_migrations$|schema_migrations$|flyway_schema_history$|databasechangelog|"
    r"django_migrations$|typeorm_metadata$|knex_migrations|sequelizemeta$|goose_db_version$|__efmigrationshistory$|sys\.|mysql\.|performance_schema|unnest|generate_series|lateral|dual|cron\.|timescaledb)"
)


_NO_TABLE: Final = re.compile(r"(?i)table|set|select|(?:your|my)_\w+|table_?name|database|stdin|\w+\.py")


_BY_HAND: Final = re.compile(r"(?:^|/)(?:scripts|tools|bin|hack|archive|old|docs|examples|versions)\w*/")


def unknown_tables(project: Project) -> Iterator[Finding]:
    """A table in SQL, in psql's describe command or behind the word "table" that nothing creates."""
    known = schema(project)
    names = table_names(project)
    if not names:
        return
    for document, line, table, plain in _tables_named(project):
        short = table.lower().removeprefix("public.")
        if short in names or _SYSTEM.match(short) or (not plain and known.named_by_code):
            continue
        other = nearest(short, names)
        confidence: Confidence = "likely" if known.named_by_code or not plain else "certain"
        place = next((t.place for t in known.tables if t.name == other), "")
        yield at_line(
            document,
            line,
            "unknown-table",
            say("repolint.unknown_table", table=name(table)),
            confidence,
            evidence=f"{place} {other}".strip(),
            fix=meant(other, say("repolint.fix_unknown_table")),
        )


def _tables_named(project: Project) -> Iterator[tuple[Document, int, str, bool]]:
    """Each table that a manual names, and whether it is named as a table of the running system beyond doubt."""
    for document in project.documents:
        made = {name.lower() for code in document.codes for name in _names_made(code.text)}
        others = _other_languages(document)
        for code in document.codes:
            if WILD in code.text:
                continue
            for found in _DESCRIBE.finditer(code.text):
                if found[1].lower() not in made:
                    yield document, code.line, found[1], True
            for found in _IN_SQL.finditer(code.text) if _is_sql(code) and code.line not in others else ():
                table = found[1] or found[2]
                if table.lower() not in made and not _NO_TABLE.fullmatch(table):
                    yield document, code.line, table, False
        for prose in document.prose:
            for found in _SPOKEN.finditer(prose.text):
                yield document, prose.line, found[1] or found[2], False


def _other_languages(document: Document) -> set[int]:
    """Lines of fences with a query that only looks like SQL: its columns are qualified with what is no table of its own.

    Stores of traces and logs are asked so: `SELECT span.name FROM spans WHERE service.name = 'x'`.
    """
    found: set[int] = set()
    for language, _, codes in document_blocks(document):
        whole = _NO_NAMES.sub("", "\n".join(code.text for code in codes)) if language == "sql" else ""
        for query in whole.split(";"):
            clauses = _SOURCES.findall(query)
            sources = {
                word.lower() for clause in clauses for word in re.findall(r"\w+", clause)
            } | _OF_UPSERTS
            sources |= {word.lower() for pair in _GIVEN.findall(query) for word in pair}
            if clauses and {word.lower() for word in _QUALIFIED.findall(query)} - sources:
                found |= {code.line for code in codes}
    return found


def _names_made(sql: str) -> list[str]:
    """Names that the manual's own SQL gives."""
    made = re.findall(r"(?i)CREATE\s+(?:TEMP\w*\s+)?(?:TABLE|VIEW)\s+(?:IF\s+NOT\s+EXISTS\s+)?([\w.]+)", sql)
    return [*made, *re.findall(r"(?i)(?:\bWITH|,)\s+(\w+)\s+AS\s*\(", sql)]


def _is_sql(code: Code) -> bool:
    if code.fence in ("sql", "heredoc") or re.search(r"\bpsql\b", code.text):
        return True
    return code.fence is None and re.match(r"(?:SELECT|DELETE|UPDATE|TRUNCATE|DROP) ", code.text) is not None


_NO_INDEX: Final = re.compile(r"(?i)(?:^|_)(?:table|field|column|col|name)(?:_|$)")
"""A pattern for names."""


def unknown_indexes(project: Project) -> Iterator[Finding]:
    """An index in code font that nothing creates."""
    known = schema(project)
    if not known.indexes:
        return
    for document in project.documents:
        samples = _sample_lines(document)
        for code in document.codes:
            if code.fence not in (None, "sql", "sh", "heredoc") or re.search(
                r"(?i)create\s+(?:unique\s+)?index|create_index|=True", code.text
            ):
                continue
            for found in _INDEX.finditer(code.text):
                index = found[0]
                if (
                    index in known.indexes
                    or index.split("_", 1)[0] in known.automatic_indexes
                    or index.endswith("_idx")
                ):
                    continue
                if index in project.fact(_words) or code.line in samples:
                    continue
                other = nearest(index, known.indexes)
                yield at_line(
                    document,
                    code.line,
                    "unknown-index",
                    say("repolint.unknown_index", index=name(index)),
                    "certain" if code.fence != "sql" else "likely",
                    evidence=f"{known.indexes[other]} {other}" if other else "",
                    fix=meant(other, say("repolint.fix_unknown_index")),
                )


def _sample_lines(document: Document) -> set[int]:
    """Lines that speak of how names are made, not of one: with a pattern for names on them, or called an example."""
    codes = [code for code in document.codes if code.fence is None]
    return {c.line for c in codes if _NO_INDEX.search(c.text) or is_example(document, c.line)}


def _words(project: Project) -> set[str]:
    """Everything in code that looks like the name of an index."""
    files = project.matching(".py", ".sql", ".ts", ".js", ".go", ".prisma", ".rb", ".java")
    return {word for file in files for word in _INDEX.findall(project.text(file))}


def tables_made_twice(project: Project) -> Iterator[Finding]:
    """A table that the manual names and that two places create in different shapes; once per manual."""
    known = schema(project)
    said: set[tuple[str, str]] = set()
    for document, line, table in _mentions(project):
        pair = None if (document.file, table) in said else _pair(known, table)
        if pair is None:
            continue
        said.add((document.file, table))
        first, second = pair
        certain = (
            second.file.endswith(".py") and table not in known.altered and not _BY_HAND.search(second.file)
        )
        yield at_line(
            document,
            line,
            "table-made-twice",
            say("repolint.table_made_twice", table=name(table), difference=name(_difference(first, second))),
            "certain" if certain else "likely",
            evidence=f"{first.place}; {second.place}",
            fix=say("repolint.fix_table_made_twice", place=name(second.place)),
        )


def _mentions(project: Project) -> Iterator[tuple[Document, int, str]]:
    """Every place that names a table and nothing else: its bare name in code font, psql's describe command, SQL."""
    for document in project.documents:
        for code in document.codes:
            if code.fence is None and re.fullmatch(r"[a-z_][\w.]*", code.text):
                yield document, code.line, code.text
    for document, line, table, _ in _tables_named(project):
        yield document, line, table.lower()


def _pair(known: Schema, table: str) -> tuple[Table, Table] | None:
    """The migration that makes the table, and another place that makes it otherwise."""
    places = [t for t in known.tables if t.name == table and t.columns and "archive" not in t.file]
    first = next((t for t in places if t.migration), None)
    if first is None:
        return None
    second = next((t for t in places if not t.migration and _difference(first, t)), None)
    return (first, second) if second else None


def _difference(first: Table, second: Table) -> str:
    parts = sorted(first.columns ^ second.columns)
    if first.indexes and second.indexes:
        parts += sorted(first.indexes ^ second.indexes)
    return ", ".join(parts)
