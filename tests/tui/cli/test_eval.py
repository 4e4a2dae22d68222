"""`warroom eval` as a person or a script calls it: streams, order, exit codes."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from pathlib import Path

import pytest

CAPTURE = """\
# TYPE jobs counter
jobs_total{code="200"} 10 1700000000
jobs_total{code="200"} 70 1700000060
jobs_total{code="500"} 1 1700000000 # {trace_id="abc"} 1
jobs_total{code="500"} 1 1700000060
depth NaN 1700000060
# EOF
"""


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    path = tmp_path / "capture.om"
    path.write_text(CAPTURE)
    return path


def warroom(*arguments: str | Path, stdin: str = "") -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name("warroom")
    return subprocess.run(
        [program, "eval", *arguments], input=stdin, capture_output=True, text=True, check=False, timeout=60
    )


def test_several_expressions_answer_in_order_as_the_http_api_does(capture: Path) -> None:
    done = warroom("jobs_total", "depth", "1 / 0", '"text"', "--samples", capture, "--json")
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert lines[0] == {
        "expr": "jobs_total",
        "resultType": "vector",
        "result": [
            {"metric": {"__name__": "jobs_total", "code": "200"}, "value": [1700000060, "70"]},
            {"metric": {"__name__": "jobs_total", "code": "500"}, "value": [1700000060, "1"]},
        ],
    }
    assert [line["result"] for line in lines[1:]] == [
        [{"metric": {"__name__": "depth"}, "value": [1700000060, "NaN"]}],
        [1700000060, "+Inf"],
        [1700000060, "text"],
    ]


def test_a_range_is_a_matrix_and_times_may_be_rfc_3339(capture: Path) -> None:
    span = ("--start", "2023-11-14T22:13:20Z", "--end", "1700000060", "--step", "1m")
    done = warroom("sum(jobs_total)", "--samples", capture, *span, "--json")
    assert json.loads(done.stdout)["result"] == [
        {"metric": {}, "values": [[1700000000, "11"], [1700000060, "71"]]}
    ]


def test_one_expression_that_fails_leaves_the_others_their_answers(capture: Path) -> None:
    done = warroom("sum(", "count(jobs_total)", "histogram_avg(depth)", "--samples", capture, "--json")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 1
    assert [("error" in line) for line in lines] == [True, False, True]
    assert "histogram_avg" in lines[2]["error"]


def test_expressions_come_from_a_file_and_samples_from_standard_input_or_gzip(
    capture: Path, tmp_path: Path
) -> None:
    asked = tmp_path / "asked.txt"
    asked.write_text("# what we want to know\ncount(jobs_total)\n\nmax(jobs_total)\n")
    packed = tmp_path / "capture.om.gz"
    packed.write_bytes(gzip.compress(CAPTURE.encode()))
    plain = warroom("--exprs", asked, "--samples", "-", "--json", stdin=CAPTURE)
    assert [json.loads(line)["expr"] for line in plain.stdout.splitlines()] == [
        "count(jobs_total)",
        "max(jobs_total)",
    ]
    assert warroom("--exprs", asked, "--samples", packed, "--json").stdout == plain.stdout


def test_bad_lines_and_samples_without_a_time_are_told_and_left_out(tmp_path: Path) -> None:
    path = tmp_path / "bad.om"
    path.write_text('good 1 1700000000\nbad{x="1\ntimeless 3\n')
    done = warroom("good", "timeless", "--samples", path, "--json", "--lang", "en")
    results = [json.loads(line)["result"] for line in done.stdout.splitlines()]
    assert (len(results[0]), len(results[1])) == (1, 0)
    assert "line 2" in done.stderr
    assert "1 samples have no time" in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["up", "--samples", "/does/not/exist"],
        ["--samples", "-"],
        ["up", "--samples", "-"],
        ["up", "--samples", "-", "--time", "soon"],
        ["up", "--samples", "-", "--start", "1"],
        ["up", "--samples", "-", "--start", "1", "--end", "2", "--step", "x"],
        ["up", "--samples", "-", "--exprs", "/does/not/exist"],
    ],
)
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_wrong_usage_is_one_line_and_exit_code_3(arguments: list[str], lang: str) -> None:
    done = warroom(*arguments, "--lang", lang)
    assert done.returncode == 3
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1


def test_a_table_shows_labels_as_text_and_never_as_markup(tmp_path: Path) -> None:
    path = tmp_path / "markup.om"
    path.write_text('up{job="[bold]x[/bold]"} 1 1700000000\n')
    done = warroom("up", "--samples", path)
    assert 'up{job="[bold]x[/bold]"}' in done.stdout
    assert done.stdout.rstrip().endswith("1")


@pytest.mark.parametrize("arguments", [("-2^2",), ("--", "-2^2"), ("0 - 2^2",)])
def test_an_expression_may_begin_with_a_minus_which_binds_less_than_a_power(
    capture: Path, arguments: tuple[str, ...]
) -> None:
    done = warroom("--samples", capture, "--json", *arguments)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["result"][1] == "-4"
    assert (
        json.loads(warroom("-depth", "-1", "--samples", capture, "--json").stdout.split("\n")[1])["result"][1]
        == "-1"
    )


def test_a_mistyped_option_is_still_said(capture: Path) -> None:
    done = warroom("--sample", capture, "--nope", "1")
    assert done.returncode == 3
    assert "--nope" in done.stderr


def test_a_small_capture_that_unpacks_to_gigabytes_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from core.errors import BadAnswer
    from signals.metrics import exposition

    monkeypatch.setattr(exposition, "MAX_CAPTURE_BYTES", 1_000_000)
    with pytest.raises(BadAnswer):
        exposition.read_capture(gzip.compress(bytes(50_000_000), 1))
