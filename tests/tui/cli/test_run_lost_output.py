"""A run whose host could not write its output says so, wherever somebody looks at it; the run itself went on."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from uuid import UUID

import pytest

from tests.terminal import PROGRAM
from tests.tui.actions.stage import on_screen, running
from tests.tui.cli.test_run import DONE, Shop
from tests.tui.incident.stage import until
from tui.screens.actions.run import RunScreen

ROOM = 4_000_000
"""What a file may have: the journal has room, the output not."""
PRINTED = 8_000_000


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    made = Shop(tmp_path, actions=f"output_bytes = {4 * ROOM}")
    line = "print('x' * 99)"
    program = [sys.executable, "-c", f"for _ in range({PRINTED // 100}): {line}"]
    with (tmp_path / "warroom.toml").open("a") as config:
        config.write(
            f'[[actions.add]]\nid = "shop.print"\ntitle = "Print"\ndanger = "mitigate"\nargv = {program!r}\nresource = "p"\n'
        )
    return made


async def test_it_is_said_by_show_attach_and_on_the_runs_screen(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    limited = ["sh", "-c", f'ulimit -f {ROOM // 512}; exec "$@"', "sh", PROGRAM, "run", "shop.print", "--yes"]
    done = subprocess.run(  # noqa: ASYNC221  # nothing else runs here
        limited, env=shop.environment, cwd=shop.folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == DONE, "what was to be done was done"
    shown, attached = shop("runs", "show", "RUN-1"), shop("runs", "attach", "RUN-1")
    for said in (done.stderr, shown.stderr, attached.stderr):
        assert "could not be written on" in said
        assert "File too large" in said
    assert "bytes of it could not be written: File too large" in shown.stdout, "by the journal's own event"
    known = shop.json("runs", "show", "RUN-1")
    assert known["output"]["lost"] > PRINTED - ROOM - 100_000
    for name in ("HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, str(shop.folder))
    async with running(shop.folder / "warroom.toml") as person:
        await person.app.push_screen(RunScreen(UUID(known["uuid"])))
        await until(lambda: "could not be written on" in on_screen(person.app), "the screen says it")
