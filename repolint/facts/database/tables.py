"""Tables and indexes that the repository creates: in migrations, SQL files, SQL inside Python, and SQLAlchemy classes."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from repolint.facts.python.source import called, keyword, python_files, text_of, tree

if TYPE_CHECKING:
    from repolint.project import Project

_CREATE_TABLE: Final = re.compile(
    r"CREATE\s+(?:UNLOGGED\s+|TEMP(?:ORARY)?\s+)?TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?([\w.\"]+)\s*\(",
    re.IGNORECASE,
)
_CREATE_INDEX: Final = re.compile(
    r"CREATE\s+(?:UNIQUE\s+)?INDEX\s+(?:CONCURRENTLY\s+)?(?:IF\s+NOT\s+EXISTS\s+)?([\w\"]+)\s+ON\s+(?:ONLY\s+)?([\w.\"]+)",
    re.IGNORECASE,
)
_OTHER_CREATE: Final = re.compile(
    r"CREATE\s+(?:OR\s+REPLACE\s+)?(?:MATERIALIZED\s+|FOREIGN\s+|TEMP(?:ORARY)?\s+)?(?:VIEW|TABLE)\s+(?:IF\s+NOT\s+EXISTS\s+)?([\w.\"]+)",
    re.IGNORECASE,
)
_CONSTRAINTS: Final = frozenset(
    ["primary", "foreign", "unique", "check", "constraint", "exclude", "like", "index", "key"]
)


@dataclass(slots=True)
class Table:
    """One place that creates a table. `indexes` are those created in the same file."""

    name: str
    place: str
    columns: frozenset[str]
    indexes: set[str] = field(default_factory=set)
    migration: bool = False

    @property
    def file(self) -> str:
        """Where it is created."""
        return self.place.rsplit(":", 1)[0]


@dataclass(slots=True)
class Schema:
    """Everything that creates a table or index. `named_by_code`: some table names are made by a framework, not written.

    `automatic_indexes`: beginnings of the names that a library gives by itself.
    """

    tables: list[Table] = field(default_factory=list)
    indexes: dict[str, str] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)
    altered: set[str] = field(default_factory=set)
    named_by_code: bool = False
    automatic_indexes: set[str] = field(default_factory=set)


def schema(project: Project) -> Schema:
    """Read once."""
    return project.fact(_read)


def _read(project: Project) -> Schema:
    declared = Schema()
    for file in project.matching(".sql"):
        if not re.search(r"(?:^|/)(?:docs?|tests?|examples?)/", file):
            _read_sql(declared, file, project.text(file), 1)
    _read_scripts(declared, project)
    for file in python_files(project):
        text = project.text(file)
        if re.search(
            r"(?i)create\s+(?:unique\s+)?(?:table|index|view|materialized)|create_table|create_index|__tablename__|\bTable\(",
            text,
        ):
            parsed = tree(project, file)
            if parsed is not None:
                _read_python(declared, file, parsed)
        if re.search(
            r"models\.Model\b|flask_sqlalchemy|db\.Model\b|SQLModel\b|declared_attr|peewee|tortoise", text
        ):
            declared.named_by_code = True
        if re.search(r"index\s*=\s*True", text):
            declared.automatic_indexes.add("ix")
        declared.automatic_indexes |= set(
            re.findall(r"[\"'](\w+)_%\(", text)
        )  # a naming convention of SQLAlchemy
        declared.altered |= {
            _plain(name)
            for name in re.findall(r"(?i)ALTER\s+TABLE\s+(?:IF\s+EXISTS\s+)?(?:ONLY\s+)?([\w.\"]+)", text)
        }
        declared.altered |= set(
            re.findall(r"(?:add_column|drop_column|alter_column|batch_alter_table)\(\s*[\"'](\w+)", text)
        )
    return declared


_ENTITY: Final = re.compile(r"@Entity\(\s*(?:\{[^{}]*?\bname\s*:\s*)?(?:[\"'`](\w+)[\"'`])?")
_NEW_TABLE: Final = re.compile(r"\bnew\s+Table\(\s*\{\s*name\s*:\s*[\"'`](\w+)[\"'`]")
_NAMES_BY_ITSELF: Final = re.compile(
    r"\"(?:sequelize|knex|drizzle-orm|mikro-orm|@mikro-orm/\w+|objection|mongoose|@prisma/client|prisma)\""
)


def _read_scripts(declared: Schema, project: Project) -> None:
    """Tables of TypeORM, by name alone; another library, or an entity without a name, names its tables by itself."""
    files = [file for file in project.matching(".ts") if not re.search(r"\.(?:spec|test|d)\.ts$", file)]
    if not any("typeorm" in project.text(file) for file in files):
        return
    declared.named_by_code |= any(
        _NAMES_BY_ITSELF.search(project.text(file)) for file in project.matching("package.json")
    )
    for file in files:
        text = project.text(file)
        for entity in _ENTITY.finditer(text):
            declared.named_by_code |= entity[1] is None
        made = [*_ENTITY.findall(text), *_NEW_TABLE.findall(text), *_OTHER_CREATE.findall(text)]
        declared.names |= {_plain(statement) for statement in made if statement}


def _read_sql(declared: Schema, file: str, sql: str, line: int) -> None:
    sql = re.sub(r"--[^\n]*", lambda comment: " " * len(comment[0]), sql)
    here: list[Table] = []
    for made in _CREATE_TABLE.finditer(sql):
        place = f"{file}:{line + sql.count(chr(10), 0, made.start())}"
        here.append(Table(_plain(made[1]), place, _columns(sql, made.end()), migration=_is_migration(file)))
    for made in _OTHER_CREATE.finditer(sql):
        declared.names |= {_plain(made[1]), _plain(made[1]).rsplit(".", 1)[-1]}
    for made in _CREATE_INDEX.finditer(sql):
        index, table = _plain(made[1]), _plain(made[2])
        declared.indexes.setdefault(index, f"{file}:{line + sql.count(chr(10), 0, made.start())}")
        for known in (*here, *declared.tables):
            if known.file == file and known.name == table:
                known.indexes.add(index)
    declared.tables += here


def _plain(name: str) -> str:
    return name.replace('"', "").lower().removeprefix("public.")


def _is_migration(file: str) -> bool:
    return "versions/" in file or "/migrations/" in f"/{file}" or "alembic" in file


def _columns(sql: str, at: int) -> frozenset[str]:
    """The names in front of each part between the table's parentheses."""
    depth, part, columns = 1, "", set()
    for sign in sql[at : at + 20_000]:
        depth += (sign == "(") - (sign == ")")
        if depth == 0 or (depth == 1 and sign == ","):
            word = re.match(r"\s*\"?(\w+)", part)
            if word and word[1].lower() not in _CONSTRAINTS:
                columns.add(word[1].lower())
            part = ""
            if depth == 0:
                break
        else:
            part += sign
    return frozenset(columns)


def _read_python(declared: Schema, file: str, parsed: ast.Module) -> None:
    for node in ast.walk(parsed):
        if (text := text_of(node)) is not None and "create" in text.lower():
            _read_sql(declared, file, text, getattr(node, "lineno", 1))
        elif isinstance(node, ast.JoinedStr):
            whole = "".join(text_of(value) or "{}" for value in node.values)
            if re.search(r"(?i)create\s+table\s+(?:if\s+not\s+exists\s+)?\{\}", whole):
                declared.named_by_code = True
            _read_sql(declared, file, whole, node.lineno)
        elif isinstance(node, ast.Call):
            _read_call(declared, file, node)
        elif isinstance(node, ast.ClassDef):
            _read_class(declared, file, node)


def _read_call(declared: Schema, file: str, node: ast.Call) -> None:
    name = called(node).rsplit(".", 1)[-1]
    first = _name_of(node.args[0]) if node.args else None
    if first is None:
        return
    place = f"{file}:{node.lineno}"
    if name in ("create_table", "Table"):
        columns = {
            text
            for argument in node.args[1:]
            if isinstance(argument, ast.Call)
            and called(argument).endswith("Column")
            and argument.args
            and (text := text_of(argument.args[0])) is not None
        }
        declared.tables.append(
            Table(first.lower(), place, frozenset(columns), migration=name == "create_table")
        )
    elif name in ("create_index", "Index", "UniqueConstraint", "create_unique_constraint"):
        declared.indexes.setdefault(first, place)
        table = text_of(node.args[1]) if len(node.args) > 1 else None
        for known in declared.tables:
            if known.file == file and known.name == table and name == "create_index":
                known.indexes.add(first)


def _name_of(node: ast.expr) -> str | None:
    """A plain text, also inside `op.f(…)`."""
    if isinstance(node, ast.Call) and node.args and called(node).endswith("f"):
        return text_of(node.args[0])
    return text_of(node)


def _read_class(declared: Schema, file: str, node: ast.ClassDef) -> None:
    table = None
    columns = set()
    for item in node.body:
        targets = (
            item.targets
            if isinstance(item, ast.Assign)
            else [item.target]
            if isinstance(item, ast.AnnAssign)
            else []
        )
        value = item.value if isinstance(item, ast.Assign | ast.AnnAssign) else None
        for target in targets:
            if called(target) == "__tablename__":
                table = text_of(value)
                declared.named_by_code |= table is None
            elif isinstance(value, ast.Call) and called(value).rsplit(".", 1)[-1] in (
                "Column",
                "mapped_column",
            ):
                own = text_of(value.args[0]) if value.args else None
                columns.add(own or called(target))
    for call in ast.walk(node):
        if (
            isinstance(call, ast.Call)
            and (named := text_of(keyword(call, "name")))
            and called(call).endswith(("Index", "Constraint"))
        ):
            declared.indexes.setdefault(named, f"{file}:{call.lineno}")
    if table:
        declared.names.add(table)
        declared.tables.append(Table(table, f"{file}:{node.lineno}", frozenset()))


def table_names(project: Project) -> set[str]:
    """All names of tables and views, with and without their schema."""
    known = schema(project)
    names = known.names | {table.name for table in known.tables}
    return names | {name.rsplit(".", 1)[-1] for name in names}
