"""`warroom drill new ID [--from SCENARIO]`: a first scenario that explains itself, or a copy of one; never over one that is there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from tui.cli.drill.verb import Verb
from tui.runtime.exit import ExitCode

if TYPE_CHECKING:
    import argparse

    from tui.cli.command import Invocation
    from tui.config.model import Config
    from tui.i18n import Language

TEMPLATES = Path(__file__).parents[2] / "i18n"
_ID = re.compile(r"[a-z0-9][a-z0-9.-]{0,63}")
_ID_LINE = re.compile(r"^id:.*$", re.MULTILINE)


def add_arguments(parser: argparse.ArgumentParser, words: Language) -> None:
    """Its name, where it goes, and from what."""
    parser.add_argument("id", metavar="ID", help=words.text("drill.option_id"))
    parser.add_argument(
        "--from", dest="source", default="", metavar="SCENARIO", help=words.text("drill.option_from")
    )
    parser.add_argument(
        "--folder", type=Path, default=None, metavar="FOLDER", help=words.text("drill.option_folder")
    )


def run(args: argparse.Namespace, invocation: Invocation) -> int:
    """Print where it was written."""
    from core.errors import WarroomError
    from core.files import create_file, make_private_folder
    from core.message import say
    from core.text import clean
    from profiles.profile import BUNDLED
    from tui.cli.resources import config_or_default

    if not _ID.fullmatch(args.id):
        raise WarroomError(say("drill.new_bad_id", id=clean(args.id, 80)))
    config = config_or_default(invocation)
    own = (folder for folder in config.drills.scenarios if not folder.is_relative_to(BUNDLED))
    path = (args.folder or next(own, Path())) / f"{args.id}.yaml"
    text = _text(args, invocation, config)
    shown = clean(str(path))
    try:
        make_private_folder(path.parent)
        create_file(path, text.encode())
    except FileExistsError as error:
        raise WarroomError(say("drill.exists", file=shown)) from error
    except OSError as error:
        raise WarroomError(say("drill.unwritable", file=shown, detail=error.strerror or "?")) from error
    if invocation.json:
        invocation.print_json({"id": args.id, "file": str(path)})
    else:
        invocation.print_line(invocation.words.text("drill.written", file=shown))
    return ExitCode.OK


def _text(args: argparse.Namespace, invocation: Invocation, config: Config) -> str:
    from core.files import read_text
    from drills.scenarios.library import load_scenarios, scenario_folders, unknown_scenario
    from drills.scenarios.yaml_file import MAX_BYTES
    from runbooks.library import load_library

    if not args.source:
        books = load_library(config.runbooks, "en").runbooks
        runbook = min(book.id for book in books) if books else '""'
        text = read_text(TEMPLATES / invocation.words.code / "scenario.yaml")
        where, fault, params = _fault(config)
        known = {"id": args.id, "runbook": runbook, "where": where, "fault": fault, "params": params}
        for name, value in known.items():
            text = text.replace(f"{{{name}}}", value)
        return text
    library = load_scenarios(scenario_folders(config.drills))
    files = [read for read in library.files if read.scenario is not None and read.scenario.id == args.source]
    if not files:
        raise unknown_scenario(library, args.source)
    return _ID_LINE.sub(f"id: {args.id}", read_text(Path(files[-1].file), MAX_BYTES), count=1)


def _fault(config: Config) -> tuple[str, str, str]:
    """Where it is played, and what breaks: a fault of the team's own system where the configuration has one."""
    from drills.target import SANDBOX

    own = next(iter(config.actions.chaos), None)
    if own is None or config.service.environment == SANDBOX:
        return "any", "chaos-llm-latency", "{ms: 3000}"
    return "configured", own, "{}"


VERB = Verb(summary="drill.verb_new", add_arguments=add_arguments, run=run)
