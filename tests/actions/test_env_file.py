"""A `.env` file keeps everything but the value that is meant; a real shell that sources it is asked what it reads."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from actions.env_file import assignments, reads_alike, value_of, with_value

if TYPE_CHECKING:
    from pathlib import Path

FILE = """# RIOT_API_KEY=not-this-one
export  RIOT_API_KEY = RGAPI-old   # from the portal

QUOTED="old value"
SINGLE='old'
CERT="-----BEGIN
RIOT_API_KEY=inside of another
-----END"
EMPTY=
LAST=x"""


@pytest.mark.parametrize(
    ("name", "value", "line"),
    [
        ("RIOT_API_KEY", "RGAPI-new", "export  RIOT_API_KEY = RGAPI-new   # from the portal"),
        ("QUOTED", "new", 'QUOTED="new"'),
        ("QUOTED", "a b#c", "QUOTED='a b#c'"),
        ("SINGLE", "new", "SINGLE='new'"),
        ("SINGLE", "it's", 'SINGLE="it\'s"'),
        ("SINGLE", "$HOME", "SINGLE='$HOME'"),
        ("EMPTY", "new", "EMPTY=new"),
        ("LAST", "new", "LAST=new"),
        ("NEW", "new", "NEW=new"),
    ],
)
def test_only_the_value_changes(name: str, value: str, line: str) -> None:
    changed = with_value(FILE, name, value)
    assert value_of(changed, name) == value
    before, after = FILE.splitlines(), changed.splitlines()
    assert [text for text in after if text not in before] == [line]
    assert len(after) == len(before) + (name == "NEW")
    others = {each.name: each.value for each in assignments(FILE) if each.name != name}
    assert {each.name: each.value for each in assignments(changed) if each.name != name} == others


@pytest.mark.parametrize("start", ["K=old", "K='old'", 'K="old"', "export K=old # note"])
def test_a_shell_reads_what_was_written(start: str, tmp_path: Path) -> None:
    values = ["RGAPI-1-2", "a b", "it's", 'say "x"', "$HOME", "back\\slash", "`id`", "a#b", "100%", "'$\\\"`"]
    lines = []
    for number, value in enumerate(values):
        lines.append(with_value(start.replace("K", f"K{number}") + "\n", f"K{number}", value))
    (tmp_path / ".env").write_text("".join(lines))
    names = " ".join(f'"$K{number}"' for number in range(len(values)))
    done = subprocess.run(
        ["sh", "-c", f"set -a; . ./.env; printf '%s\\n' {names}"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines() == values


def test_ends_of_lines_and_names_given_twice() -> None:
    assert with_value("A=1\r\nB=2\r\n", "A", "3") == "A=3\r\nB=2\r\n"
    assert with_value("A=1\r\n", "C", "3") == "A=1\r\nC=3\r\n"
    assert with_value("A=1\nA=2\n", "A", "3") == "A=3\nA=3\n", "the old value would stay in the file"
    assert value_of("A=1\nA=2\n", "A") == "2"
    assert with_value("A='open\nB=1\n", "B", "2") == "A='open\nB=2\n"
    assert with_value("", "A", "1") == "A=1\n"


def test_what_readers_would_read_differently_is_known() -> None:
    assert all(map(reads_alike, ("RGAPI-1", "a$b", "it's", "back\\slash", 'say "x"')))
    assert not any(map(reads_alike, ("it's $5", "a\\$", "`'", "${HOME}")))
