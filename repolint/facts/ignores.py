"""What `.gitignore` and `.dockerignore` leave out. The usual patterns, not every corner of either format."""

from __future__ import annotations

import posixpath
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from repolint.project import Project

Kind = Literal["git", "docker"]


def left_out(lines: str, path: str, kind: Kind) -> bool:
    """Whether the ignore file with these `lines`, standing in the folder that `path` is relative to, leaves it out."""
    out = False
    for line in lines.splitlines():
        pattern = line.strip()
        if not pattern or pattern.startswith("#"):
            continue
        again = pattern.startswith("!")
        if _expression(pattern.removeprefix("!").strip(), kind).match(path):
            out = not again
    return out


def git_ignored(project: Project, path: str) -> bool:
    """Whether git would not keep this file of the repository."""
    folder = posixpath.dirname(path)
    while True:
        file = posixpath.join(folder, ".gitignore")
        if file in project.files:
            inner = path[len(folder) :].lstrip("/")
            if left_out(project.text(file), inner, "git"):
                return True
        if posixpath.dirname(folder) == folder:
            return False
        folder = posixpath.dirname(folder)


@lru_cache(maxsize=500)
def _expression(pattern: str, kind: Kind) -> re.Pattern[str]:
    anchored = kind == "docker" or "/" in pattern.rstrip("/")
    body = pattern.strip("/").removeprefix("./")
    text = ""
    for piece in re.split(r"(\*\*/|/\*\*|\*\*|\*|\?|\[[^\]]*\])", body):
        text += {"**/": "(?:.*/)?", "/**": "/.*", "**": ".*", "*": "[^/]*", "?": "[^/]"}.get(piece) or (
            piece.replace("[!", "[^") if re.fullmatch(r"\[[^\]\\]+\]", piece) else re.escape(piece)
        )
    try:
        return re.compile(f"{'' if anchored else '(?:.*/)?'}{text}(?:/.*)?$")
    except re.error:
        return re.compile(r"(?!)")
