"""The audit on a real database: a good split, a broken one, too few, none at all; and the tests against published tables."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import TYPE_CHECKING

import psycopg
import pytest

from actions.catalogue.ab_audit import ACTION, Audit
from actions.planning import make_plan
from actions.settings import ActionsSettings
from actions.upkeep.statistics import Sample, chi_square_tail, compare_means, sample_ratio
from profiles.profile import BUNDLED
from tests.actions.build import context

if TYPE_CHECKING:
    from actions.model import Context

TABLES = """
CREATE TABLE ab_experiment_metadata (discord_user_id TEXT, ab_cohort VARCHAR(1), created_at TIMESTAMPTZ DEFAULT now());
CREATE TABLE feedback_events (
    discord_user_id TEXT, prompt_variant VARCHAR(1), feedback_value INT, created_at TIMESTAMPTZ DEFAULT now());
"""
ASSIGN = "INSERT INTO ab_experiment_metadata SELECT %s || n, %s FROM generate_series(1, %s) n"
ANSWER = "INSERT INTO feedback_events SELECT %s || n, %s, CASE WHEN n %% 10 < %s THEN 1 ELSE -1 END FROM generate_series(1, %s) n"


@pytest.fixture
def desk(postgres_url: str) -> Context:
    """With the queries that the bundled profile has for its own tables."""
    from actions.service_settings import read_profile_actions

    profile, problems = read_profile_actions(BUNDLED / "chimera" / "actions.toml")
    assert problems == ()
    with psycopg.connect(postgres_url) as connection:
        connection.execute(TABLES.encode())
    return context(settings=ActionsSettings().over(profile), postgres={"url": postgres_url})


def audit(on: Context, params: Audit | None = None) -> tuple[str, int, list[bool | None]]:
    params = params or Audit()
    plan = make_plan(ACTION, params, on)
    outcome = ACTION.run(params, plan, on)
    checks = [check.ok for check in ACTION.verify(params, plan, on)]
    return outcome.text.key.partition(".")[2], outcome.findings, checks


def test_rows_decide_and_no_rows_are_unknown(desk: Context, postgres_url: str) -> None:
    assert audit(desk) == ("ab_too_few", 1, [None, None]), "an empty table is no pass"
    with psycopg.connect(postgres_url, autocommit=True) as connection:

        def add(sql: str, *values: object) -> None:
            connection.execute(sql.encode(), values)

        add(ASSIGN, "a", "A", 400)
        add(ASSIGN, "a", "A", 400)  # the same users again
        add(ASSIGN, "b", "B", 420)
        assert audit(desk) == ("ab_no_outcome", 1, [True, None])
        add(ANSWER, "a", "A", 5, 300)
        add(ANSWER, "b", "B", 8, 300)
        assert audit(desk) == ("ab_differs", 0, [True, True])
        document = ACTION.run(Audit(), make_plan(ACTION, Audit(), desk), desk).document
        assert document is not None
        assert document["srm"] | {"chi2": 0, "p_value": 0} == {  # type: ignore[operator]
            "n_a": 400,
            "n_b": 420,
            "expected_a": 0.5,
            "chi2": 0,
            "p_value": 0,
            "passed": True,
        }
        assert audit(desk, Audit(expected_control=0.8)) == ("ab_mismatch", 1, [True, True])
        add(ASSIGN, "c", "C", 1)
        assert audit(desk)[1] == 1, "a group that nobody planned"


@pytest.mark.parametrize(
    ("degrees", "critical"),
    [(1, 3.841458820694124), (2, 5.991464547107979), (3, 7.814727903251179), (10, 18.307038053275146)],
)
def test_chi_square_against_the_tables_of_nist(degrees: int, critical: float) -> None:
    """NIST/SEMATECH e-Handbook, 1.3.6.7.4, upper 5 %."""
    assert chi_square_tail(critical, degrees) == pytest.approx(0.05, rel=1e-9)
    assert chi_square_tail(0, degrees) == 1.0
    assert chi_square_tail(5_000, degrees) < 1e-300


def test_means_against_the_normal_distribution_and_where_nothing_can_be_said() -> None:
    means = compare_means(Sample(100, 0.5, 0.25), Sample(100, 0.65, 0.2275), 0.05)
    assert means is not None
    assert means.z == pytest.approx(0.15 / math.sqrt(0.0025 + 0.002275))
    assert means.p_value == pytest.approx(2 * (1 - NormalDist().cdf(means.z)))
    assert means.ci_low < 0.15 < means.ci_high
    assert compare_means(Sample(100, 1, 0), Sample(100, 1, 0), 0.05) is None, "nothing varies"
    assert compare_means(Sample(1, 1, math.nan), Sample(100, 1, 1), 0.05) is None
    assert sample_ratio([0, 0], [0.5, 0.5]) is None
    assert sample_ratio([4, 4], [0.5, 0.5]) is None, "Cochran: too few"
