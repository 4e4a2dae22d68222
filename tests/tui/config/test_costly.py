"""A hostile configuration takes no time and no stack, and so does what hides secrets in a log."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tui.config.load import check_config
from tui.config.secrets import literal_secrets, mask

LIMIT_S = 3.0
"""Of CPU time; each took minutes."""
LONG = {
    "one word": "a" * 400_000,
    "many addresses without a user": "a://" * 100_000,
    "many users": "a://b@" * 70_000,
    "passwords": "?password=" * 40_000,
    "words": "password=" * 44_000 + "'",
}


@pytest.mark.parametrize("text", LONG.values(), ids=LONG)
def test_looking_for_secrets_is_linear(text: str) -> None:
    began = time.process_time()
    list(literal_secrets(text))
    mask(text)
    assert time.process_time() - began < LIMIT_S


@pytest.mark.parametrize(
    "value",
    ["[" * 200 + "]" * 200, "{a=" * 60 + "1" + "}" * 60, "9" * 5000, "-" + "9" * 5000],
    ids=["arrays", "tables", "number", "negative"],
)
def test_what_is_too_deep_or_too_long_is_a_mistake_with_a_line(value: str, tmp_path: Path) -> None:
    path = tmp_path / "warroom.toml"
    path.write_text(f"[service]\nname = {value}\n")
    config, problems = check_config(path)
    assert config is None
    assert len(problems) == 1


@pytest.mark.parametrize(
    "part", ["a.", "a . ", '"a".', "'a b'. "], ids=["bare", "blanks", "quoted", "literal"]
)
def test_a_dotted_key_of_any_length_takes_no_time(part: str, tmp_path: Path) -> None:
    path = tmp_path / "warroom.toml"
    path.write_text(f"[service]\n{part * (60_000 // len(part))}a = 1\n")
    began = time.process_time()
    config, problems = check_config(path)
    assert time.process_time() - began < LIMIT_S
    assert config is None
    assert len(problems) == 1


def test_a_name_that_is_too_long_for_a_file_is_a_mistake_with_a_line(tmp_path: Path) -> None:
    path = tmp_path / "warroom.toml"
    path.write_text(f'[service]\nprofile = "{"x" * 5000}"\n')
    config, problems = check_config(path)
    assert config is None
    assert [problem.line for problem in problems] == [2]
