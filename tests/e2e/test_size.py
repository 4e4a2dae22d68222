"""The program fills the terminal that it runs in, whatever size its environment speaks of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.terminal import PROGRAM, Terminal

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("environment", [{}, {"COLUMNS": "80", "LINES": "24"}])
def test_a_large_terminal_is_filled_from_a_shell_and_after_a_resize(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    config = tmp_path / "warroom.toml"
    config.write_text(
        f"""
service.profile = "chimera"
[signals.scrape]
targets = [{{ url = "http://127.0.0.1:9/metrics" }}]
[panels]
show = ["ban"]
[journal]
url = "sqlite:///{tmp_path}/journal.db"
""",
        encoding="utf-8",
    )
    command = [PROGRAM, "--config", "warroom.toml"]
    log = {"WARROOM_LOG": str(tmp_path / "log")}
    terminal = Terminal(command, 120, 40, cwd=tmp_path, **environment, **log)
    terminal.wait_for("q quit", 40)
    assert_filled(terminal, 120, 40)
    terminal.resize(100, 30)
    terminal.wait_gone("q quit")  # the picture of the terminal is cut where the keys were
    terminal.wait_for("q quit")
    assert_filled(terminal, 100, 30)
    terminal.press("q")
    assert terminal.wait_end() == 0


def assert_filled(terminal: Terminal, columns: int, rows: int) -> None:
    """The head ends at the right edge (the language), the keys stand on the last row."""
    lines = terminal.screen.split("\n")
    assert len(lines) == rows
    assert len(lines[0].rstrip()) >= columns - 2, terminal.screen
    assert "q quit" in lines[-1], terminal.screen
