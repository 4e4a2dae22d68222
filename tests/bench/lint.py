"""The lint of a manual against a repository of 500 files, which is made here."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.bench.measure import Measure

MODULES, OTHERS, MANUALS = 300, 180, 20
ROUNDS = 3
PROGRAM = """
import sys
from pathlib import Path
from repolint.lint import lint_manuals

repository = Path(sys.argv[1])
print(len(lint_manuals(sorted(repository.glob("docs/*.md")), repository)))
"""


def measure() -> list[Measure]:
    """Median wall time of a new process, its imports included, as a person waits for it."""
    with tempfile.TemporaryDirectory(prefix="warroom-bench-") as name:
        repository = Path(name)
        write_repository(repository)
        times = []
        for _ in range(ROUNDS):
            start = time.perf_counter()
            done = subprocess.run(
                [sys.executable, "-c", PROGRAM, name], check=True, capture_output=True, text=True
            )
            times.append(time.perf_counter() - start)
        assert int(done.stdout) >= 3 * MANUALS  # a bench that finds nothing would be fast
    files = MODULES + OTHERS + MANUALS
    return [
        Measure(
            f"lint of a repository of {files} files", f"{statistics.median(times):.1f} s", "", None, "≤ 5 s"
        )
    ]


def write_repository(folder: Path) -> None:
    """A service with Celery, Alembic, metrics, rules and dashboards, about as large as one that people run."""
    texts = {
        "app/__init__.py": "",
        "app/celery.py": 'from celery import Celery\n\napp = Celery("app")\napp.conf.task_routes = {"app.*": {"queue": "work"}}\n',
        "alembic.ini": "[alembic]\nscript_location = migrations\n",
        "migrations/env.py": "from alembic import context\n",
        "compose.yaml": "services:\n  worker:\n    image: app\n",
        "Makefile": "check:\n\ttrue\n",
        "ops/alerts.yml": "groups:\n- name: g\n  rules:\n  - {alert: Slow, expr: 'app_seconds_sum > 1', for: 5m}\n",
    }
    for number in range(MODULES - 4):
        texts[f"app/part{number % 20}/module_{number}.py"] = module(number)
    down = "None"
    for number in range(40):
        texts[f"migrations/versions/{number:012x}.py"] = (
            f'revision = "{number:012x}"\ndown_revision = {down}\nSQL = "CREATE TABLE table_{number} (id int, note text)"\n'
        )
        down = f'"{number:012x}"'
    for number in range(OTHERS - 43):
        texts[f"deploy/unit{number}.yaml"] = "kind: Deployment\nspec:\n" + "  key: value\n" * 120
    for number in range(MANUALS):
        texts[f"docs/manual{number}.md"] = manual(number)
    for name, text in texts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")


def module(number: int) -> str:
    """Some 150 lines of Python with a task, a metric and settings."""
    functions = "\n\n".join(
        f'def step_{i}(value):\n    """Step {i}."""\n    total = value * {i}\n    return [total + n for n in range({i})]\n'
        for i in range(25)
    )
    return (
        "import os\n\nfrom prometheus_client import Counter\n\nfrom app.celery import app\n\n"
        f'DONE = Counter("app_done_{number}_total", "Done", ["kind"])\nLIMIT = os.environ.get("APP_LIMIT_{number}")\n\n\n'
        f"@app.task\ndef work_{number}(value):\n    DONE.labels(kind='x').inc()\n    return value\n\n\n{functions}"
    )


def manual(number: int) -> str:
    """Some 120 lines, most of them right."""
    block = "\n".join(
        f"## Part {i}\n\nSet `APP_LIMIT_{i}=5`, look at `app_done_{5 * i}_total` and [there](manual{i % MANUALS}.md).\n\n"
        f"```bash\nmake check\ncelery -A app.celery worker -Q work\nalembic upgrade {i:012x}\n"
        f"docker compose logs worker\npython -m app.part{i % 20}.module_{i}\n```\n"
        for i in range(10)
    )
    return f"# Manual {number}\n\n{block}\n```bash\nbash ops/gone.sh\nmake nothing\ncelery -A app.celery inspect actve\n```\n"
