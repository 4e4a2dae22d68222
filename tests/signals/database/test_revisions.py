"""The service's migration scripts are read in a program of its own, and again only when they changed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from core.errors import BadAnswer
from signals.database.revisions import AlembicScripts, Revisions
from signals.settings import PostgresSettings
from tests.chimera import PROFILE


def settings_for(ini: Path | None) -> PostgresSettings:
    return PostgresSettings.model_validate({"url": "postgresql://u@127.0.0.1/d", "alembic_ini": ini})


def scripts_in(folder: Path) -> Path:
    """One script and its `alembic.ini`."""
    (folder / "db" / "versions").mkdir(parents=True)
    (folder / "db" / "versions" / "one.py").write_text("revision = 'one'\ndown_revision = None\n")
    ini = folder / "alembic.ini"
    ini.write_text("[alembic]\nscript_location = db\n")
    return ini


def test_a_new_script_is_seen_and_unchanged_ones_are_not_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scripts = AlembicScripts(settings_for(scripts_in(tmp_path)))
    assert scripts.revisions() == Revisions(("one",), frozenset({"one"}))
    with monkeypatch.context() as patched:
        patched.setattr(subprocess, "run", lambda *_, **__: pytest.fail("they were read again"))
        assert scripts.revisions() == Revisions(("one",), frozenset({"one"}))
    second = tmp_path / "db" / "versions" / "two.py"
    second.write_text("revision = 'two'\ndown_revision = 'one'\n")
    assert scripts.revisions() == Revisions(("two",), frozenset({"one", "two"}))


def test_broken_scripts_are_named(tmp_path: Path) -> None:
    ini = scripts_in(tmp_path)
    (tmp_path / "db" / "versions" / "two.py").write_text("revision = 'two'\ndown_revision = 'lost'\n")
    with pytest.raises(BadAnswer) as caught:
        AlembicScripts(settings_for(ini)).revisions()
    assert "lost" in str(caught.value)
    (tmp_path / "db" / "versions" / "two.py").write_text("raise SystemExit\n")
    with pytest.raises(BadAnswer):
        AlembicScripts(settings_for(ini)).revisions()


def test_the_program_that_asks_does_not_carry_alembic_along() -> None:
    code = (
        "import sys; from signals.database.revisions import AlembicScripts; from signals.settings import PostgresSettings;"
        f"settings = PostgresSettings(url='postgresql://u@h/d', migrations={str(PROFILE.migrations)!r});"
        "found = AlembicScripts(settings).revisions();"
        "print(len(found.heads), sorted({'alembic', 'sqlalchemy'} & set(sys.modules)))"
    )
    asked = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert asked.stdout == "1 []\n"


def test_without_scripts_nothing_is_read_and_nothing_is_known() -> None:
    assert AlembicScripts(settings_for(None)).revisions() is None
