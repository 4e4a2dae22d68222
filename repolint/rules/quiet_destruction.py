"""A command that destroys data for good where the text around it does not say so."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from core.message import say
from repolint.facts.celery.commands import celery_calls
from repolint.facts.database.alembic import alembic_commands
from repolint.facts.files.paths import exists
from repolint.facts.manual.commands import after_options, commands, compose_words
from repolint.facts.manual.shell import WILD
from repolint.facts.manual.words import LOSS
from repolint.findings import at_command, at_line
from repolint.registry import MANUAL, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from repolint.facts.manual.commands import Command
    from repolint.project import Document, Project
    from runbooks.lint.finding import Finding

_LINES_BEFORE: Final = 4
_LINES_AFTER: Final = 3
_SQL: Final = re.compile(
    r"(?i)\b(?:DROP\s+(?:TABLE|DATABASE|SCHEMA)|TRUNCATE(?:\s+TABLE)?\s+\w|DELETE\s+FROM\s+[\w.\"]+\s*(?:;|$))"
)
_THROWAWAY: Final = re.compile(
    r"(?i)(?:^|/)(?:node_modules|\.?venv|env|dist|build|target|\.?tmp|temp|cache|\.cache|__pycache__|\.pytest_cache|\.mypy_cache|\.ruff_cache|\.next|"
    r"\.vite|coverage|htmlcov|out|\.tox|lists|\.turbo|logs?|[\w.-]*\.(?:log|tmp|pyc|lock|pid|zip|gz|egg-info)|[\w-]*test[\w-]*|[\w.-]*lock[\w.-]*)(?:/|/?\*)?$"
)
_KUBERNETES: Final = frozenset(
    [
        "pvc",
        "persistentvolumeclaim",
        "persistentvolumeclaims",
        "pv",
        "namespace",
        "ns",
        "statefulset",
        "sts",
        "crd",
        "secret",
        "secrets",
    ]
)


_PASSING: Final = ("/tmp/", "/var/tmp/", "/var/cache/", "/var/log/")  # noqa: S108  # only compared with


def check(project: Project) -> Iterator[Finding]:
    """Something that can't be taken back, without a word near it that data is lost."""
    for command, what in _destroying(project):
        if not _warned(command.document, command.line):
            yield at_command(
                command,
                "quiet-destruction",
                say("repolint.quiet_destruction", command=say(f"repolint.destroys_{what}")),
                "likely",
                evidence="",
                fix=say("repolint.fix_quiet_destruction"),
            )
    for document in project.documents:
        for code in document.codes:
            if (
                code.fence in ("sql", "heredoc")
                and _SQL.search(code.text)
                and not _warned(document, code.line)
            ):
                yield at_line(
                    document,
                    code.line,
                    "quiet-destruction",
                    say("repolint.quiet_destruction", command=say("repolint.destroys_sql")),
                    "likely",
                    evidence="",
                    fix=say("repolint.fix_quiet_destruction"),
                )


def _destroying(project: Project) -> Iterator[tuple[Command, str]]:
    for command, call in project.fact(celery_calls):
        purges = call.path == ("purge",) or "--purge" in command.argv or "--discard" in command.argv
        if purges and (command.fenced or len(command.argv) > 2):
            yield command, "purge"
    for command in project.fact(alembic_commands):
        if command.argv[1:3] == ("downgrade", "base"):
            yield command, "downgrade"
    for command in commands(project):
        kind = _kind(project, command)
        if kind:
            yield command, kind


def _kind(project: Project, command: Command) -> str:
    """What the command destroys, empty where nothing."""
    argv = command.argv
    short = "".join(word[1:] for word in argv[1:] if re.fullmatch(r"-[A-Za-z]+", word))
    upper = {word.upper() for word in argv}
    verb, *kinds = after_options(list(argv[1:]), {"-n", "--namespace", "--context", "--kubeconfig"}) or [""]
    destroys = {
        "volumes": _removes_volumes(command),
        "redis": command.name in ("redis-cli", "valkey-cli") and bool({"FLUSHALL", "FLUSHDB"} & upper),
        "sql": command.name == "dropdb"
        or (command.name in ("psql", "mysql") and any(_SQL.search(word) for word in argv)),
        "clean": command.name == "git" and argv[1:2] == ("clean",) and {"f", "x"} <= set(short),
        "files": command.name == "rm"
        and {"r", "f"} <= set(short.lower())
        and any(_keeps(project, command, word) for word in argv[1:]),
        "kubernetes": command.name in ("kubectl", "oc")
        and verb == "delete"
        and any(word.split("/")[0].lower() in _KUBERNETES for word in kinds),
    }
    return next((kind for kind, is_so in destroys.items() if is_so), "")


def _removes_volumes(command: Command) -> bool:
    words = compose_words(command)
    if words and words[0] == "down":
        return any(word == "--volumes" or re.fullmatch(r"-\w*v\w*", word) for word in words[1:])
    if command.name != "docker":
        return False
    if command.argv[1:3] == ("system", "prune"):
        return "--volumes" in command.argv
    return command.argv[1:3] in (("volume", "rm"), ("volume", "prune"))


def _keeps(project: Project, command: Command, path: str) -> bool:
    """Whether what `rm -rf` takes away may be wanted: something of the repository, or data of the machine."""
    if path.startswith(("-", *_PASSING)) or _THROWAWAY.search(path.rstrip("/")):
        return False
    if WILD in path or path in ("*", "./*", ".", "/", "~"):
        return True
    if path.startswith(("/", "~")) or re.search(
        r"(?i)data|volume|upload|backup|postgres|redis|storage|media", path
    ):
        return True
    return exists(project, command.document, path, command.folder)


def _warned(document: Document, line: int) -> bool:
    """Whether text, a heading or a comment near the command says what is lost."""
    near = document.prose_between(line - _LINES_BEFORE, line + _LINES_AFTER)
    texts = [re.sub(r"`[^`]*`", "", text) for prose in near for text in (prose.text, prose.heading)]
    before = document.last_prose(line)
    if before is not None:
        texts += [re.sub(r"`[^`]*`", "", before.text), before.heading]
    for code in document.codes_between(line - _LINES_BEFORE, line + 1):
        if code.fence is not None:
            comment = re.search(r"(?:^|\s)(?:#|--\s)\s*(.*)$", code.text)
            texts.append(comment[1] if comment else "")
            texts += re.findall(r"echo\s+(.*)", code.text)
    return any(LOSS.search(text) for text in texts)


RULE = Rule(
    id="quiet-destruction",
    check=check,
    confidence=("likely",),
    bad={MANUAL: "## Clean up\n\nRun `docker compose down -v` and begin again.\n"},
    good={MANUAL: "## Clean up\n\nThis deletes all data: `docker compose down -v`.\n"},
)
