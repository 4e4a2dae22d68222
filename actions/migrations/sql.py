"""What SQL does, by its text: its statements, the lock that each takes, and which tables lose rows or values.

Locks are those of the PostgreSQL documentation (chapter 13.3 "Explicit Locking" and each command's own page); the tests
ask a real server. What is not recognised is not called harmless: `known` is False.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

_NAME = r'((?:"(?:[^"]|"")+"|[\w$]+)(?:\.(?:"(?:[^"]|"")+"|[\w$]+))?)'
_PART = re.compile(
    r"--[^\n]*|'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|\$(\w*)\$.*?\$\1\$|/\*.*?\*/|;|[^-'\"$/;]+|.", re.DOTALL
)
_ESCAPED = re.compile(r"(?i)\be'(?:[^'\\]|\\.|'')*'", re.DOTALL)
_SPACE = re.compile(r"\s+")


class Lock(StrEnum):
    """The table locks that DDL takes, weakest first, in Postgres' words."""

    ROW_EXCLUSIVE = "ROW EXCLUSIVE"
    SHARE_UPDATE_EXCLUSIVE = "SHARE UPDATE EXCLUSIVE"
    SHARE = "SHARE"
    SHARE_ROW_EXCLUSIVE = "SHARE ROW EXCLUSIVE"
    ACCESS_EXCLUSIVE = "ACCESS EXCLUSIVE"

    @property
    def blocks_reads(self) -> bool:
        """Even a SELECT waits."""
        return self is Lock.ACCESS_EXCLUSIVE

    @property
    def blocks_writes(self) -> bool:
        """INSERT, UPDATE and DELETE wait."""
        return self not in (Lock.ROW_EXCLUSIVE, Lock.SHARE_UPDATE_EXCLUSIVE)


class Work(StrEnum):
    """What is done while the lock is held."""

    SHORT = "short"
    SCAN = "scan"  # reads the whole table
    REWRITE = "rewrite"  # writes the whole table anew


@dataclass(frozen=True, slots=True)
class Effect:
    """One statement: the lock on each table, what it does under it, and what is lost for good.

    `lost` are the columns whose values go, `("*",)` for whole rows. `transactional` False: it ends the transaction.
    """

    statement: str
    tables: tuple[str, ...] = ()
    lock: Lock | None = None
    work: Work = Work.SHORT
    lost: tuple[str, ...] = ()
    transactional: bool = True
    known: bool = True


def split_statements(sql: str) -> list[str]:
    """The statements without their semicolons and comments; quotes, dollar quotes and comments are respected."""
    kept: list[str] = []

    def hide(match: re.Match[str]) -> str:
        kept.append(match.group())
        return f"'\0{len(kept) - 1}'"

    statements, current = [], ""
    for match in _PART.finditer(_ESCAPED.sub(hide, sql)):
        part = match.group()
        if part == ";":
            statements.append(current)
            current = ""
        elif not part.startswith(("--", "/*")):
            current += part
    shown = [
        re.sub(r"'\0(\d+)'", lambda match: kept[int(match.group(1))], each) for each in (*statements, current)
    ]
    return [each.strip() for each in shown if each.strip()]


_EFFECTS: tuple[tuple[str, Lock | None, Work, tuple[str, ...]], ...] = (
    (rf"DROP TABLE (?:IF EXISTS )?{_NAME}", Lock.ACCESS_EXCLUSIVE, Work.SHORT, ("*",)),
    (rf"TRUNCATE (?:TABLE )?(?:ONLY )?{_NAME}", Lock.ACCESS_EXCLUSIVE, Work.SHORT, ("*",)),
    (rf"DELETE\b FROM (?:ONLY )?{_NAME}", Lock.ROW_EXCLUSIVE, Work.SCAN, ("*",)),
    (rf"UPDATE (?:ONLY )?{_NAME}", Lock.ROW_EXCLUSIVE, Work.SCAN, ("*",)),
    (rf"INSERT INTO {_NAME}", Lock.ROW_EXCLUSIVE, Work.SHORT, ()),
    (
        rf"CREATE (?:UNIQUE )?INDEX CONCURRENTLY .*?\bON (?:ONLY )?{_NAME}",
        Lock.SHARE_UPDATE_EXCLUSIVE,
        Work.SCAN,
        (),
    ),
    (rf"CREATE (?:UNIQUE )?INDEX .*?\bON (?:ONLY )?{_NAME}", Lock.SHARE, Work.SCAN, ()),
    (
        rf"ALTER TABLE (?:IF EXISTS )?(?:ONLY )?{_NAME} VALIDATE CONSTRAINT",
        Lock.SHARE_UPDATE_EXCLUSIVE,
        Work.SCAN,
        (),
    ),
    (
        rf"ALTER TABLE .*?\bFOREIGN KEY\b.*?\bREFERENCES {_NAME}.*\bNOT VALID",
        Lock.SHARE_ROW_EXCLUSIVE,
        Work.SHORT,
        (),
    ),
    (rf"ALTER TABLE .*?\bFOREIGN KEY\b.*?\bREFERENCES {_NAME}", Lock.SHARE_ROW_EXCLUSIVE, Work.SCAN, ()),
    (rf"CREATE (?:OR REPLACE )?TRIGGER .*?\bON {_NAME}", Lock.SHARE_ROW_EXCLUSIVE, Work.SHORT, ()),
    (rf"ALTER TABLE (?:IF EXISTS )?(?:ONLY )?{_NAME}", Lock.ACCESS_EXCLUSIVE, Work.SHORT, ()),
    (
        r"CREATE (?:TABLE|TYPE|SEQUENCE|SCHEMA|EXTENSION|FUNCTION|VIEW|OR REPLACE (?:FUNCTION|VIEW))\b",
        None,
        Work.SHORT,
        (),
    ),
    (r"DROP (?:TYPE|SEQUENCE|FUNCTION|VIEW|EXTENSION)\b", None, Work.SHORT, ()),
    (r"COMMENT ON\b|SET\b|SELECT (?:pg_catalog\.)?set_config\(", None, Work.SHORT, ()),
)
_COMPILED = tuple(
    (re.compile(p, re.IGNORECASE | re.DOTALL), lock, work, lost) for p, lock, work, lost in _EFFECTS
)
_MADE = re.compile(
    rf"(?i)CREATE (?:TABLE|(?:UNIQUE )?INDEX(?: CONCURRENTLY)?) (?!IF NOT EXISTS|ON\b){_NAME}", re.DOTALL
)
_DROP_INDEX = re.compile(rf"DROP INDEX (CONCURRENTLY )?(?:IF EXISTS )?{_NAME}", re.IGNORECASE)
_ENDS = re.compile(r"(?i)^(?:BEGIN|COMMIT|ROLLBACK|END|START TRANSACTION|VACUUM|REINDEX)\b|\bCONCURRENTLY\b")
_DROP_COLUMN = re.compile(
    rf"(?i)\bDROP (?:COLUMN )?(?!CONSTRAINT|NOT NULL|DEFAULT|IDENTITY|EXPRESSION)(?:IF EXISTS )?{_NAME}"
)
_NEW_TYPE = re.compile(rf"(?i)\bALTER (?:COLUMN )?{_NAME} (?:SET DATA )?TYPE\b")
_SCANS = re.compile(r"(?i)\bSET NOT NULL\b|\bADD (?:CONSTRAINT \S+ )?(?:CHECK|UNIQUE|PRIMARY KEY|EXCLUDE)\b")
_VOLATILE = re.compile(
    r"(?i)\bADD (?:COLUMN )?.*\bDEFAULT\s+(?:\w+\.)?(?:gen_random_uuid|uuid_generate_\w+|random|clock_timestamp|nextval)\(|\bSERIAL\b|\bGENERATED\b"
)


def effect(statement: str) -> Effect:
    """What one statement takes and loses."""
    flat = _SPACE.sub(" ", statement).strip()
    ends = _ENDS.search(flat) is not None
    if _ENDS.match(flat):
        return Effect(statement, transactional=False)
    if index := _DROP_INDEX.match(flat):
        lock = Lock.SHARE_UPDATE_EXCLUSIVE if index.group(1) else Lock.ACCESS_EXCLUSIVE
        return Effect(statement, (), lock, transactional=not ends)
    for pattern, taken, work, lost in _COMPILED:
        if (match := pattern.match(flat)) is None:
            continue
        tables = tuple(dict.fromkeys(_tables(flat, match)))
        if taken is Lock.ACCESS_EXCLUSIVE and flat.upper().startswith("ALTER"):
            return Effect(statement, tables, taken, _work(flat), _lost(flat), transactional=not ends)
        return Effect(statement, tables, taken, work, lost, transactional=not ends)
    return Effect(statement, known=False, transactional=not ends)


def made_by(statement: str) -> tuple[str, ...]:
    """The table or index that a statement makes, with `IF NOT EXISTS` none: then it may be there."""
    match = _MADE.match(_SPACE.sub(" ", statement).strip())
    return (_plain(match.group(1)),) if match else ()


def _lost(flat: str) -> tuple[str, ...]:
    """The columns of an ALTER TABLE whose values go: dropped ones, and those of another type."""
    names = (*_DROP_COLUMN.findall(flat), *_NEW_TYPE.findall(flat))
    return tuple(dict.fromkeys(_plain(name) for name in names))


def _work(flat: str) -> Work:
    if _NEW_TYPE.search(flat) or _VOLATILE.search(flat):
        return Work.REWRITE
    return Work.SCAN if _SCANS.search(flat) else Work.SHORT


def _tables(flat: str, match: re.Match[str]) -> list[str]:
    """Every table that is locked: a foreign key takes both sides, DROP TABLE may name several."""
    names = [_plain(name) for name in match.groups() if name]
    altered = re.match(rf"(?i)ALTER TABLE (?:IF EXISTS )?(?:ONLY )?{_NAME}", flat)
    if altered:
        names.insert(0, _plain(altered.group(1)))
    if re.match(r"(?i)DROP TABLE|TRUNCATE", flat):
        names += [_plain(name) for name in re.findall(rf", {_NAME}", flat)]
    return names


def _plain(name: str) -> str:
    """A name as Postgres keeps it: without quotes, in lower case where it had none; a schema stays before it."""
    parts = re.findall(r'"(?:[^"]|"")+"|[\w$]+', name)
    return ".".join(part[1:-1].replace('""', '"') if part[0] == '"' else part.lower() for part in parts)
