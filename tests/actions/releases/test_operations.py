"""What a revision does to the release before it, by the text of its script; what the text does not say is never additive."""

from __future__ import annotations

import textwrap

import pytest

from actions.releases.fit import Fitting, SchemaFit, fit_of
from actions.releases.operations import Change, judge_revision
from actions.releases.scripts import KnownScripts
from signals.database.graph import make_scripts
from signals.database.revision import Revision
from tui.i18n import Language

ADDITIVE, BREAKING, UNKNOWN = Change.ADDITIVE, Change.BREAKING, Change.UNKNOWN


def script(body: str) -> bytes:
    return f"def upgrade():\n{textwrap.indent(textwrap.dedent(body).strip(), '    ')}\n".encode()


@pytest.mark.parametrize(
    ("body", "change"),
    [
        ("pass", ADDITIVE),
        ("op.create_table('t', sa.Column('id', sa.Integer, nullable=False))", ADDITIVE),
        ("op.create_table('t')\nop.create_index('i', 't', ['a'], unique=True)", ADDITIVE),
        ("op.create_table('t')\nop.create_foreign_key('f', 't', 'u', ['a'], ['b'])", BREAKING),
        ("t = op.create_table('t')\nop.bulk_insert(t, rows)", UNKNOWN),
        ("op.create_index('i', 't', ['a'])", ADDITIVE),
        ("op.create_index('i', 't', ['a'], unique=True)", BREAKING),
        ("op.create_index('i', 't', ['a'], unique=UNIQUE)", BREAKING),
        ("op.add_column('t', sa.Column('a', sa.Text))", ADDITIVE),
        ("op.add_column('t', sa.Column('a', sa.Text, nullable=True))", ADDITIVE),
        ("op.add_column('t', sa.Column('a', sa.Text, nullable=False))", BREAKING),
        ("op.add_column('t', sa.Column('a', sa.Text, nullable=False, server_default=''))", ADDITIVE),
        ("op.add_column('t', sa.Column('a', sa.Text, nullable=strict))", UNKNOWN),
        ("op.add_column('t', sa.Column('a', sa.Text, **options))", UNKNOWN),
        ("op.add_column('t', column)", UNKNOWN),
        ("op.add_column('t', sa.Column('a', sa.Text, unique=True))", BREAKING),
        ("op.alter_column('t', 'a', nullable=True)", ADDITIVE),
        ("op.alter_column('t', 'a', nullable=False)", BREAKING),
        ("op.alter_column('t', 'a', type_=sa.Text)", BREAKING),
        ("op.alter_column('t', 'a', new_column_name='b')", BREAKING),
        ("op.alter_column('t', 'a', server_default=None)", BREAKING),
        ("op.drop_column('t', 'a')", BREAKING),
        ("op.drop_table('t')", BREAKING),
        ("op.rename_table('t', 'u')", BREAKING),
        ("op.drop_index('i', 't')", UNKNOWN),
        ("op.create_check_constraint('c', 't', 'a > 0')", BREAKING),
        ("for name in names:\n    op.add_column(name, sa.Column('a', sa.Text))", UNKNOWN),
        ("if context.is_offline_mode():\n    pass", UNKNOWN),
        ("helper(op)", UNKNOWN),
        ("op.execute(statement)", UNKNOWN),
        ("op.execute('CREATE TABLE t (a int)')", ADDITIVE),
        ("op.execute('CREATE TABLE t (a int); CREATE UNIQUE INDEX i ON t (a)')", ADDITIVE),
        ("op.execute(sa.text('ALTER TABLE t ADD COLUMN a int'))", ADDITIVE),
        ("op.execute('ALTER TABLE t ADD COLUMN a int NOT NULL')", BREAKING),
        ("op.execute('ALTER TABLE t DROP COLUMN a')", BREAKING),
        ("op.execute('ALTER TABLE t RENAME a TO b')", BREAKING),
        ("op.execute('ALTER TABLE t ALTER a DROP NOT NULL')", UNKNOWN),
        ("op.execute('UPDATE t SET a = 1')", UNKNOWN),
        ("op.execute('DO $$ BEGIN END $$')", UNKNOWN),
        ("with op.batch_alter_table('t') as batch:\n    batch.add_column(sa.Column('a', sa.Text))", ADDITIVE),
        ("with op.batch_alter_table('t') as batch:\n    batch.drop_column('a')", BREAKING),
        ("with op.get_context().autocommit_block():\n    op.create_index('i', 't', ['a'])", ADDITIVE),
        ("with other():\n    op.create_index('i', 't', ['a'])", UNKNOWN),
        ("op.create_index('i', 't', ['a'])\nhelper()\nop.drop_table('t')", BREAKING),
    ],
)
def test_each_operation_has_its_judgement(body: str, change: Change) -> None:
    judged = judge_revision(script(body))
    assert judged.change is change
    assert bool(judged.because) == (change is not ADDITIVE)


@pytest.mark.parametrize(
    "source",
    [
        b"",
        b"def upgrade(:",
        b"upgrade = make()",
        b"\xff\xfe",
        pytest.param(b"(" * 10_000, id="nested"),
    ],
)
def test_what_can_not_be_read_is_unknown(source: bytes) -> None:
    assert judge_revision(source).change is UNKNOWN


ADD, BREAK, HIDE = script("op.create_table('n')"), script("op.drop_column('t', 'a')"), script("helper()")


def scripts(*chain: tuple[str, str | None, bytes]) -> KnownScripts:
    revisions = [Revision(id=each, down=(down,) if down else ()) for each, down, _ in chain]
    return KnownScripts(make_scripts(revisions), {each: source for each, _, source in chain})


A, B, C, D = ("a", None, ADD), ("b", "a", ADD), ("c", "b", BREAK), ("d", "b", HIDE)


@pytest.mark.parametrize(
    ("release", "rows", "fit", "goal"),
    [
        (scripts(A, B), ["b"], SchemaFit.OWN, ""),
        (scripts(A, B), ["a"], SchemaFit.BEHIND, ""),
        (scripts(A), [], SchemaFit.BEHIND, ""),
        (scripts(), [], SchemaFit.OWN, ""),
        (scripts(A), ["b"], SchemaFit.ADDITIVE, "a"),
        (scripts(), ["b"], SchemaFit.ADDITIVE, "base"),
        (scripts(A, B), ["c"], SchemaFit.BREAKING, "b"),
        (scripts(A), ["c"], SchemaFit.BREAKING, "a"),
        (scripts(A, B), ["d"], SchemaFit.UNKNOWN, "b"),
        (scripts(A, B, D), ["c"], SchemaFit.APART, ""),
        (scripts(A), ["z"], SchemaFit.UNKNOWN, ""),
    ],
)
def test_a_release_fits_by_what_lies_between_its_revisions_and_the_databases(
    release: KnownScripts, rows: list[str], fit: SchemaFit, goal: str
) -> None:
    fitting: Fitting = fit_of(release, rows, [scripts(A, B, C), scripts(A, B, D)])
    assert (fitting.fit, fitting.goal) == (fit, goal)
    assert Language("en").say(fitting.text)
    assert Language("zh").say(fitting.text)
