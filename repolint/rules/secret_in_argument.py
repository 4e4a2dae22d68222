"""A secret that a manual writes as an argument of a command."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from core.message import say
from repolint.facts.manual.commands import commands
from repolint.facts.manual.shell import WILD
from repolint.findings import at_command
from repolint.registry import MANUAL, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from repolint.facts.manual.commands import Command
    from repolint.project import Project
    from runbooks.lint.finding import Finding

_SECRET_OPTION: Final = re.compile(
    r"(?i)^--?(?:password|passwd|pass|token|secret|api[-_]?key|access[-_]?key|secret[-_]?key|auth[-_]?token)(?:=(.*))?$"
)
_HARMLESS: Final = re.compile(
    r"(?i)^$|^\W*$|[{}]|your|my|xxx|example|change|placeholder|redacted|secret$|password$|token$|\*|test|dummy|^-|file|path|stdin|^true$|^false$|^admin$|key$"
)


def check(project: Project) -> Iterator[Finding]:
    """A secret as an argument is seen by `ps` and kept in the shell's history. The secret itself is never repeated."""
    for command in commands(project):
        option = _secret_option(command)
        if option:
            yield at_command(
                command,
                "secret-in-argument",
                say("repolint.secret_in_argument", option=option),
                "hint",
                evidence="",
                fix=say("repolint.fix_secret_in_argument"),
            )


def _secret_option(command: Command) -> str:
    for word, following in zip(command.argv, (*command.argv[1:], ""), strict=True):
        option = _SECRET_OPTION.match(word)
        value = (option[1] if option[1] is not None else following) if option else ""
        if command.name in ("redis-cli", "valkey-cli") and word == "-a":
            value = following
        elif command.name == "curl" and word in ("-u", "--user"):
            value = following.partition(":")[2]
        elif command.name in ("curl", "http") and (
            bearer := re.match(
                r"(?i)(?:authorization|x-[\w-]*(?:token|key)):\s*(?:[a-z]+\s+(?=\S))?(\S+)", following
            )
        ):
            value = bearer[1]
        elif command.name == "mysql" and re.match(r"-p.+", word):
            value = word[2:]
        elif word is not command.argv[0] and (url := re.match(r"[a-z][\w+]*://[^:/@\s]*:([^@/\s]+)@", word)):
            value = url[1]
        if value and WILD not in value and not _HARMLESS.search(value):
            if command.name == "mysql" and word.startswith("-p"):
                return "-p"
            return word.split("=")[0] if word.startswith("-") else "URL"
    return ""


RULE = Rule(
    id="secret-in-argument",
    check=check,
    confidence=("hint",),
    bad={MANUAL: "`redis-cli -a s3rpentine ping`\n"},
    good={MANUAL: "`redis-cli -a $REDIS_SECRET ping`\n"},
)
