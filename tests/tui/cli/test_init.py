"""`warroom init` writes what passes `config check`, keeps secrets out, and never overwrites."""

from __future__ import annotations

import json
from pathlib import Path

from tests.tui.config.test_config import warroom
from tui.config.discover import discover
from tui.config.load import check_config, load_config

DASHBOARD = {
    "templating": {
        "list": [
            {"name": "job", "type": "query"},
            {"name": "w", "type": "custom", "current": {"value": "2m"}},
        ]
    },
    "panels": [
        {
            "type": "row",
            "collapsed": True,
            "panels": [
                {
                    "type": "stat",
                    "title": "Slow [calls]",
                    "fieldConfig": {
                        "defaults": {
                            "unit": "ms",
                            "thresholds": {
                                "mode": "absolute",
                                "steps": [
                                    {"color": "green"},
                                    {"color": "orange", "value": 500},
                                    {"color": "red", "value": 1000},
                                ],
                            },
                        }
                    },
                    "targets": [
                        {
                            "refId": "A",
                            "expr": 'avg by (x) (rate(t{job="$job"}[$w]))',
                            "legendFormat": "{{x}}",
                        }
                    ],
                }
            ],
        },
        {"type": "heatmap", "title": "Heat", "targets": []},
        {"type": "table", "title": "SQL", "targets": [{"refId": "A", "rawSql": "select 1"}]},
    ],
    "rows": [
        {
            "panels": [
                {
                    "type": "graph",
                    "title": "Old",
                    "yaxes": [{"format": "reqps"}],
                    "targets": [{"expr": "rate(n[$__rate_interval])"}],
                }
            ]
        }
    ],
}


def test_the_written_file_is_valid_and_holds_no_secret(tmp_path: Path) -> None:
    (tmp_path / "board.json").write_text(json.dumps(DASHBOARD))
    (tmp_path / ".env").write_text("REDIS_URL=redis://:hunter2@cache/0\n")
    (tmp_path / "rules.yml").write_text("groups:\n- name: a\n  rules:\n  - alert: Down\n    expr: up == 0\n")
    (tmp_path / "alembic.ini").write_text("[alembic]\n")
    path = tmp_path / "warroom.toml"
    database = "postgresql://me:hunter2@db/x"
    arguments = ("init", "--path", str(path), "--from-grafana", str(tmp_path / "board.json"))
    done = warroom(*arguments, folder=tmp_path, DATABASE_URL=database)
    assert done.returncode == 0, done.stderr
    assert "Heat" in done.stderr
    assert "SQL" in done.stderr
    text = path.read_text()
    assert "hunter2" not in text + done.stdout + done.stderr
    config, problems = check_config(path, {"DATABASE_URL": database})
    assert problems == ()
    assert config is not None
    assert config.signals.postgres is not None
    assert config.signals.postgres.alembic_ini == tmp_path / "alembic.ini"
    assert config.signals.redis is None
    assert config.signals.scrape is not None
    assert config.signals.scrape.rule_files == (tmp_path / "rules.yml",)
    slow, old = config.panels.add
    assert slow.queries[0].expr == '(avg by (x) (rate(t{job=~".*"}[2m]))) * 0.001'
    assert (slow.queries[0].unit, slow.queries[0].warn, slow.queries[0].burning) == ("s", 0.5, 1.0)
    assert slow.queries[0].by == "x"
    assert (old.queries[0].expr, old.queries[0].unit) == ("(rate(n[5m])) * 60", "1/min")
    again = warroom(*arguments, folder=tmp_path)
    assert again.returncode == 3
    assert path.read_text() == text


def test_an_empty_folder_gives_a_file_that_loads(tmp_path: Path) -> None:
    path = tmp_path / "warroom.toml"
    assert warroom("init", "--path", str(path), folder=tmp_path).returncode == 0
    assert load_config(path).panels.add == ()


def test_a_file_that_is_no_dashboard_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text("[1")
    done = warroom(
        "init", "--path", str(tmp_path / "w"), "--from-grafana", str(tmp_path / "x.json"), folder=tmp_path
    )
    assert done.returncode == 3
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "w").exists()


PROMETHEUS = """scrape_configs:
- job_name: bot
  static_configs:
  - targets: ["bot:3000", "bad host\\n"]
    labels: {env: prod}
  metric_relabel_configs:
  - {source_labels: [__name__], regex: "go_\\\\w+", action: drop}
- job_name: self
  static_configs: [{targets: ["localhost:9090"]}]
alerting:
  alertmanagers: [{static_configs: [{targets: ["alerts:9093"]}]}]
"""


def test_what_stands_around_is_told_and_written(tmp_path: Path) -> None:
    (tmp_path / "prometheus.yml").write_text(PROMETHEUS)
    (tmp_path / "docker-compose.yml").write_text(
        'services:\n  worker:\n    command: ["celery", "-A", "bot.jobs:app", "worker"]\n'
    )
    path = tmp_path / "warroom.toml"
    done = warroom("init", "--path", str(path), folder=tmp_path, REDIS_URL="redis://:hunter2@h/0")
    assert done.returncode == 0
    assert "hunter2" not in path.read_text() + done.stdout + done.stderr
    for told in ("REDIS_URL", "bot.jobs:app", "http://bot:3000/metrics"):
        assert told in done.stderr
    config, problems = check_config(path, {"REDIS_URL": "redis://h/0"})
    assert problems == ()
    assert config is not None
    assert config.signals.scrape is not None
    (target,) = config.signals.scrape.targets
    assert (target.url, target.job, target.labels) == ("http://bot:3000/metrics", "bot", {"env": "prod"})
    assert target.metric_relabel[0].action == "drop"
    assert config.signals.alertmanager is not None
    assert config.signals.alertmanager.url == "http://alerts:9093"


def test_a_celery_app_is_found_by_its_call_not_by_its_mention(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("# app = Celery('x')\n")
    (tmp_path / "b.py").write_text("def broken(:  # Celery(")
    assert discover(tmp_path, {}).celery_app == ""
    (tmp_path / "c.py").write_text("import celery\napp = celery.Celery('x')\n")
    assert discover(tmp_path, {}).celery_app == "c.py"
