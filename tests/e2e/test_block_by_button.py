"""A runbook's own `sh` block run by keys alone, in a real terminal: its text as it stands, and its danger."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.e2e.seat import Seat, journaled_runs
from tests.exporter import refusals_exporter

if TYPE_CHECKING:
    from pathlib import Path

MANUAL = """\
---
id: spill
title: A spill
panels: [ban]
---
## Stop <!-- id: stop -->

- [ ] Close the valve <!-- id: valve -->

  ```sh
  printf '%s\\n' "$VALVE; $(pwd)" | tee closed
  ```

- [ ] Look at it <!-- id: look -->

  ```sh danger=observe
  cat closed
  ```
"""


def configured(folder: Path, address: str, *shown: str) -> Path:
    """Manuals of the folders `shown` are read; of `ours` alone blocks may be run."""
    folders = ", ".join(f'"{folder}/{name}"' for name in shown)
    config = folder / "warroom.toml"
    config.write_text(
        f"""
service.profile = "chimera"
signals.scrape.targets = [{{ url = "{address}", interval_s = 1 }}]
panels.show = ["ban"]
journal.url = "sqlite:///{folder}/journal.db"
runbooks.folders = [{folders}]
[actions]
folder = "{folder}/runs"
run_blocks = true
[actions.blocks]
folders = ["{folder}/ours"]
cwd = "{folder}"
environment = {{ VALVE = "main; *" }}
""",
        encoding="utf-8",
    )
    return config


def test_a_block_is_run_as_it_is_shown_with_the_danger_that_it_has(tmp_path: Path) -> None:
    (tmp_path / "ours").mkdir()
    (tmp_path / "ours" / "spill.md").write_text(MANUAL)
    with refusals_exporter() as (address, _):
        seat = Seat(configured(tmp_path, address, "ours"), (80, 24), ready="invalid in 10 min 0")
        seat.open_runbook("spill")
        seat.stand("1.1")
        seat.press("a", "spill.valve")
        seat.see("looked just now")
        screen = " ".join(seat.terminal.screen.split())
        assert """printf '%s\\n' "$VALVE; $(pwd)" | tee closed""" in screen, screen
        assert "VALVE=" in screen
        assert "DESTRUCTIVE" in screen
        seat.carry_out("spill.valve", end="done; nothing verifies it")
        seat.back()
        assert (tmp_path / "closed").read_text() == f"main; *; {tmp_path}\n"
        seat.tick("1.1")  # nothing verifies it: a person does
        seat.act("1.2", end="done; nothing verifies it")
        seat.quit()
    assert [run.action for run in journaled_runs(tmp_path)] == ["block.spill.valve", "block.spill.look"]


def test_a_block_of_a_folder_that_is_not_configured_is_refused_by_keys(tmp_path: Path) -> None:
    """Its manual is read like any other, and so are its commands: nothing of it may be run."""
    for folder in ("ours", "theirs"):
        (tmp_path / folder).mkdir()
    (tmp_path / "theirs" / "spill.md").write_text(MANUAL)
    with refusals_exporter() as (address, _):
        seat = Seat(configured(tmp_path, address, "ours", "theirs"), (80, 24), ready="invalid in 10 min 0")
        seat.open_runbook("spill")
        seat.stand("1.1")
        seat.press("a", "no block block.spill.valve that may be run")
        seat.terminal.press("\r")
        seat.terminal.read(1.0)
        assert "looked just now" not in seat.terminal.screen, "there is not even a plan of it"
        assert not (tmp_path / "closed").exists()
        seat.terminal.press("\x1b")
        seat.quit()
    assert journaled_runs(tmp_path) == []
