"""A rotation in the real program: how the new value travels to the detached runner, and what stays of it."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING

from tests.actions.secrets.planted import riot_key
from tests.actions.secrets.providers import providers
from tests.tui.cli.desk import Desk

if TYPE_CHECKING:
    from pathlib import Path

LOOK = """
import pathlib, sys
seen = b""
for process in pathlib.Path("/proc").glob("[0-9]*"):
    for name in ("cmdline", "environ"):
        try:
            seen += (process / name).read_bytes()
        except OSError:
            pass
pathlib.Path(sys.argv[1]).write_bytes(seen)
print("saw", len(seen), pathlib.Path(sys.argv[2]).read_text())
"""


def test_the_value_is_in_no_argument_no_environment_and_no_file_but_its_own(tmp_path: Path) -> None:
    """The command that restarts looks at every process while the runner runs, and prints the new value itself."""
    old, seen, env = riot_key(), tmp_path / "seen", tmp_path / "service" / ".env"
    env.parent.mkdir()
    env.write_text(f"RIOT_API_KEY={old}\n")
    with providers(riot=old) as servers:
        new = servers.outside.keys.regenerate("riot")
        proof = servers.proof("riot")
        (tmp_path / "warroom.toml").write_text(
            f"""
[actions.secrets.riot]
variable = "RIOT_API_KEY"
restart = [{json.dumps([sys.executable, "-c", LOOK, str(seen), str(env)])}]
prove.url = {json.dumps(proof["url"])}
prove.headers = {{ X-Riot-Token = "{{value}}" }}
[[actions.secrets.riot.write]]
env_file = "service/.env"
"""
        )
        desk = Desk(tmp_path)
        source = tmp_path / "new.txt"
        source.write_text(new + "\n")
        vault = f"value={sys.executable} -c 'print(open({str(source)!r}).read())'".replace(
            "'" + str(source) + "'", f'"{source}"'
        )
        plan = desk("run", "secrets.rotate", "--param", "secret=riot", "--param-command", vault, "--plan")
        assert plan.returncode == 0, plan.stderr + plan.stdout
        done = desk("run", "secrets.rotate", "--param", "secret=riot", "--param-command", vault, "--yes")
        assert done.returncode == 0, done.stderr + done.stdout
        assert env.read_text() == f"RIOT_API_KEY={new}\n"
        assert "saw" in done.stdout
        shown = desk("runs", "show", "1").stdout
        undone = desk("runs", "undo", "1", "--yes")
        assert undone.returncode == 2, "the old value is dead"
        refused = desk("run", "secrets.rotate", "--param", "secret=riot", "--param", f"value={new}", "--yes")
        assert refused.returncode == 3
        proven = desk(
            "run", "secrets.prove", "--param", "secret=riot", "--param-file", f"old={source}", "--json"
        )
    document = json.loads(proven.stdout)
    assert document["present"] == {"answer": "accepted", "status": 200}
    source.unlink()
    said = plan.stdout + done.stdout + done.stderr + shown + undone.stderr + undone.stdout + proven.stdout
    written = b"".join(
        path.read_bytes()
        for path in tmp_path.rglob("*")
        if path.is_file() and path != env and "backups" not in path.parts
    )
    assert b"RIOT_API_KEY" in written
    assert not [value for value in (old, new) if value in said or value.encode() in written]
    assert os.fspath(env) in said
