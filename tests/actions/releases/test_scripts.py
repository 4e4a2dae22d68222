"""The scripts of a release out of a Git repository: by the commit that its name means, whatever that name is."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from actions.release_settings import ReleaseScripts
from actions.releases.errors import ReleaseError
from actions.releases.scripts import read_scripts


def git(repository: Path, *words: str) -> None:
    identity = ("-c", "user.name=t", "-c", "user.email=t@t")
    subprocess.run(["git", "-C", str(repository), *identity, *words], check=True, capture_output=True)


def revision(name: str, down: str | None) -> str:
    return f"revision = {name!r}\ndown_revision = {down!r}\n\n\ndef upgrade():\n    pass\n"


def test_each_tag_has_its_own_scripts_and_a_name_is_never_a_command(tmp_path: Path) -> None:
    versions = tmp_path / "repository" / "db" / "versions"
    versions.mkdir(parents=True)
    repository = tmp_path / "repository"
    git(repository, "init", "-q")
    (versions / "a.py").write_text(revision("a", None))
    (versions / "README; touch x").write_text("no script")
    git(repository, "add", ".")
    git(repository, "commit", "-qm", "$(touch x)")
    git(repository, "tag", "v1")
    (versions / "b.py").write_text(revision("b", "a"))
    (versions / "broken.py").write_text("revision = make()\n")
    git(repository, "add", "db/versions/b.py")
    git(repository, "commit", "-qm", "b")
    git(repository, "tag", "v2")
    git(repository, "add", ".")
    git(repository, "commit", "-qm", "broken")
    git(repository, "tag", "v3")
    scripts = {"repository": repository, "path": "db/versions"}
    where = ReleaseScripts.model_validate(scripts)
    first, second = read_scripts(where, None, "v1"), read_scripts(where, None, "v2")
    assert (first.heads, second.heads) == (("a",), ("b",))
    assert b"down_revision = 'a'" in second.sources["b"]
    assert second.postgres is None, "how its Alembic is run is not known from here"
    for version, key in (
        ("v3", "scripts_broken"),
        ("v9", "no_git"),
        ("--output=x", "no_git"),
        ("v1; touch x", "no_git"),
        ("HEAD:db", "no_git"),
    ):
        with pytest.raises(ReleaseError) as error:
            read_scripts(where, None, version)
        assert error.value.message.key == f"releases.{key}"
    assert not (repository / "x").exists()
    with pytest.raises(ReleaseError):
        read_scripts(where.model_copy(update={"path": "nowhere"}), None, "v1")
