"""A team's runbook that wants to ask a host which nobody configured: the screen asks first, and nothing leaves before a yes."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.program import run_program
from tests.runbooks.checks.test_permission import server
from tests.terminal import PROGRAM, Terminal

MANUAL = """---
id: own
title: Own
severity: SEV3
---

## A <!-- id: a -->

- [ ] Look <!-- id: look -->

  ```check
  probe: http
  url: {url}/health
  expect: status 200
  ```
"""


def warroom(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "LANG": "C", "WARROOM_LOG": str(folder / "log")}
    return run_program("--config", str(folder / "warroom.toml"), *arguments, env=environment, cwd=folder)


@pytest.mark.parametrize("answer", ["yes", "no"])
def test_the_first_request_to_a_new_host_asks(answer: str, tmp_path: Path) -> None:
    with server() as (url, heard):
        (tmp_path / "own.md").write_text(MANUAL.format(url=url))
        (tmp_path / "warroom.toml").write_text(
            f'[runbooks]\nfolders = ["{tmp_path}"]\n[journal]\nurl = "sqlite:///{tmp_path}/journal.db"\n'
            '[signals.prometheus]\nurl = "http://127.0.0.1:9"\n'
        )
        opened = warroom(
            tmp_path, "incident", "open", "--title", "x", "--severity", "SEV3", "--runbook", "own"
        )
        assert opened.returncode == 0, opened.stderr
        ticked = warroom(tmp_path, "incident", "tick", "INC-1", "look", "--no-input")
        assert "hosts" in ticked.stderr
        assert heard == []
        terminal = Terminal(
            [PROGRAM, "--config", str(tmp_path / "warroom.toml")], WARROOM_LOG=str(tmp_path / "log")
        )
        terminal.wait_for("quit", 60)
        terminal.press("i")
        terminal.wait_for("May the runbook own ask", 30)
        assert heard == []
        terminal.press("\r" if answer == "yes" else "\x1b")
        terminal.wait_gone("May the runbook own ask")
        if answer == "yes":
            terminal.wait_for("as expected", 30)
        else:
            terminal.wait_for("not asked", 30)
        assert bool(heard) == (answer == "yes")
        terminal.press("q")
        assert terminal.wait_end() == 0
