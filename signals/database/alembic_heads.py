"""A program of its own: prints as JSON which revisions a folder of Alembic scripts has. `env.py` is not run.

Alembic and SQLAlchemy take 22 MB that a board does not need for the rest of its life, so this is run and ends
(`signals.database.revisions`). It is given an `alembic.ini` (or nothing), its section, and the folder to use without one.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from alembic.config import Config
from alembic.script import ScriptDirectory


def read(ini: str, section: str, bundled: str) -> dict[str, object]:
    """Heads, all revisions, and the folders they stand in; or what is wrong with them."""
    config = Config(ini or None, ini_section=section)
    try:
        location = bundled if not ini else config.get_main_option("script_location") or ""
        if ini and location and ":" not in location:
            # Alembic takes it from the working directory, where Warroom need not stand; the file's own folder is meant.
            location = str(Path(ini).absolute().parent / location)
        if location:
            config.set_main_option("script_location", location.replace("%", "%%"))
        scripts = ScriptDirectory.from_config(config)
        known = sorted(script.revision for script in scripts.walk_revisions())
        folders = {str(Path(script.path).parent) for script in scripts.walk_revisions()} | {scripts.versions}
    except (Exception, SystemExit) as error:  # noqa: BLE001  # scripts are programs: they may raise anything
        return {"error": f"{type(error).__name__}: {error}"}
    return {"heads": sorted(scripts.get_heads()), "known": known, "folders": sorted(folders)}


if __name__ == "__main__":
    json.dump(read(*sys.argv[1:4]), sys.stdout)
