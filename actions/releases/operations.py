"""What a revision's `upgrade` does to code that knows nothing of it, read from the text of its script.

Additive: the release before it runs on as if it were not there (expand, in "expand and contract"). Breaking: something that
it uses may be gone, renamed or stricter. Where the text does not say it (a loop, a helper, SQL that is computed) that is
unknown, and never called additive. Operations are those of Alembic's reference, "Operation Directives".
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from actions.migrations.sql import effect, made_by, split_statements
from core.text import clean

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator


class Change(StrEnum):
    """What a revision means for the release before it; the worst of what it does."""

    ADDITIVE = "additive"
    UNKNOWN = "unknown"
    BREAKING = "breaking"


@dataclass(frozen=True, slots=True)
class Judgement:
    """`because` names the operations that decide it, as the script has them; empty where all are additive."""

    change: Change
    because: tuple[str, ...] = ()


_ADDITIVE = frozenset(
    ["create_table", "create_table_comment", "drop_table_comment", "f", "get_context", "inline_literal"]
)
_BREAKING = frozenset(
    [
        "drop_column",
        "drop_table",
        "rename_table",
        "create_check_constraint",
        "create_exclude_constraint",
        "create_foreign_key",
        "create_primary_key",
        "create_unique_constraint",
    ]
)
_RENAMES = ("new_column_name", "type_")
_HARMLESS = (
    "CREATE TABLE ",
    "CREATE INDEX ",
    "CREATE SCHEMA ",
    "CREATE TYPE ",
    "CREATE SEQUENCE ",
    "COMMENT ON ",
    "SET ",
)
_STRICTER = (
    " RENAME ",
    " DROP ",
    " TYPE ",
    " SET NOT NULL",
    " CONSTRAINT ",
    " CHECK",
    " UNIQUE",
    " REFERENCES ",
)
_LOOSER = (" DROP NOT NULL", " DROP CONSTRAINT")
"""Old code reads and writes as before, unless it upserts by what is dropped (ON CONFLICT): not known from here."""
_MAX = 5


def judge_revision(source: bytes) -> Judgement:
    """The judgement of a script's `upgrade`."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return Judgement(Change.UNKNOWN, ("it is no Python that can be read here",))
    upgrade = next((n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == "upgrade"), None)
    if upgrade is None:
        return Judgement(Change.UNKNOWN, ("there is no upgrade()",))
    made: set[str] = set()
    judged = [pair for statement in upgrade.body for pair in _statement(statement, made, "")]
    worst = max((change for change, _ in judged), key=list(Change).index, default=Change.ADDITIVE)
    if worst is Change.ADDITIVE:
        return Judgement(Change.ADDITIVE)
    because = tuple(dict.fromkeys(text for change, text in judged if change is worst))
    more = (f"… {len(because) - _MAX}",) if len(because) > _MAX else ()
    return Judgement(worst, because[:_MAX] + more)


def _statement(node: ast.stmt, made: set[str], batch: str) -> Iterator[tuple[Change, str]]:
    """Each operation with its judgement. `made` are tables of this very revision: nobody used them before."""
    match node:
        case ast.Pass() | ast.Expr(value=ast.Constant()):
            return
        case ast.Expr(value=ast.Call() as call) | ast.Assign(value=ast.Call() as call):
            yield _call(call, made, batch), clean(ast.unparse(call), 120)
        case ast.With(items=[ast.withitem(context_expr=ast.Call() as call)], body=body):
            name = _operation(call)
            if name not in ("batch_alter_table", "autocommit_block"):
                yield Change.UNKNOWN, clean(ast.unparse(call), 120)
                return
            table = _text(call.args[0]) if name == "batch_alter_table" and call.args else ""
            for each in body:
                yield from _statement(each, made, table or batch)
        case _:
            yield Change.UNKNOWN, clean(ast.unparse(node).splitlines()[0], 120)


def _call(call: ast.Call, made: set[str], batch: str) -> Change:
    name = _operation(call)
    arguments = {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}
    table = batch or _text(call.args[0] if call.args else arguments.get("table_name"))
    if name == "create_table":
        made.add(table)
    if name == "execute":
        return _sql(_text(call.args[0] if call.args else arguments.get("sqltext")), made)
    if name == "create_index":
        table = batch or _text(call.args[1] if len(call.args) > 1 else arguments.get("table_name"))
    if table and table in made:
        return Change.ADDITIVE
    return _on_existing(name, call.args[0 if batch else 1 :], arguments)


def _on_existing(name: str, rest: list[ast.expr], arguments: dict[str, ast.expr]) -> Change:
    """An operation on a table that old code uses; `rest` are its arguments behind the table's name."""
    match name:
        case "create_index":
            unique = arguments.get("unique")
            return Change.ADDITIVE if unique is None or _is_false(unique) else Change.BREAKING
        case "add_column":
            return _column(rest[0] if rest else arguments.get("column"))
        case "alter_column":
            return _altered(arguments)
        case _ if name in _ADDITIVE:
            return Change.ADDITIVE
        case _:
            return Change.BREAKING if name in _BREAKING else Change.UNKNOWN


def _column(node: ast.expr | None) -> Change:
    """A column that old code does not fill: it may be empty, or fills itself."""
    if not isinstance(node, ast.Call):
        return Change.UNKNOWN
    arguments = {keyword.arg: keyword.value for keyword in node.keywords}
    if None in arguments:  # **options
        return Change.UNKNOWN
    filled = not _is_none(arguments.get("server_default")) or any(
        isinstance(each, ast.Call) and _operation(each) in ("Computed", "Identity") for each in node.args
    )
    constrained = any(isinstance(each, ast.Call) and _operation(each) == "ForeignKey" for each in node.args)
    strict = any(
        not _is_false(arguments.get(name)) for name in ("unique", "primary_key") if name in arguments
    )
    nullable = arguments.get("nullable")
    if strict or (constrained and filled):
        return Change.BREAKING
    if filled or nullable is None or _is_true(nullable):
        return Change.ADDITIVE
    return Change.BREAKING if _is_false(nullable) else Change.UNKNOWN


def _altered(arguments: dict[str, ast.expr]) -> Change:
    """Only what makes a column looser, or fills it, leaves old code as it was."""
    if any(name in arguments for name in _RENAMES):
        return Change.BREAKING
    nullable, default = arguments.get("nullable"), arguments.get("server_default")
    if nullable is not None and not _is_true(nullable):
        return Change.BREAKING if _is_false(nullable) else Change.UNKNOWN
    if default is not None and (_is_false(default) or _is_none(default)):
        return Change.BREAKING
    return Change.ADDITIVE if {"nullable", "server_default", "comment"} & arguments.keys() else Change.UNKNOWN


def _sql(text: str, made: set[str]) -> Change:
    """By what `migrations.sql` knows of each statement."""
    changes = []
    for statement in split_statements(text):
        changes.append(judge_statement(statement, made))
        made.update(made_by(statement))
    return max(changes, key=list(Change).index, default=Change.UNKNOWN)


def judge_statement(statement: str, made: Collection[str] = ()) -> Change:
    """One statement of SQL; `made` are tables that only the new code knows."""
    known, words = effect(statement), " ".join(statement.split()).upper()
    if known.tables and set(known.tables) <= set(made):
        return Change.ADDITIVE
    if words.startswith(_HARMLESS):
        return Change.ADDITIVE
    if words.startswith(
        ("DROP TABLE ", "DROP VIEW ", "DROP TYPE ", "DROP FUNCTION ", "CREATE UNIQUE INDEX ")
    ):
        return Change.BREAKING
    return _alter_table(words) if words.startswith("ALTER TABLE ") and known.known else Change.UNKNOWN


def _alter_table(words: str) -> Change:
    """One clause that adds a column which old code need not fill; several clauses are not taken apart."""
    if any(part in words for part in _STRICTER):
        return Change.UNKNOWN if any(part in words for part in _LOOSER) else Change.BREAKING
    if " ADD " in words and "," not in words:
        return Change.ADDITIVE if " NOT NULL" not in words or " DEFAULT " in words else Change.BREAKING
    return Change.UNKNOWN


def _operation(call: ast.Call) -> str:
    """The last part of what is called: `op.add_column`, `batch_op.add_column`, `sa.Column`."""
    match call.func:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
        case _:
            return ""


def _text(node: ast.expr | None) -> str:
    """A literal text, also within `text(…)`; empty for anything computed."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.Call(args=[ast.Constant(value=str(text))]) if _operation(node) == "text":
            return text
        case _:
            return ""


def _is_true(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Constant) and node.value is True


def _is_false(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Constant) and node.value is False


def _is_none(node: ast.expr | None) -> bool:
    return node is None or (isinstance(node, ast.Constant) and node.value is None)
