"""The built-in runbooks hold what they promise: both languages in step, and every name, query and command is real."""

from __future__ import annotations

import ast
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import sandbox
from actions.registry import own_actions
from runbooks.library import LANGUAGES, Library, load_library
from runbooks.lint.actions import lint_actions
from runbooks.lint.alerts import lint_alerts
from runbooks.lint.drift import drift
from runbooks.lint.finding import sort_findings
from runbooks.lint.lint import lint
from runbooks.model import Check, Paragraph, Phase, Runbook, Step
from signals.alerts.model import AlertRule
from signals.alerts.rules import load_rules
from signals.metrics.promql import evaluate
from signals.store.ring import Ring
from tests import chimera
from tests.panels.test_board import EXPORTED, MANUAL

RUNBOOKS = {
    "ab-audit",
    "arena-data-lock",
    "availability",
    "budget",
    "build-visuals",
    "chaos-llm",
    "chaos-redis",
    "cloudflare-ban",
    "deploy",
    "key-leak",
    "latency-p95",
    "migration",
    "rollback",
    "stress-test",
}
PANELS = {"slo", "alerts", "queues", "riot429", "ban", "llm", "cost", "release"}
TASKS = {
    "src.tasks.analysis_tasks.analyze_match_task",
    "src.tasks.team_tasks.analyze_team_task",
    "src.tasks.match_tasks.fetch_match_history",
    "src.tasks.match_tasks.fetch_and_store_match",
    "src.tasks.match_tasks.batch_fetch_matches",
}
QUEUES = {"matches", "ai", "default"}
CELERY = "docker exec chimera-celery-worker celery -A src.tasks.celery_app.celery_app "
SERVICES = {"postgres", "redis", "discord-bot", "celery-worker"}
SCRIPTS = {
    "scripts/audit_secrets.py",
    "scripts/audit_experiment_data.py",
    "scripts/deploy_env_check.sh",
    "scripts/start_worker.sh",
}
METRIC = re.compile(r"\bchimera_\w+|\bprocess_start_time_seconds\b")
METRICS_OF_SOME = re.compile("chimera_degraded_total|chimera_llm_cache_hits_total|chimera_build_info")
"""What neither set of names has: a service that does not export it shows NO DATA, and the step says where to look instead."""
ALERTS = Path(sandbox.__file__).with_name("alerts.yml")
TABLES = """
CREATE TABLE user_profiles (discord_user_id text PRIMARY KEY, puuid text NOT NULL, profile_data jsonb NOT NULL,
    last_updated timestamptz NOT NULL DEFAULT now(), created_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE ab_experiment_metadata (ab_cohort varchar(1), llm_api_cost_usd double precision,
    total_processing_time_ms int, created_at timestamptz DEFAULT now());
CREATE TABLE feedback_events (prompt_variant varchar(1), feedback_type varchar(32));
"""
"""The columns that the runbooks ask for, typed as the service has them."""


@pytest.fixture(scope="module")
def libraries() -> dict[str, Library]:
    return {code: load_library(chimera.RUNBOOKS, code) for code in LANGUAGES}


@pytest.fixture(scope="module", params=LANGUAGES)
def library(request: pytest.FixtureRequest, libraries: dict[str, Library]) -> Library:
    return libraries[request.param]


def steps(library: Library) -> Iterator[tuple[Runbook, Phase, Step]]:
    for runbook in library.runbooks:
        for phase in runbook.phases:
            for step in phase.steps:
                yield runbook, phase, step


def commands(library: Library) -> Iterator[tuple[str, str]]:
    """Where a command stands, and its text."""
    for runbook, _, step in steps(library):
        for command in step.commands:
            yield f"{runbook.id}/{step.id}", command.text


def checks(library: Library) -> Iterator[tuple[str, Check]]:
    for runbook, _, step in steps(library):
        for check in step.checks:
            yield f"{runbook.id}/{step.id}", check


def lines(library: Library, start: str) -> set[str]:
    """What follows `start` in all command lines that begin with it."""
    return {
        line.removeprefix(start)
        for _, text in commands(library)
        for line in text.splitlines()
        if line.startswith(start)
    }


def test_all_are_there_in_their_own_language_and_read_without_a_problem(library: Library) -> None:
    assert {one.id for one in library.runbooks} == RUNBOOKS
    assert [(one.file, one.line, one.rule) for one in library.problems] == []
    assert {one.language for one in library.runbooks} == {library.language}
    assert not any(one.plain for one in library.runbooks)


def test_both_languages_are_in_step(libraries: dict[str, Library]) -> None:
    for runbook in libraries["en"].runbooks:
        twin = libraries["zh"].get(runbook.id)
        assert twin is not None, runbook.id
        assert [str(one.message) for one in drift(runbook, twin)] == [], runbook.id
        for mine, theirs in zip(runbook.steps(), twin.steps(), strict=True):
            shape = [(type(one).__name__, getattr(one, "role", "")) for one in mine.blocks]
            assert shape == [(type(one).__name__, getattr(one, "role", "")) for one in theirs.blocks], mine.id
            assert [one.text for one in mine.commands] == [one.text for one in theirs.commands], mine.id


def test_chinese_is_chinese_and_english_is_not(libraries: dict[str, Library]) -> None:
    chinese = re.compile("[\u4e00-\u9fff]")
    for code, library in libraries.items():
        for runbook, phase, step in steps(library):
            prose = [b.text for b in step.blocks if isinstance(b, Paragraph) and not b.role]
            for text in (runbook.title, phase.title, step.text, phase.pause, *prose):
                without_code = re.sub(r"`[^`]*`", "", text)
                if without_code.strip():
                    assert bool(chinese.search(without_code)) == (code == "zh"), (runbook.id, step.id, text)


def test_our_own_lint_finds_nothing_even_against_the_alert_rules(library: Library) -> None:
    rules = [
        AlertRule(rule.name, rule.expr, rule.for_s, ALERTS.name)
        for rule in load_rules(ALERTS)
        if rule.kind == "alert"
    ]
    for parsed in library.parsed:
        found = sort_findings([*lint(parsed), *lint_alerts(parsed, rules)])
        assert [(one.line, one.rule, str(one.message)) for one in found] == [], parsed.runbook.file


def test_alerts_and_panels_lead_to_a_runbook_and_back(library: Library) -> None:
    rules = {rule.name for rule in load_rules(ALERTS) if rule.kind == "alert"}
    assert {name for one in library.runbooks for name in one.alerts} == rules
    assert all(library.for_alert(name) for name in rules)
    assert {name for one in library.runbooks for name in one.panels} == PANELS
    board = tomllib.loads(chimera.BOARD_FILE.read_text(encoding="utf-8"))
    led_to = [panel["runbook"] for panel in board["panel"] if "runbook" in panel]
    assert led_to
    assert set(led_to) <= RUNBOOKS


def test_killers_come_first_and_nobody_has_to_keep_more_than_nine_steps_in_mind(library: Library) -> None:
    for runbook in library.runbooks:
        waiting = 0
        for phase in runbook.phases:
            killers = [step.killer for step in phase.steps]
            assert killers == sorted(killers, reverse=True), (runbook.id, phase.id)
            waiting = 0 if phase.prevention else waiting + len(phase.steps)
            assert waiting <= 9, (runbook.id, phase.id)
            waiting = 0 if phase.pause else waiting
        assert any(phase.prevention for phase in runbook.phases), runbook.id


def test_a_command_says_what_to_expect_and_one_that_changes_something_how_to_take_it_back(
    library: Library,
) -> None:
    changes = re.compile(
        r"docker compose|control |alembic (upgrade head|downgrade|revision)|cat >|purge|DEL "
    )
    for runbook, _, step in steps(library):
        roles = {one.role for one in step.blocks if isinstance(one, Paragraph)}
        if step.commands:
            assert "expect" in roles, (runbook.id, step.id)
        if any(changes.search(one.text) for one in step.commands) and not step.id.endswith("restore"):
            assert "undo" in roles, (runbook.id, step.id)


def test_every_action_is_there_and_takes_what_is_written(library: Library) -> None:
    """Beside it stands the command or the check, for who has no rights; a secret is never written."""
    models = {name: action.parameters for name, action in own_actions().items()}
    called = [(runbook, step, call) for runbook, _, step in steps(library) for call in step.actions]
    assert len(called) > 10
    assert [found for runbook in library.runbooks for found in lint_actions(runbook, models)] == []
    for _, step, call in called:
        assert step.commands or step.checks, step.id
        for task in [value for name, value in call.parameters.items() if name == "task"]:
            assert task in TASKS
        for queue in [value for name, value in call.parameters.items() if name == "queue"]:
            assert queue in QUEUES


def test_every_query_asks_for_metrics_that_the_board_knows(library: Library) -> None:
    files = (chimera.BOARD_FILE, chimera.COSTS_FILE)
    known = {metric for file in files for metric in METRIC.findall(file.read_text(encoding="utf-8"))}
    queries = [(where, check.promql) for where, check in checks(library) if check.promql]
    assert len(queries) > 50
    for where, promql in queries:
        assert METRIC.search(promql), where
        assert set(METRIC.findall(promql)) <= known, (where, set(METRIC.findall(promql)) - known)


@pytest.mark.parametrize("page", [MANUAL, EXPORTED], ids=["names of the manual", "names of the code"])
def test_every_query_answers_under_the_names_of_the_manual_and_under_those_of_the_code(
    library: Library, page: str
) -> None:
    ring = Ring(7200.0)
    page += 'chimera_celery_queue_length{{queue="matches"}} 3\n'
    for at in range(0, 3601, 60):
        for name, labels, value in re.findall(
            r"^(\w+)\{(.*)\} (\S+)$", page.format(few=at, many=5 * at, all=6 * at), re.MULTILINE
        ):
            pairs = [("__name__", name), *re.findall(r'(\w+)="([^"]*)"', labels)]
            ring.append(tuple(sorted(pairs)), at, float(value))
    silent = {
        where
        for where, check in checks(library)
        if check.promql
        and not METRICS_OF_SOME.search(check.promql)
        and not evaluate(check.promql, ring, 3600.0).series
    }
    assert silent == set()


def test_every_task_and_queue_in_a_command_is_real(library: Library) -> None:
    for where, text in commands(library):
        named = set(re.findall(r"src\.tasks\.\w+\.(?:analyze|fetch|batch)\w+", text))
        assert named <= TASKS, (where, named - TASKS)
    for said in lines(library, CELERY):
        if queue := re.search(r"(?:cancel_consumer|add_consumer|-Q) (\S+)", said):
            assert queue[1] in QUEUES, said
        if task := re.search(r"rate_limit (\S+) (\S+)$", said):
            assert task[1] in TASKS, said
            assert re.fullmatch(r"0|\d+/m", task[2]), said
    for where, check in checks(library):
        if check.probe == "queue":
            assert check.parameters is not None
            assert check.parameters["queue"] in QUEUES, where


def test_every_celery_command_is_spelled_in_full(library: Library) -> None:
    for where, text in commands(library):
        for line in text.splitlines():
            if "celery -A" in line:
                assert line.startswith(CELERY), (where, line)


def test_every_service_and_script_in_a_command_is_real(library: Library) -> None:
    named, run = set(), set()
    for _, text in commands(library):
        run |= set(re.findall(r"\bscripts/[\w./]+", text))
        for line in text.splitlines():
            if line.startswith("docker compose "):
                named |= {
                    word for word in line.split() if re.fullmatch(r"[a-z]+-[a-z]+|redis|postgres", word)
                }
    assert named <= SERVICES
    assert {"celery-worker", "discord-bot", "redis"} <= named
    assert run == SCRIPTS


def test_every_command_is_a_shell_command(library: Library) -> None:
    for where, text in commands(library):
        done = subprocess.run(["sh", "-n"], input=text, text=True, capture_output=True, check=False)
        assert not done.returncode, (where, done.stderr)


def test_every_piece_of_python_in_a_command_is_python(library: Library) -> None:
    found = 0
    for _, text in commands(library):
        for code in re.findall(r"<<'PY'\n(.*?)\nPY$", text, re.DOTALL | re.MULTILINE):
            ast.parse(code)
            found += 1
        for code in re.findall(r'python -c "([^"]+)"', text):
            ast.parse(code)
            found += 1
    assert found >= 6


def test_no_command_takes_a_secret_as_an_argument(library: Library) -> None:
    risky = re.compile(
        r"PGPASSWORD=|(?:^|\s)-a\s+\S+.*redis-cli|redis-cli .*(?:-a|--pass)\s|requirepass \S|://[^\s/:@\"']*:[^\s@\"']+@"
        r"|(?:KEY|TOKEN|SECRET|PASSWORD)=[\"']?\w|PASSWORD '|-H ['\"]?(?:Authorization|X-Riot-Token)"
    )
    for where, text in commands(library):
        without_patterns = re.sub(r"^LEAK=.*$", "", text, flags=re.MULTILINE)
        assert not risky.search(without_patterns), (where, text)


def test_every_secret_of_a_probe_comes_from_the_environment(library: Library) -> None:
    probes = [(where, one.parameters or {}) for where, one in checks(library) if one.probe == "http"]
    assert len(probes) >= 9
    for where, parameters in probes:
        for header in parameters.get("headers", ()):
            assert re.fullmatch(r"[\w-]+: (?:Bot |Bearer )?\$\{[A-Z_]+\}", header), where


def test_the_old_key_is_proven_dead_and_the_new_one_alive_for_each_provider(library: Library) -> None:
    runbook = library.get("key-leak")
    assert runbook is not None
    proofs = {
        step.id: step.checks[0].expect
        for step in runbook.steps()
        if step.id.endswith(("-dead", "-alive")) and step.checks and step.checks[0].probe == "http"
    }
    for provider in ("riot", "discord", "gemini", "openai"):
        assert 200 not in proofs[f"{provider}-old-dead"].statuses
        assert set(proofs[f"{provider}-old-dead"].statuses) <= {400, 401, 403, 404}
        assert proofs[f"{provider}-new-alive"].statuses == (200,)
    order = [
        phase.steps[0].id for phase in runbook.phases if phase.id in ("riot", "discord", "llm", "database")
    ]
    assert order == ["riot-revoke", "discord-revoke", "llm-revoke", "db-password"]


def test_the_return_after_a_ban_has_a_gate_and_a_pause_at_each_stage(library: Library) -> None:
    runbook = library.get("cloudflare-ban")
    assert runbook is not None
    stages = {phase.id: phase for phase in runbook.phases if phase.id.startswith("return-")}
    assert list(stages) == ["return-10", "return-25", "return-50", "return-100"]
    for name, phase in stages.items():
        share = name.removeprefix("return-")
        rates = {
            rate
            for step in phase.steps
            for one in step.commands
            for rate in re.findall(r"rate_limit \S+ (\S+)", one.text)
        }
        assert rates == {f"{share}/m"}
        gate = next(step for step in phase.steps if step.id == f"gate-{share}")
        assert gate.checks[0].expect.text == "< 50"
        assert phase.pause


def test_every_statement_of_sql_runs_on_a_real_database(library: Library, postgres_url: str) -> None:
    import psycopg

    found = [
        statement
        for _, text in commands(library)
        for statement in (
            *re.findall(r"""-c ["'](SELECT .*?)["']$""", text, re.MULTILINE),
            *re.findall(r"<<'SQL'\n(.*?)\nSQL$", text, re.DOTALL | re.MULTILINE),
        )
    ]
    assert len(found) >= 8
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(TABLES)
        for statement in found:
            connection.execute(statement.encode())
        left = connection.execute("SELECT count(*) FROM user_profiles").fetchone()
    assert left == (0,)
