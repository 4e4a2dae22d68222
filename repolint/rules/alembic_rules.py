"""Alembic's command line: its words, the scripts it needs, the revisions and heads that a manual counts on."""

from __future__ import annotations

import argparse
import re
from typing import TYPE_CHECKING, Final, NamedTuple

from core.message import say
from repolint.facts.database.migrations import migrations, required_settings
from repolint.facts.manual.commands import ELSEWHERE, commands
from repolint.facts.manual.shell import WILD
from repolint.facts.manual.words import is_example, nearest
from repolint.findings import at_command, at_line, meant, name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from repolint.facts.manual.commands import Command
    from repolint.project import Project
    from runbooks.lint.finding import Confidence, Finding

_SAMPLES: Final = re.compile(
    r"(?i)abc\d*|abcdef\w*|1234\w*|xxx+\w*|rev\w*|ae10\w*|27c6a\w*|<.*|\w*_?id|revision\w*|target\w*|previous\w*|version\w*"
)
_SPEAKS: Final = re.compile(r"(?i)revision|migration|alembic|迁移|版本|修订")
_NEEDS_SCRIPTS: Final = frozenset(
    [
        "upgrade",
        "downgrade",
        "revision",
        "current",
        "history",
        "heads",
        "stamp",
        "show",
        "merge",
        "check",
        "branches",
        "edit",
    ]
)
_MOVES: Final = frozenset({"upgrade", "downgrade", "stamp", "show", "edit"})


class Call(NamedTuple):
    """An alembic command taken apart, with the subcommand or option that does not exist."""

    subcommand: str
    rest: tuple[str, ...]
    unknown: str = ""
    near: str = ""


def alembic_commands(project: Project) -> Iterator[Command]:
    """Every alembic command of the manuals."""
    for command in commands(project):
        if command.name == "alembic" and "/" not in command.argv[0]:
            yield command
        elif command.argv[1:3] == ("-m", "alembic"):
            from dataclasses import replace

            yield replace(command, argv=("alembic", *command.argv[3:]))


def _grammar() -> tuple[dict[str, bool], dict[str, dict[str, bool]]]:
    """Alembic's own options and those of each subcommand, and whether a value follows."""
    from alembic.config import CommandLine

    parser = CommandLine("alembic").parser
    subcommands: dict[str, dict[str, bool]] = {}
    for action in parser._actions:  # noqa: SLF001  # argparse has no public way to list what it knows
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001
            subcommands = {word: _options(inner) for word, inner in action.choices.items()}
    return _options(parser), subcommands


def _options(parser: argparse.ArgumentParser) -> dict[str, bool]:
    return {spelling: action.nargs != 0 for action in parser._actions for spelling in action.option_strings}  # noqa: SLF001


def _calls(project: Project) -> list[tuple[Command, Call]]:
    asked = list(alembic_commands(project))
    if not asked:
        return []
    own, subcommands = _grammar()
    return [(command, call) for command in asked if (call := _read(command, own, subcommands))]


def _read(command: Command, own: dict[str, bool], subcommands: dict[str, dict[str, bool]]) -> Call | None:
    words, options, subcommand = list(command.argv[1:]), own, ""
    rest: list[str] = []
    while words:
        word = words.pop(0)
        if word.startswith("-") and not re.fullmatch(r"-\d+", word):
            key = word.split("=", 1)[0] if word.startswith("--") else word[:2]
            matches = [o for o in options if o == key or (key.startswith("--") and o.startswith(key))]
            if not matches:
                return Call(subcommand, tuple(rest), key, nearest(key, options, 0.7))
            if options[matches[0]] and "=" not in word and (word == key):
                words = words[1:]
        elif WILD in word or subcommand:
            rest.append(word)
        elif word in subcommands:
            subcommand, options = word, subcommands[word]
        else:
            return Call("", (), word, nearest(word, subcommands, 0.7))
    return Call(subcommand, tuple(rest)) if subcommand else None


def unknown_alembic_words(project: Project) -> Iterator[Finding]:
    """A subcommand or option that Alembic does not have."""
    for command, call in project.fact(_calls):
        option = call.unknown.startswith("-")
        if call.unknown and (command.fenced or option or call.near):
            program = f"alembic {call.subcommand}".strip()
            yield at_command(
                command,
                "unknown-alembic-option" if option else "unknown-alembic-command",
                say(
                    "repolint.unknown_option" if option else "repolint.unknown_subcommand",
                    word=name(call.unknown),
                    program=program,
                ),
                "certain",
                evidence=call.near,
                fix=meant(call.near, say("repolint.fix_see_help", program=f"{program} --help")),
            )


def missing_migrations(project: Project) -> Iterator[Finding]:
    """Alembic commands without Alembic scripts, and scripts without the folder that holds revisions."""
    found = migrations(project)
    said: set[str] = set()
    for command, call in project.fact(_calls):
        if call.subcommand not in _NEEDS_SCRIPTS or command.container == ELSEWHERE:
            continue
        if command.document.file in said or (found and call.subcommand == "revision"):
            continue
        said.add(command.document.file)
        if not found:
            fix = say("repolint.fix_no_migrations")
            yield at_command(
                command, "no-migrations", say("repolint.no_migrations"), "certain", evidence="", fix=fix
            )
        elif not any(m.revisions for m in found):
            place = f"{found[0].folder}/versions"
            fix = say("repolint.fix_no_revisions", folder=name(place))
            message = say("repolint.no_revisions", folder=name(place))
            yield at_command(
                command,
                "no-migrations",
                message,
                "certain",
                evidence=found[0].ini or found[0].folder,
                fix=fix,
            )


def unknown_revisions(project: Project) -> Iterator[Finding]:
    """`alembic upgrade X` of a revision that no script has, and `upgrade head` where there are several heads."""
    found = migrations(project)
    revisions = [revision for m in found for revision in m.revisions]
    if not revisions or any(m.open_ended for m in found):
        return
    broken = [revision for m in found for revision in m.broken]
    said: set[str] = set()
    told: set[str] = set()
    for command, call in project.fact(_calls):
        if call.unknown:
            continue
        if broken and command.document.file not in said and call.subcommand in _NEEDS_SCRIPTS:
            said.add(command.document.file)
            yield at_command(
                command,
                "broken-migrations",
                say(
                    "repolint.broken_migrations",
                    revision=name(broken[0].id),
                    down=name(", ".join(broken[0].down)),
                ),
                "certain",
                evidence=broken[0].file,
                fix=say("repolint.fix_broken_migrations", file=name(broken[0].file)),
            )
        asked = (
            [part for word in call.rest[:1] for part in word.split(":")] if call.subcommand in _MOVES else []
        )
        for word in asked:
            text = re.sub(r"[+-]\d+$", "", word).removesuffix("@head").removesuffix("@base")
            if (
                not text
                or text in ("head", "heads", "base", "current")
                or WILD in text
                or _SAMPLES.fullmatch(text)
            ):
                continue
            if any(r.id.startswith(text) or r.label == text.split("@")[0] for r in revisions):
                continue
            other = nearest(text, [r.id for r in revisions], 0.5)
            place = next((r.file for r in revisions if r.id == other), "")
            fix = meant(other, say("repolint.fix_unknown_revision"))
            message = say("repolint.unknown_revision", revision=name(text))
            sure: Confidence = "likely" if is_example(command.document, command.line) else "certain"
            yield at_command(
                command, "unknown-revision", message, sure, evidence=f"{place} {other}".strip(), fix=fix
            )
        several = call.subcommand == "upgrade" and call.rest[:1] == ("head",) and not broken
        if several and command.document.file not in told and all(len(m.heads) > 1 for m in found):
            told.add(command.document.file)
            heads = found[0].heads
            yield at_command(
                command,
                "several-heads",
                say("repolint.several_heads", heads=name(", ".join(head.id for head in heads))),
                "certain",
                evidence="; ".join(head.file for head in heads[:4]),
                fix=say("repolint.fix_several_heads"),
            )


def unknown_revisions_named(project: Project) -> Iterator[Finding]:
    """A revision in code font, on a line that speaks of migrations, that no script has."""
    found = migrations(project)
    revisions = [revision.id for m in found for revision in m.revisions]
    if not revisions or any(m.open_ended for m in found):
        return
    for document in project.documents:
        spoken = {
            p.line: p.text
            for p in document.prose
            if _SPEAKS.search(p.text) and not is_example(document, p.line)
        }
        for code in document.codes:
            text = code.text
            if (
                code.fence is not None
                or code.line not in spoken
                or not re.fullmatch(r"(?=.*\d)[0-9a-f]{12}", text)
            ):
                continue
            commit = re.search(rf"(?i)(?:commit|sha|提交)\W{{0,3}}{text}", spoken[code.line])
            if text not in revisions and not commit and not _SAMPLES.fullmatch(text):
                other = nearest(text, revisions, 0.5)
                fix = meant(other, say("repolint.fix_unknown_revision"))
                message = say("repolint.unknown_revision", revision=name(text))
                yield at_line(
                    document, code.line, "unknown-revision", message, "likely", evidence=other, fix=fix
                )


def hidden_settings(project: Project) -> Iterator[Finding]:
    """Migrations that can't start without variables which the manual does not name; said once per manual."""
    said: set[str] = set()
    for command, call in project.fact(_calls):
        if call.subcommand not in ("upgrade", "downgrade", "current") or command.document.file in said:
            continue
        needed = {
            v: place
            for m in migrations(project)
            for v, place in required_settings(project, f"{m.folder}/env.py").items()
        }
        text = " ".join(
            [*(p.text for p in command.document.prose), *(c.text for c in command.document.codes)]
        )
        missing = sorted(variable for variable in needed if variable not in text)
        if missing:
            said.add(command.document.file)
            message = say("repolint.hidden_settings", variables=name(", ".join(missing)))
            yield at_command(
                command,
                "hidden-settings",
                message,
                "hint",
                evidence=needed[missing[0]],
                fix=say("repolint.fix_hidden_settings"),
            )
