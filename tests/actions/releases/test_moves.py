"""Releases of the sandbox's service for real: brought in, switched, taken back, with and without a downgrade."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from actions.migrations.errors import MigrationError
from actions.model import Context, Outcome, Plan
from actions.parameters import read_parameters
from actions.planning import hold_to, make_plan, plan_from_json, plan_to_json
from actions.registry import own_actions
from actions.release_settings import ReleasesSettings
from actions.releases.errors import Stopped
from tests import plain_http
from tests.actions.build import context
from tests.actions.migrations.project import run_sql
from tests.actions.releases.test_scripts import git
from tests.chimera import DATABASE
from tests.sandbox.fronts import Front, running_front
from tui.i18n import Language

FIRST, ADDS, BREAKS = "375b918c8740", "5b7d20c4e9a1", "c81f6e3b02d7"


@pytest.fixture
def front(tmp_path: Path, postgres_url: str, redis_url: str) -> Iterator[Front]:
    with running_front(tmp_path, postgres_url, redis_url) as running:
        yield running


def where(front: Front, url: str, printed: list[str] | None = None, **more: object) -> Context:
    settings = ReleasesSettings.model_validate(front.settings(**more))
    postgres = {"url": url, **DATABASE, "migrations": front.releases / "live" / "migrations"}
    return context(printed, releases=settings, postgres=postgres)


def planned(action_id: str, here: Context, **params: str) -> Plan:
    action = own_actions()[action_id]
    plan = make_plan(action, read_parameters(action.parameters, params), here)
    assert plan_from_json(plan_to_json(plan)) == plan
    for language in (Language("en"), Language("zh")):
        for text in (*plan.blockers, *plan.warnings, plan.undo.text, *(fact.label for fact in plan.facts)):
            assert language.say(text)
    return plan


def parts(plan: Plan) -> str:
    return str(next(fact.value for fact in plan.facts if fact.label.key == "releases.fact_parts"))


def done(action_id: str, here: Context, plan: Plan | None = None, **params: str) -> tuple[Plan, Outcome]:
    action = own_actions()[action_id]
    plan = plan or planned(action_id, here, **params)
    assert not plan.blockers
    given = read_parameters(action.parameters, params)
    outcome: Outcome = action.run(given, plan, here)
    assert [check.text for check in action.verify(given, plan, here) if check.ok is not True] == []
    return plan, outcome


def upgrade(front: Front, url: str, version: str) -> None:
    """What a test starts from: in this process, which is quicker."""
    from alembic import command
    from alembic.config import Config

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WARROOM_SERVICE_URL", url)
        command.upgrade(Config(str(front.releases / version / "migrations" / "alembic.ini")), "head")


def ready(front: Front, path: str = "/ready") -> tuple[int, str]:
    answer = plain_http.get(front.url + path)
    return answer.status_code, answer.json()["version"]


def test_a_release_that_only_adds_comes_in_is_switched_to_and_taken_back_without_a_downgrade(
    front: Front, postgres_url: str
) -> None:
    upgrade(front, postgres_url, "v2.2.1")
    front.slots.put("blue", "v2.2.1")
    here = where(front, postgres_url)
    plan, _ = done("release.deploy", here, version="v2.3.0")
    assert (parts(plan), plan.danger) == ("schema_up stage", "mitigate")
    assert any("CREATE TABLE analysis_feedback" in step.text for step in plan.steps)
    assert ready(front) == (200, "v2.2.1"), "no request reaches the idle slot, and the live one runs on"
    assert run_sql(postgres_url, "SELECT version_num FROM alembic_version") == [(ADDS,)]
    switch, _ = done("release.switch", here)
    assert parts(switch) == "switch"
    assert ready(front) == (200, "v2.3.0")
    assert switch.undo.call is not None
    assert (switch.undo.call.id, dict(switch.undo.call.params)) == ("release.switch", {"slot": "blue"})
    back, _ = done("release.rollback", here)
    assert (parts(back), back.danger, len(back.steps)) == ("switch", "mitigate", 2)
    assert "releases.no_downgrade" in [warning.key for warning in back.warnings]
    assert ready(front) == (200, "v2.2.1")
    assert run_sql(postgres_url, "SELECT version_num FROM alembic_version") == [(ADDS,)]
    assert planned("release.switch", here, slot="blue").blockers[0].key == "releases.live_already"
    stale = planned("release.switch", here)
    front.slots.switch("green")
    with pytest.raises(Exception, match="plan_stale"):
        hold_to(stale, planned("release.switch", here, slot="green"))


def test_a_release_that_breaks_is_taken_back_with_a_downgrade_that_keeps_its_rows_and_forward_again(
    front: Front, postgres_url: str
) -> None:
    upgrade(front, postgres_url, "v3.0.0")
    front.slots.put("blue", "v3.0.0")
    front.slots.put("green", "v2.3.0")
    assert ready(front, "/slots/green/ready") == (503, "v2.3.0"), "its code can't use this schema"
    for rating in (1, 2):
        note = {"match": "m", "rating": rating, "reason": f"r{rating}"}
        assert plain_http.post(f"{front.url}/feedback", json=note).status_code == 200
    printed: list[str] = []
    here = where(front, postgres_url, printed)
    assert planned("release.switch", here).blockers[0].key == "releases.needs_rollback"

    # The switch itself fails: the schema is down by then, and everybody is told what holds.
    stuck = where(front, postgres_url, commands={**front.settings()["commands"], "switch": [["false"]]})  # type: ignore[dict-item]
    plan = planned("release.rollback", stuck)
    assert (parts(plan), plan.danger) == ("schema_down switch", "destructive")
    assert [(fact.label.values["table"], fact.value) for fact in plan.effects] == [("analysis_feedback", 2)]
    with pytest.raises(Stopped) as stopped:
        done("release.rollback", stuck, plan)
    words = Language("en").say(stopped.value.message)
    assert "all requests to v2.3.0 in green" in words
    assert f"live by the adapter: v3.0.0 (blue); answers: v3.0.0; database at {ADDS}" in words
    listed = planned("release.list", here)
    assert [warning.key for warning in listed.warnings] == ["releases.answered", "releases.live_unfit"]

    # The same action takes up what is left.
    rest, outcome = done("release.rollback", here)
    assert (parts(rest), rest.danger) == ("switch", "mitigate")
    assert ready(front) == (200, "v2.3.0")
    assert run_sql(postgres_url, "SELECT rating FROM analysis_feedback ORDER BY 1") == [(1,), (2,)]
    nothing = planned("release.rollback", here, to="v2.3.0")
    assert [blocker.key for blocker in nothing.blockers] == ["releases.nothing_left"]
    assert outcome.undo is not None
    assert outcome.undo.call is not None
    assert (outcome.undo.call.id, outcome.undo.call.params["slot"]) == ("release.switch", "blue")
    ((snapshot,),) = run_sql(postgres_url, "SELECT id FROM warroom_snapshots.snapshot")
    hints = [
        warning for warning in planned("release.switch", here).warnings if warning.key == "releases.rows_kept"
    ]
    assert [hint.values["snapshots"] for hint in hints] == [snapshot], (
        "who killed the run took its name with it"
    )
    forward, _ = done("release.switch", here, slot="blue", snapshots=str(snapshot))
    assert parts(forward) == "schema_up restore switch"
    assert ready(front) == (200, "v3.0.0")
    rows = run_sql(postgres_url, "SELECT score, reason FROM analysis_feedback ORDER BY 1")
    assert rows == [(1, "r1"), (2, "r2")]


def test_without_a_probe_nothing_proves_a_release_and_that_is_said(front: Front, postgres_url: str) -> None:
    upgrade(front, postgres_url, "v2.3.0")
    front.slots.put("blue", "v2.2.1")
    printed: list[str] = []
    here = where(front, postgres_url, printed, probe=None)
    listed = planned("release.list", here)
    assert [warning.key for warning in listed.warnings] == ["releases.no_probe"]
    assert next(fact for fact in listed.facts if fact.label.key == "releases.fact_answers").value is None
    for action_id, params in (("release.deploy", {"version": "v2.3.0"}), ("release.switch", {})):
        action = own_actions()[action_id]
        plan = planned(action_id, here, **params)
        assert plan.blockers == ()
        assert not [step for step in plan.steps if step.kind == "http"], "nobody is asked"
        action.run(read_parameters(action.parameters, params), plan, here)
        checks = action.verify(read_parameters(action.parameters, params), plan, here)
        assert [(check.ok, check.text.key) for check in checks] == [(None, "releases.no_probe")]
    assert "releases.nobody_asks" in [warning.key for warning in plan.warnings]
    assert printed.count("nobody can be asked which release answers: not known") == 2
    assert ready(front) == (200, "v2.3.0"), "it was done all the same"
    back = planned("release.rollback", here)
    assert (parts(back), back.blockers) == ("switch", ())


def test_scripts_that_stand_in_git_alone_judge_a_release_and_move_no_schema(
    front: Front, postgres_url: str, tmp_path: Path
) -> None:
    """A bare clone: what the revisions do is read from it, and how they are run is not known from there."""
    work, bare = tmp_path / "work", tmp_path / "shop.git"
    work.mkdir()
    git(work, "init", "-q")
    for version in ("v2.2.1", "v2.3.0", "v3.0.0"):
        shutil.copytree(front.releases / version / "migrations", work / "migrations", dirs_exist_ok=True)
        git(work, "add", ".")
        git(work, "commit", "-qm", version)
        git(work, "tag", version)
    git(work, "clone", "-q", "--bare", str(work), str(bare))
    shutil.rmtree(work)
    upgrade(front, postgres_url, "v2.2.1")
    front.slots.put("blue", "v2.2.1")
    scripts = {"repository": str(bare), "path": "migrations/versions"}
    settings = ReleasesSettings.model_validate(front.settings(scripts=scripts))
    here = context(releases=settings, postgres={"url": postgres_url})
    listed = planned("release.list", here)
    fits = [str(fact.value) for fact in listed.facts if fact.label.key == "releases.fact_release"]
    assert [line.rsplit(" · ", 1)[1] for line in fits] == [
        f"schema {FIRST} (own)",
        f"schema {ADDS} (behind)",
        f"schema {BREAKS} (behind)",
    ]
    with pytest.raises(MigrationError) as refused:
        planned("release.deploy", here, version="v2.3.0")
    assert "set alembic_ini in [signals.postgres]" in Language("en").say(refused.value.message)
    # With the Alembic of the release that runs: it has not heard of the new one's revisions.
    running = where(front, postgres_url, scripts=scripts)
    assert [blocker.key for blocker in planned("release.deploy", running, version="v2.3.0").blockers] == [
        "migrations.no_revision"
    ]
    assert run_sql(postgres_url, "SELECT version_num FROM alembic_version") == [(FIRST,)]
    kept = planned("release.deploy", here, version="v2.3.0", database="keep")
    assert (parts(kept), kept.blockers) == ("stage", ())
    assert "releases.kept_anyway" in [warning.key for warning in kept.warnings]

    upgrade(front, postgres_url, "v2.3.0")
    front.slots.put("green", "v2.3.0")
    front.slots.switch("green")
    back, _ = done("release.rollback", here)
    assert (parts(back), ready(front)) == ("switch", (200, "v2.2.1")), "additive by the text in Git"
