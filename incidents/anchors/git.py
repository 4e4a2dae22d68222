"""Anchors in a Git repository: each is a commit that follows the one before, so that the repository proves their order.

Plumbing alone: objects and one ref are written, no index, no working tree, no branch. Git is given arguments, never a
shell's text; hooks of the repository do not run, and nobody is asked for a password. With a `remote` the ref is that of the
remote: fetched before, pushed after, never forced.
"""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

from core.files import MAX_BYTES
from core.message import say
from core.text import clean
from incidents.journal.errors import JournalError

if TYPE_CHECKING:
    from pathlib import Path

    from incidents.settings import GitAnchorSettings

FILE = "anchor.json"
_OFF = (
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "commit.gpgSign=false",
    "gc.auto=0",
    "maintenance.auto=false",
)


def last_anchor(settings: GitAnchorSettings) -> str | None:
    """The anchor that was kept last, None before the first; raises `JournalError`."""
    tip = _tip(settings)
    if tip is None:
        return None
    size = int(_git(settings, "cat-file", "-s", f"{tip}:{FILE}"))
    if size > MAX_BYTES:
        raise _refused(settings, f"{FILE}: larger than {MAX_BYTES / 1e6:g} MB")
    return _git(settings, "cat-file", "blob", f"{tip}:{FILE}").decode(errors="replace")


def keep_anchor(settings: GitAnchorSettings, text: str, subject: str, actor: str) -> str:
    """Keep `text` as the anchor that follows the last one; returns the commit. Raises `JournalError`."""
    tip = _tip(settings)
    blob = _git(settings, "hash-object", "-w", "--stdin", given=text.encode()).decode().strip()
    tree = _git(settings, "mktree", given=f"100644 blob {blob}\t{FILE}\n".encode()).decode().strip()
    parent = ("-p", tip) if tip else ()
    commit = (
        _git(settings, "commit-tree", tree, *parent, given=subject.encode(), actor=actor).decode().strip()
    )
    _git(settings, "update-ref", "--create-reflog", settings.ref, commit, tip or "0" * len(commit))
    if settings.remote:
        _git(settings, "push", "--quiet", settings.remote, f"{settings.ref}:{settings.ref}")
    return commit


def _tip(settings: GitAnchorSettings) -> str | None:
    if settings.remote:
        if not _git(settings, "ls-remote", settings.remote, settings.ref).strip():
            return None
        refs = f"+{settings.ref}:{settings.ref}"
        _git(settings, "fetch", "--quiet", "--no-tags", "--no-write-fetch-head", settings.remote, refs)
    tips = _git(settings, "for-each-ref", "--format=%(objectname)", settings.ref).decode().split()
    return tips[0] if len(tips) == 1 else None


def _git(settings: GitAnchorSettings, *arguments: str, given: bytes = b"", actor: str = "") -> bytes:
    folder = _directory(settings)
    options = [part for setting in _OFF for part in ("-c", setting)]
    # What the caller's environment says of another repository (in a hook of one, say) is not about this.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")} | {
        "GIT_TERMINAL_PROMPT": "0",
        "LC_ALL": "C",
    }
    for who in ("AUTHOR", "COMMITTER"):
        environment |= {f"GIT_{who}_NAME": actor or "warroom", f"GIT_{who}_EMAIL": "warroom@localhost"}
    command = ["git", "--no-pager", *options, f"--git-dir={folder}", *arguments]
    try:
        done = subprocess.run(
            command,
            input=given,
            capture_output=True,
            env=environment,
            timeout=settings.timeout_s,
            check=False,
            start_new_session=True,  # ssh has no terminal on which it could ask
        )
    except subprocess.TimeoutExpired:
        raise _refused(settings, f"git {arguments[0]}: no end within {settings.timeout_s:g} s") from None
    except OSError as error:
        raise _refused(settings, f"git: {error.strerror}") from error
    if done.returncode != 0:
        lines = done.stderr.decode(errors="replace").strip().splitlines()
        raise _refused(settings, lines[-1] if lines else f"git {arguments[0]}: exit code {done.returncode}")
    return done.stdout


def _directory(settings: GitAnchorSettings) -> Path:
    """The repository itself, bare or with a `.git` of its own: not the one that lies around some folder."""
    for folder in (settings.repository, settings.repository / ".git"):
        if (folder / "HEAD").is_file() and (folder / "objects").is_dir():
            return folder
    raise _refused(settings, "no Git repository")


def _refused(settings: GitAnchorSettings, detail: str) -> JournalError:
    place = clean(str(settings.repository))
    return JournalError(say("journal.anchor_repository", place=place, detail=clean(detail, 200)))
