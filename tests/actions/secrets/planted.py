"""A repository with a secret in every place that an audit must look at. The values are made anew for each test."""

from __future__ import annotations

import os
import secrets
import string
import subprocess
import uuid
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_LETTERS = string.ascii_letters + string.digits


def github_token() -> str:
    """A token of the right form that nobody has given out."""
    return "ghp_" + "".join(secrets.choice(_LETTERS) for _ in range(36))


def riot_key() -> str:
    """The same for a Riot key, which scanners do not know."""
    return f"RGAPI-{uuid.uuid4()}"


def git(folder: Path, *arguments: str, given: str = "") -> str:
    """Run Git as somebody who has no configuration."""
    names = {
        f"GIT_{who}_{what}": "dev@example.org"
        for who in ("AUTHOR", "COMMITTER")
        for what in ("NAME", "EMAIL")
    }
    done = subprocess.run(
        ["git", "-c", "init.defaultBranch=main", "-C", str(folder), *arguments],
        input=given,
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, **names, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"},
    )
    return done.stdout.strip()


def plant(folder: Path) -> dict[str, str]:
    """Make the repository; returns the value of each place."""
    names = (
        "tree",
        "removed",
        "ignored",
        "untracked",
        "stash",
        "older_stash",
        "branch",
        "blob",
        "tag",
        "message",
        "log",
    )
    values = {name: github_token() for name in names} | {"riot": riot_key(), "env": riot_key()}
    folder.mkdir()
    git(folder, "init", "--quiet")
    (folder / "app.py").write_text("x = 1\n")
    _commit(folder, "first")
    (folder / "old.py").write_text(f"\n\ntoken = '{values['removed']}'\n")
    _commit(folder, "second")
    (folder / "old.py").unlink()
    (folder / "conf.py").write_text(f"token = '{values['tree']}'\nkey = '{values['riot']}'\n")
    (folder / ".gitignore").write_text("*.secret\n.env\nlogs\n")
    _commit(folder, f"remove the token {values['message']}")
    (folder / "a.secret").write_text(f"token={values['ignored']}\n")
    (folder / "new.yml").write_text(f"token: {values['untracked']}\n")
    (folder / ".env").write_text(f"RIOT_API_KEY={values['env']}\n")
    (folder / "logs").mkdir()
    (folder / "logs" / "bot.log").write_text("\n" * 4 + f"GET /?token={values['log']}\n")
    for name in ("older_stash", "stash"):
        (folder / "app.py").write_text(f"y = '{values[name]}'\n")
        git(folder, "stash")
    git(folder, "checkout", "--quiet", "-b", "topic")
    (folder / "topic.py").write_text(f"z = '{values['branch']}'\n")
    git(folder, "add", "topic.py")
    git(folder, "commit", "--quiet", "-m", "topic")
    git(folder, "checkout", "--quiet", "main")
    git(folder, "branch", "--quiet", "-D", "topic")
    git(folder, "hash-object", "-w", "--stdin", given=f"w = '{values['blob']}'\n")
    git(folder, "tag", "--annotate", "v1", "-m", f"release with {values['tag']}")
    return values


def _commit(folder: Path, message: str) -> None:
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "-m", message)
