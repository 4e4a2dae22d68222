"""The panel's word on the schema comes from the scripts of the release that runs, as `release.list` has it."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from actions.release_settings import ReleaseScripts
from actions.releases.scripts import ReleaseSchemas
from panels.evaluate import evaluate
from panels.query_cache import QueryCache
from panels.spec import PanelSpec, QuerySpec
from panels.state import PanelState
from signals.database.postgres import PostgresSchema
from signals.metrics.failover import MetricFailover
from signals.reading import Answer, Series
from signals.settings import PostgresSettings, SignalsSettings
from signals.sources import Sources
from tests.actions.releases.test_scripts import git, revision
from tui.i18n import Language

SAY = Language("en").say
SPEC = PanelSpec(
    id="release",
    title="Release",
    kind="release",
    queries=(QuerySpec(name="running", expr="build", by="version"),),
)


class Running:
    """Metrics that say which releases run now, and which ran before."""

    name, remote = "known", False

    def __init__(self, now: tuple[str, ...], before: tuple[str, ...]) -> None:
        self.now, self.before = now, before

    async def query(self, expr: str, at: float | None = None) -> Answer:
        at = 1e6 if at is None else at
        series = tuple(Series((("version", each),), (at,), (1.0,)) for each in self.now)
        return Answer(expr, "vector", series, self.name, at)

    async def query_range(self, expr: str, start: float, end: float, step: float) -> Answer:
        series = tuple(Series((("version", each),), (start + step,), (1.0,)) for each in self.before)
        return Answer(expr, "matrix", series, self.name, end)

    async def metric_names(self) -> frozenset[str]:
        return frozenset({"build"})

    async def has_had(self, metric: str) -> bool:
        return metric == "build"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """v1, v2 that adds a revision, v3 that adds one which drops a column; nothing of it is checked out anywhere."""
    work, bare = tmp_path / "work", tmp_path / "shop.git"
    (work / "db").mkdir(parents=True)
    git(work, "init", "-q")
    drops = revision("c", "b").replace("    pass\n", "    op.drop_column('t', 'x')\n")
    for tag, name, text in (
        ("v1", "a", revision("a", None)),
        ("v2", "b", revision("b", "a")),
        ("v3", "c", drops),
    ):
        (work / "db" / f"{name}.py").write_text(text)
        git(work, "add", ".")
        git(work, "commit", "-qm", tag)
        git(work, "tag", tag)
    git(work, "clone", "-q", "--bare", str(work), str(bare))
    return bare


async def judged(
    repository: Path, url: str, rows: str, now: tuple[str, ...], before: tuple[str, ...] = ()
) -> PanelState:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE alembic_version (version_num varchar(32))")
        connection.execute("INSERT INTO alembic_version VALUES (%s)", [rows])
    postgres = PostgresSettings.model_validate({"url": url})
    metrics = MetricFailover([Running(now, before)], SignalsSettings(), lambda _: None)
    cache = QueryCache(metrics)
    sources = Sources(metrics=metrics, schema=PostgresSchema(postgres))
    scripts = ReleaseScripts.model_validate({"repository": repository, "path": "db"})
    try:
        return await evaluate(SPEC, sources, cache, schemas=ReleaseSchemas(scripts, postgres))
    finally:
        await cache.close()


@pytest.mark.parametrize(
    ("rows", "now", "before", "verdict", "text", "row"),
    [
        ("a", ("v1",), (), "ok", "schema a is that of v1", "is its own"),
        ("a", ("v2",), (), "warn", "schema BEHIND v2: a", "lacks b"),
        ("b", ("v1",), ("v2",), "ok", "schema b has more than v1 needs", "b only adds"),
        ("c", ("v2",), ("v3",), "warn", "schema c is NOT FOR v2", "downgrade to b is needed"),
        ("b", ("v1",), (), "unknown", "NOT KNOWN whether it is for v1", "no release that is listed knows"),
        ("a", ("v9",), (), "unknown", "NOT KNOWN whether it is for v9", "has no scripts of v9"),
        ("a", ("--output=x",), (), "unknown", "NOT KNOWN", "could mean something else"),
        ("a", (), ("v1",), "unknown", "which release runs is NOT KNOWN", "compared with none"),
    ],
)
async def test_the_schema_is_judged_by_the_scripts_of_what_runs(
    *,
    repository: Path,
    postgres_url: str,
    rows: str,
    now: tuple[str, ...],
    before: tuple[str, ...],
    verdict: str,
    text: str,
    row: str,
) -> None:
    state = await judged(repository, postgres_url, rows, now, before)
    assert state.verdict == verdict
    assert any(text in SAY(part.text) for part in state.parts)
    assert any(row in SAY(cell) for each in state.rows for cell in each.cells)
    for part in state.parts:
        assert Language("zh").say(part.text)
