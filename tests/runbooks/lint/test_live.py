"""What the sources say of a runbook: metrics, labels, tables and revisions that are not there."""

from __future__ import annotations

from dataclasses import replace

import psycopg
import pytest
from pydantic import SecretStr

from core.message import Message
from runbooks.lint.finding import Finding
from runbooks.lint.live import lint_live
from signals.database.postgres import PostgresSchema
from signals.metrics.failover import MetricFailover
from signals.settings import PostgresSettings, SignalsSettings
from signals.sources import Sources
from tests.chimera import DATABASE
from tests.runbooks.build import parsed, phase, step
from tests.runbooks.scraped import scraped
from tests.signals.database.test_postgres import HEAD
from tui.i18n import Language


def metrics() -> Sources:
    return scraped(
        chimera_queue_length__ai=lambda _: 1.0, chimera_queue_length__matches=lambda _: 2.0, up=lambda _: 1.0
    )


async def looked(
    block: str, sources: Sources | None = None, revisions: frozenset[str] | None = None
) -> tuple[list[Finding], list[Message]]:
    return await lint_live([parsed(phase("do", step("a", block))).runbook], sources or metrics(), revisions)


@pytest.mark.parametrize(
    ("promql", "rules"),
    [
        ("sum(chimera_queue_length)", []),
        ('chimera_queue_length{queue="ai"} or vector(0)', []),
        ('chimera_queue_length{queue!="mail", job!~"x"}', []),
        ('chimera_queue_length{queue=~"a.*"}', []),
        ("absent(nobody)", []),
        ("chimera_queue_depth", [("metric-missing", "likely")]),
        ("chimera_queue_depth / chimera_queue_total", [("metric-missing", "likely")] * 2),
        ("chimera_queue_depth or chimera_queue_length", []),
        ("chimera_queue_depth or chimera_queue_total", [("metric-missing", "likely")]),
        ("sum(chimera_queue_depth) or vector(0)", [("metric-missing", "hint")]),
        ('chimera_queue_length{queue="mail"} or chimera_queue_length{queue="ai"}', []),
        ('chimera_queue_length{name="ai"}', [("label-missing", "likely")]),
        ('chimera_queue_length{queue="mail"}', [("value-missing", "hint")]),
        ("sum(", []),
    ],
)
async def test_metrics_labels_and_values(promql: str, rules: list[tuple[str, str]]) -> None:
    found, silent = await looked(f"```check\npromql: {promql}\nexpect: < 5\n```")
    assert [(one.rule, one.confidence) for one in found] == rules
    assert all((one.file, one.line) == ("book.md", 10) for one in found)
    assert silent == []


async def test_the_nearest_name_is_told() -> None:
    (found,), _ = await looked("```check\npromql: chimera_queue_lenght\nexpect: < 5\n```")
    assert found.fix is not None
    assert "chimera_queue_length" in Language().say(found.fix)
    (value,), _ = await looked('```check\npromql: chimera_queue_length{queue="match"}\nexpect: < 5\n```')
    assert value.evidence.startswith("matches")


async def test_a_source_that_does_not_answer_is_told_and_finds_nothing() -> None:
    nothing = Sources(metrics=MetricFailover([], SignalsSettings(), lambda _: None))
    found, silent = await looked("```check\npromql: up\nexpect: < 5\n```", nothing)
    assert (found, len(silent)) == ([], 1)


async def test_tables_and_indexes_of_a_real_database(postgres_url: str) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("CREATE TABLE profiles (a int); CREATE INDEX idx_profiles_a ON profiles (a)")
    source = PostgresSchema(PostgresSettings(url=SecretStr(postgres_url)))
    sources = replace(metrics(), schema=source)
    right = "```check\nprobe: schema\ntable: profiles\nindexes: idx_profiles_a\n```"
    assert await looked(right, sources) == ([], [])
    (found,), _ = await looked(right.replace("idx_profiles_a", "idx_profile_a"), sources)
    assert (found.rule, found.confidence, found.line) == ("schema-missing", "likely", 10)
    assert found.fix is not None
    assert "idx_profiles_a" in Language().say(found.fix)
    assert await source.revisions() is None
    migrated = PostgresSchema(PostgresSettings.model_validate({"url": postgres_url, **DATABASE}))
    assert HEAD in (await migrated.revisions() or ())


@pytest.mark.parametrize(
    ("command", "lines"),
    [
        (f"alembic upgrade {HEAD}", []),
        (f"poetry run alembic downgrade {HEAD[:8]}", []),
        ("alembic upgrade head\nalembic -c x.ini stamp deadbeef0001", [11]),
        ("git checkout deadbeef0001", []),
        ("alembic downgrade -1", []),
    ],
)
async def test_revisions_that_the_scripts_do_not_have(command: str, lines: list[int]) -> None:
    found, _ = await looked(f"```sh\n{command}\n```", revisions=frozenset({HEAD}))
    assert [one.line for one in found] == lines
    assert (await looked(f"```sh\n{command}\n```"))[0] == []


@pytest.mark.parametrize(("revision", "count"), [("head", 0), (HEAD, 0), ("deadbeef0001", 1)])
async def test_a_revision_that_a_check_asks_for_is_one_of_the_scripts(revision: str, count: int) -> None:
    found, _ = await looked(
        f"```check\nprobe: schema\nrevision: {revision}\n```", revisions=frozenset({HEAD})
    )
    assert [one.rule for one in found] == ["unknown-revision"] * count
