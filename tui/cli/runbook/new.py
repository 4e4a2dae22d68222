"""Writes a first runbook that explains itself; never over one that is there."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import WarroomError
from core.files import is_folder
from core.message import say
from core.text import clean
from profiles.profile import BUNDLED
from runbooks.reading.ids import is_id, slug
from tui.cli.resources import config_or_default
from tui.runtime.exit import ExitCode

if TYPE_CHECKING:
    import argparse

    from tui.cli.command import Invocation

TEMPLATES = Path(__file__).parents[2] / "i18n"


def new(args: argparse.Namespace, invocation: Invocation) -> int:
    """Print where it was written."""
    if not is_id(args.id):
        suggested = slug(args.id.encode("ascii", "ignore").decode()) or "queue-stuck"
        raise WarroomError(say("runbook.new_bad_id", id=clean(args.id, 80), suggested=suggested))
    folder = args.folder
    if folder is None:
        own = (
            folder
            for folder in config_or_default(invocation).runbooks.folders
            if not folder.is_relative_to(BUNDLED)
        )
        folder = next(own, Path())
    code = invocation.words.code
    if is_folder(folder / code):
        folder /= code
    path = folder / f"{args.id}.md"
    text = (TEMPLATES / code / "runbook.md").read_text(encoding="utf-8")
    title = clean(args.title, 200).lstrip("'\"") or args.id.replace("-", " ").capitalize()
    text = text.replace("{id}", args.id).replace("{title}", title)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        raise WarroomError(say("runbook.exists", file=clean(str(path)))) from error
    except OSError as error:
        detail = error.strerror or "?"
        raise WarroomError(say("runbook.unwritable", file=clean(str(path)), detail=detail)) from error
    if invocation.json:
        invocation.print_json({"id": args.id, "file": str(path)})
    else:
        invocation.print_line(invocation.words.text("runbook.written", file=clean(str(path))))
    return ExitCode.OK
