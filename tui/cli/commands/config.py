"""`warroom config check|schema|show`: what the file says, what it may say, and what is wrong in it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from core.message import say
from core.settings import AS_WRITTEN
from tui.cli.command import Command, Group
from tui.runtime.exit import ExitCode

if TYPE_CHECKING:
    import argparse

    from tui.cli.command import Invocation
    from tui.i18n import Language


def add_arguments(parser: argparse.ArgumentParser, words: Language) -> None:
    """Its own options."""
    parser.add_argument("what", choices=("check", "schema", "show"), help=words.text("config.option_what"))


def run(args: argparse.Namespace, invocation: Invocation) -> int:
    """Exit 3 when the file has problems."""
    from tui.config.model import Config

    if args.what == "schema":
        invocation.print_line(json.dumps(Config.model_json_schema(), indent=2, ensure_ascii=False))
        return ExitCode.OK
    if args.what == "check":
        return _check(invocation)
    config = invocation.config()
    shown = config.model_dump(mode="json", exclude_none=True, context=AS_WRITTEN)
    shown["panels"]["show"] = [
        spec.id for spec in config.board()
    ]  # with those of the profile, as the board shows them
    _mask_urls(shown)
    if invocation.json:
        invocation.print_json(shown)
    else:
        for line in _lines(shown):
            invocation.print_line(line)
    return ExitCode.OK


def _check(invocation: Invocation) -> int:
    from profiles.profile import GENERIC, bundled
    from tui.config.file import find_config
    from tui.config.load import check_config

    path = find_config(invocation.config_path)
    config, problems = check_config(path)
    if invocation.json:
        invocation.print_json(
            {
                "file": str(path),
                "problems": [
                    {
                        "file": str(problem.file),
                        "line": problem.line,
                        "key": problem.key,
                        "what": invocation.words.say(problem.what),
                    }
                    for problem in problems
                ],
            }
        )
    elif not problems:
        invocation.print_line(invocation.words.text("config.fine", file=str(path)))
    else:
        for problem in problems:
            invocation.print_notice(problem.message())
    if config is not None and not config.service.profile and not invocation.json:
        known = ", ".join(name for name in bundled() if name != GENERIC)
        invocation.print_notice(say("config.hint_profile", known=known))
    if problems and not invocation.json:
        invocation.print_notice(say("config.count", count=len(problems)))
    return ExitCode.USAGE if problems else ExitCode.OK


def _mask_urls(value: object) -> None:
    """Hide what an expanded `${NAME}` may have put into an address."""
    from tui.config.secrets import mask

    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in list(pairs):
        if isinstance(item, str):
            value[key] = mask(item)  # type: ignore[index]  # a dict or a list, see above
        else:
            _mask_urls(item)


def _lines(value: object, prefix: str = "") -> list[str]:
    """One `a.b.c = value` a line, as TOML's dotted keys."""
    if isinstance(value, dict):
        return [
            line for key, item in value.items() for line in _lines(item, f"{prefix}.{key}" if prefix else key)
        ]
    return [f"{prefix} = {json.dumps(value, ensure_ascii=False)}"]


COMMAND = Command(
    group=Group.SETUP,
    summary="config.summary",
    add_arguments=add_arguments,
    run=run,
)
