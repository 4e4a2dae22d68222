"""What Chimera is stands in its profile alone: no code names it, its metrics, queues or tables."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from tests.chimera import PROFILE

ROOT = Path(__file__).parents[2]
EXEMPT = (
    "sandbox/",  # a disposable Chimera
    "tests/",
    "migrations/service/",  # the customer fixed that place: data of the profile, which points to it
)
ANYBODYS = {"celery", "default"}
"""Celery's own default queue, and what people call it instead."""


def names() -> re.Pattern[str]:
    queues = (rf"[\"']{re.escape(queue)}[\"']" for queue in PROFILE.queues if queue not in ANYBODYS)
    tables = (rf"\b{re.escape(name)}\b" for tables in (PROFILE.tables, PROFILE.indexes) for name in tables)
    indexes = (rf"\b{re.escape(name)}\b" for of_table in PROFILE.indexes.values() for name in of_table)
    return re.compile(
        "|".join(("chimera", re.escape(PROFILE.metric_prefix), *queues, *tables, *indexes)), re.IGNORECASE
    )


def test_no_code_and_no_text_of_the_program_names_it() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "*.py", "tui/i18n"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    read = [file for file in listed if not file.startswith(EXEMPT) and (ROOT / file).is_file()]
    assert len(read) > 200
    name = names()
    found = [
        f"{file}:{number}: {line.strip()}"
        for file in read
        for number, line in enumerate((ROOT / file).read_text(encoding="utf-8").splitlines(), start=1)
        if name.search(line)
    ]
    assert found == []


def test_the_names_are_found_where_they_stand() -> None:
    """Or the test above could not fail."""
    for text in (
        'queues = ("matches",)',
        "rate(chimera_x_total[5m])",
        "to_regclass('user_profiles')",
        "Chimera",
    ):
        assert names().search(text), text
    assert not names().search('difflib.get_close_matches("default")')
