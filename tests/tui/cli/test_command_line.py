"""Help, errors and exit codes of the command line, in both languages."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.own_python import printed_by
from tests.tui.config.test_config import warroom
from tui.cli.dispatch import command_names
from tui.runtime.exit import ExitCode

CHINESE = re.compile("[\u4e00-\u9fff]")
ENGLISH = ("usage:", "options:", "positional", "show this", "argument", "required", "invalid", "expected")


@pytest.mark.parametrize("command", ["", *command_names()])
def test_every_help_speaks_chinese(tmp_path: Path, command: str) -> None:
    done = warroom(*filter(None, [command]), "--lang", "zh", "--help", folder=tmp_path)
    assert done.returncode == 0
    assert CHINESE.search(done.stdout)
    assert not [word for word in ENGLISH if word in done.stdout]


@pytest.mark.parametrize(
    "arguments",
    [
        ("query",),
        ("query", "up", "--source", "none"),
        ("query", "up", "--range"),
        ("status", "--wait", "soon"),
        ("status", "--nothing"),
        ("config", "explain"),
        ("incident", "fly"),
        ("eval", "up"),
        ("board", "--json"),
        ("statsu",),
    ],
)
def test_a_wrong_call_is_one_line_in_the_language_asked_for(
    tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    for language in ("en", "zh"):
        done = warroom(*arguments, "--lang", language, folder=tmp_path)
        assert done.returncode == ExitCode.USAGE
        assert done.stdout == ""
        assert done.stderr.count("\n") == 1
        assert bool(CHINESE.search(done.stderr)) == (language == "zh")
        if language == "zh":
            assert not [word for word in ENGLISH if word in done.stderr]


def test_exit_codes_are_those_of_the_readme() -> None:
    told = re.search(r"Exit codes: (.*?)\n\n", Path("README.md").read_text(encoding="utf-8"), re.DOTALL)
    assert told is not None
    assert {int(code) for code in re.findall(r"(?:^|· ?\n?)(\d+) ", told[1])} == set(map(int, ExitCode))


def test_the_readme_lists_the_commands_in_the_order_of_help(tmp_path: Path) -> None:
    table = re.findall(
        r"^\| `warroom(?: (\w+))?[ `]", Path("README.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    listed = re.findall(r"^  (\w+)  ", warroom("--help", folder=tmp_path).stdout, re.MULTILINE)
    assert [name or "board" for name in table] == listed
    assert sorted(listed) == command_names()


def test_json_of_config_show_is_one_object(tmp_path: Path) -> None:
    (tmp_path / "w.toml").write_text('service.profile = "chimera"')
    done = warroom("config", "show", "--json", "--config", str(tmp_path / "w.toml"), folder=tmp_path)
    assert json.loads(done.stdout)["service"]["name"] == "chimera"


def test_the_version_imports_no_more_of_the_standard_library_than_it_needs() -> None:
    """Shells and scripts ask for it: `traceback`, `pathlib` and `json` together cost as much as Python's own start."""
    code = (
        "import sys, warroom; from tui.cli.main import main; main(['--version']); "
        "print(sorted({'traceback', 'pathlib', 'json', 'asyncio', 'logging', 'textual', 'pydantic'} & set(sys.modules)))"
    )
    assert printed_by(code).splitlines()[1] == "[]"
