"""`warroom query` prints what Prometheus' HTTP API has under `data`; facts on stdout, remarks on stderr."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING

from tests.bad_servers import body, serve
from tests.program import run_program

if TYPE_CHECKING:
    from pathlib import Path


def query(tmp_path: Path, page: bytes, *arguments: str) -> subprocess.CompletedProcess[str]:
    with serve(body(page)) as url:
        config = tmp_path / "warroom.toml"
        config.write_text(
            f'[signals]\nmetrics = ["scrape"]\n[signals.scrape]\ntargets = [{{ url = "{url}" }}]\n'
        )
        return run_program("query", "--config", str(config), *arguments, env=os.environ, cwd=tmp_path)


def test_json_is_the_data_of_prometheus(tmp_path: Path) -> None:
    done = query(tmp_path, b'm{a="x"} 4\n', "--json", "m * 2")
    assert done.returncode == 0
    data = json.loads(done.stdout)
    assert data["resultType"] == "vector"
    assert data["result"][0]["metric"]["a"] == "x"
    assert data["result"][0]["value"][1] == "8"


def test_a_bad_expression_is_one_line_on_stderr(tmp_path: Path) -> None:
    done = query(tmp_path, b"m 1\n", "sum(")
    assert done.returncode == 1
    assert done.stdout == ""
    assert "Traceback" not in done.stderr


def test_a_bad_time_is_a_usage_error(tmp_path: Path) -> None:
    done = query(tmp_path, b"m 1\n", "m", "--time", "yesterday")
    assert done.returncode == 3
    assert "yesterday" in done.stderr


def test_a_table_for_people_keeps_markup_as_text(tmp_path: Path) -> None:
    done = query(tmp_path, b'm{a="[red]x[/red]"} 4\n', "m")
    assert "[red]x[/red]" in done.stdout
