"""The service's migration scripts are read from their text, wherever they are, and again only when they changed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from core.errors import BadAnswer
from signals.database import revisions
from signals.database.graph import Scripts, make_scripts
from signals.database.revision import Revision, UnreadableRevision, read_revision
from signals.database.revisions import AlembicScripts
from signals.settings import PostgresSettings
from tests.chimera import PROFILE


def settings_for(ini: Path | None, **more: object) -> PostgresSettings:
    return PostgresSettings.model_validate({"url": "postgresql://u@127.0.0.1/d", "alembic_ini": ini, **more})


def write(folder: Path, files: dict[str, str]) -> Path:
    """Make these files, and return the first of them."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder / next(iter(files))


def script(ident: str, down: str | None = None) -> str:
    return f"from not_installed import anything\n\nrevision = {ident!r}\ndown_revision = {down!r}\n"


def scripts_in(folder: Path) -> Path:
    """One script and its `alembic.ini`."""
    return write(
        folder, {"alembic.ini": "[alembic]\nscript_location = db\n", "db/versions/one.py": script("one")}
    )


def loaded(ini: Path | None, **more: object) -> Scripts:
    found = AlembicScripts(settings_for(ini, **more)).revisions()
    assert found is not None
    return found


def test_a_new_script_is_seen_and_unchanged_ones_are_not_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scripts = AlembicScripts(settings_for(scripts_in(tmp_path)))
    first = scripts.revisions()
    assert first is not None
    assert (first.heads, set(first.known)) == (("one",), {"one"})
    with monkeypatch.context() as patched:
        patched.setattr(revisions, "read_revision", lambda *_: pytest.fail("they were read again"))
        assert scripts.revisions() is first
    write(tmp_path, {"db/versions/two.py": script("two", "one")})
    second = scripts.revisions()
    assert second is not None
    assert (second.heads, set(second.known)) == (("two",), {"one", "two"})
    (tmp_path / "db/versions/two.py").unlink()
    assert scripts.revisions() == first


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (script("two", "lost"), "lost"),
        ("import os\nrevision = os.environ['R']\ndown_revision = None\n", "revision is computed"),
        ("revision = 'two'\ndown_revision = previous()\n", "down_revision is computed"),
        (script("two", "two"), "builds on itself"),
        ("revision = 'two'\ndown_revision = 'one'\ndepends_on = 'missing'\n", "depends on missing"),
    ],
)
def test_broken_scripts_are_named(tmp_path: Path, text: str, words: str) -> None:
    ini = scripts_in(tmp_path)
    write(tmp_path, {"db/versions/two.py": text})
    with pytest.raises(BadAnswer) as caught:
        AlembicScripts(settings_for(ini)).revisions()
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("text", "revision"),
    [
        (
            '"""Add a queue\n\nMore."""\nrevision: str = "b"\ndown_revision: str | None = "a"\n',
            Revision(id="b", down=("a",), message="Add a queue"),
        ),
        ('revision = R = "b"\ndown_revision = ("a", "c")\n', Revision(id="b", down=("a", "c"))),
        ('LAST = "a"\nrevision = "b"\ndown_revision = [LAST]\n', Revision(id="b", down=("a",))),
        (
            'revision = "b"\ndown_revision = None\nbranch_labels = ("x",)\ndepends_on = "a"\n',
            Revision(id="b", labels=("x",), depends_on=("a",)),
        ),
        (
            "from not_installed import cli\nrevision = 'b'\ndown_revision = 'a'\nbranch_labels = (cli.EXPAND,)\n",
            Revision(id="b", down=("a",)),
        ),
        ('"""No script."""\nimport os\n', None),
        ("def upgrade(): pass\nrevision == 1\n", None),
        (  # a Python that this one is not
            '"""New"""\nrevision = "b"\ndown_revision = (\n    "a",\n)\nx = ???\n',
            Revision(id="b", down=("a",), message="New"),
        ),
        ("print 'old'\nrevision = 'b'  # ours\ndown_revision = 'a'\n", Revision(id="b", down=("a",))),
    ],
)
def test_a_script_is_read_and_not_run(text: str, revision: Revision | None) -> None:
    assert read_revision(text.encode()) == revision


@pytest.mark.parametrize(
    "text",
    [b"(" * 5_000, b"\0", b"revision = " + b"(" * 3_000, b"\xff\xfe revision"],
    ids=["brackets", "nul", "nested", "utf-16"],
)
def test_what_is_no_python_is_no_script_or_unreadable(text: bytes) -> None:
    try:
        assert read_revision(text) is None
    except UnreadableRevision:
        assert b"revision" in text


LAYOUTS: dict[str, tuple[dict[str, str], set[str]]] = {
    "several version_locations": (
        {
            "alembic.ini": "[alembic]\nscript_location = db\nversion_path_separator = os  # as it was\n"
            "version_locations = %(here)s/db/versions:%(here)s/plugin/versions\n",
            "db/versions/a.py": script("a"),
            "plugin/versions/b.py": script("b"),
            "plugin/versions/deeper/c.py": script("c"),
        },
        {"a", "b"},
    ),
    "separated by spaces": (
        {
            "alembic.ini": "[alembic]\nscript_location = db\nversion_locations = db/one, db/two\n",
            "db/one/a.py": script("a"),
            "db/two/b.py": script("b"),
        },
        {"a", "b"},
    ),
    "recursive": (
        {
            "alembic.ini": "[alembic]\nscript_location = db\nrecursive_version_locations = true\n",
            "db/versions/a.py": script("a"),
            "db/versions/2026/b.py": script("b"),
        },
        {"a", "b"},
    ),
    "deeper, by code of its own": (
        {
            "alembic.ini": "[alembic]\nscript_location = %(here)s/db\n",
            "db/env.py": "from alembic import context\n",
            "db/versions/a.py": script("a"),
            "db/versions/expand/b.py": script("b", "a"),
            "db/versions/archive/old.py": script("old"),
        },
        {"a", "b"},
    ),
    "nothing at the top": (
        {
            "alembic.ini": "[alembic]\nscript_location = db\n",
            "db/versions/expand/a.py": script("a"),
            "db/versions/contract/b.py": script("b"),
        },
        {"a", "b"},
    ),
    "pyproject.toml": (
        {
            "pyproject.toml": '[tool.alembic]\nscript_location = "%(here)s/db"\n'
            'version_locations = ["%(here)s/db/x", "db/y"]\n',
            "db/x/a.py": script("a"),
            "db/y/b.py": script("b"),
        },
        {"a", "b"},
    ),
    "an ini beside pyproject.toml": (
        {
            "alembic.ini": "[alembic]\nsqlalchemy.url = postgresql://u:a%b@h/d\n",
            "pyproject.toml": '[tool.alembic]\nscript_location = "db"\n',
            "db/versions/a.py": script("a"),
        },
        {"a"},
    ),
    "an ini without script_location": (
        {
            "alembic.ini": "[alembic]\n",
            "app/migrations/env.py": "from alembic import context\n",
            "app/migrations/versions/a.py": script("a"),
        },
        {"a"},
    ),
    "inside the package, from the root": (
        {
            "app/db/alembic.ini": "[alembic]\nscript_location = app/db\n",
            "app/db/versions/a.py": script("a"),
        },
        {"a"},
    ),
    "in a package": (
        {
            "app/db/alembic.ini": "[alembic]\nscript_location = app:db:migrations\n",
            "app/db/migrations/versions/a.py": script("a"),
        },
        {"a"},
    ),
    "in a package of prepend_sys_path": (
        {
            "alembic.ini": "[alembic]\nscript_location = app.db:migrations\nprepend_sys_path = lib\n",
            "lib/app/db/migrations/versions/a.py": script("a"),
        },
        {"a"},
    ),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_of_a_project(tmp_path: Path, layout: str) -> None:
    files, known = LAYOUTS[layout]
    assert loaded(write(tmp_path, files)).known == known


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"alembic.ini": "[alembic]\n"}, "script_location"),
        ({"alembic.ini": "[alembic]\nscript_location = db\n"}, "db"),
        ({"alembic.ini": "[alembic]\nscript_location = gone:db\n"}, "gone"),
        ({"pyproject.toml": "[tool.alembic\n"}, "pyproject.toml"),
        ({"missing/../alembic.ini": "["}, "alembic.ini"),
    ],
)
def test_a_configuration_without_scripts_says_what_it_lacks(
    tmp_path: Path, files: dict[str, str], words: str
) -> None:
    with pytest.raises(BadAnswer) as caught:
        loaded(write(tmp_path, files))
    assert words in str(caught.value)


def test_folders_that_env_py_chooses_have_to_be_named(tmp_path: Path) -> None:
    ini = write(
        tmp_path,
        {
            "alembic.ini": "[alembic]\nscript_location = db\n",
            "db/env.py": "context.script.version_locations = [app.versions_dir]\n",
            "db/versions/postgresql/a.py": script("a"),
            "db/versions/sqlite/b.py": script("b"),
        },
    )
    with pytest.raises(BadAnswer) as caught:
        loaded(ini)
    assert "version_locations" in str(caught.value)
    assert loaded(ini, version_locations=[tmp_path / "db/versions/postgresql"]).known == {"a"}


def test_what_a_database_lacks_comes_in_an_order_that_can_be_applied() -> None:
    merge = Revision(id="d", down=("b", "c"))
    made = [merge, Revision(id="c", down=("a",)), Revision(id="b", down=("a",)), Revision(id="a")]
    made.append(Revision(id="x", labels=("side",)))
    made.append(Revision(id="y", down=("x",), depends_on=("d",)))
    made.append(Revision(id="z", depends_on=("side",)))
    scripts = make_scripts(made)
    assert scripts.heads == ("d", "y", "z"), "a dependency makes no order of branches"
    assert scripts.applied(["b", "x"]) == {"a", "b", "x"}
    pending = [revision.id for revision in scripts.pending(["b", "x"])]
    assert sorted(pending) == ["c", "d", "y", "z"]
    assert pending.index("c") < pending.index("d") < pending.index("y")


def test_the_program_that_asks_does_not_carry_alembic_along() -> None:
    code = (
        "import sys; from signals.database.revisions import AlembicScripts; from signals.settings import PostgresSettings;"
        f"settings = PostgresSettings(url='postgresql://u@h/d', migrations={str(PROFILE.migrations)!r});"
        "found = AlembicScripts(settings).revisions();"
        "print(len(found.heads), sorted({'alembic', 'sqlalchemy', 'subprocess'} & set(sys.modules)))"
    )
    asked = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert asked.stdout == "1 []\n"


def test_without_scripts_nothing_is_read_and_nothing_is_known() -> None:
    assert AlembicScripts(settings_for(None)).revisions() is None
