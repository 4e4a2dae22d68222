"""Before there is something to see, nothing is imported that only sources need: in the real program, in a terminal."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.terminal import Terminal

ROOT = Path(__file__).parents[2]
HEAVY = {
    "alembic",
    "celery",
    "httpx",
    "kombu",
    "numpy",
    "prometheus_api_client",
    "psycopg",
    "redis",
    "requests",
    "sqlalchemy",
}
PROGRAM = """
import json, sys, threading
from pathlib import Path
from tui.cli.main import main
from tui.runtime.driver import DiffDriver

write = DiffDriver.write

def write_and_look(self, data):
    out = Path(sys.argv[1])
    if "quit" in data and not out.exists():
        modules = sorted({name.split(".")[0] for name in sys.modules})
        threads = [thread.name for thread in threading.enumerate()]
        out.write_text(json.dumps({"modules": modules, "threads": threads}))
    write(self, data)

DiffDriver.write = write_and_look
sys.exit(main(sys.argv[2:]))
"""


def test_the_first_paint_waits_for_textual_alone(tmp_path: Path) -> None:
    config = tmp_path / "warroom.toml"
    config.write_text(
        'service.profile = "chimera"\n[signals.prometheus]\nurl = "http://127.0.0.1:9"\n[signals.redis]\nurl = "redis://127.0.0.1:9"\n'
    )
    out = tmp_path / "modules.json"
    terminal = Terminal([sys.executable, "-c", PROGRAM, str(out), "--config", str(config)], 120, 40)
    try:
        terminal.wait_for("Queues", 60)
    finally:
        terminal.press("q")
        terminal.wait_end()
    found = json.loads(out.read_text())
    imported = set(found["modules"])
    assert "MainThread" in found["threads"]
    assert "signals" not in found["threads"], "the thread that imports the rest would slow the first paint"
    assert "textual" in imported
    assert not imported & HEAVY


LOOKED_AT = """
import asyncio, sys
from pathlib import Path
from tests.tui.incident.stage import app_of, until

async def look():
    app = app_of(Path(sys.argv[1]))
    async with app.run_test():
        await until(lambda: app.states and app.incidents.journal.place, "the board is live")
        print("actions.catalogue" in sys.modules)
        await app.runs.catalogue()
        print("actions.catalogue" in sys.modules)

asyncio.run(look())
"""


def test_a_board_that_is_looked_at_does_without_the_catalogue_of_actions(tmp_path: Path) -> None:
    """Its imports took 22 MB of every board."""
    config = tmp_path / "warroom.toml"
    config.write_text(f'service.profile = "chimera"\njournal.url = "sqlite:///{tmp_path}/journal.db"\n')
    command = [sys.executable, "-c", LOOKED_AT, str(config)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, timeout=240)
    assert (done.stdout.split(), done.returncode) == (["False", "True"], 0), done.stderr
