"""Celery's command line: the app, subcommands, options, control methods and task names that a manual uses."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from core.message import say
from repolint.facts.celery.source import celery_source
from repolint.facts.manual.commands import ELSEWHERE, commands
from repolint.facts.manual.shell import WILD
from repolint.facts.manual.words import nearest
from repolint.facts.python.source import is_package_here, module_files, module_of, python_files
from repolint.findings import at_command, at_line, meant, name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from click import Command as ClickCommand

    from repolint.facts.manual.commands import Command
    from repolint.project import Document, Project
    from runbooks.lint.finding import Finding

_PLUGINS = frozenset({"flower", "batches", "redbeat"})


class Call(NamedTuple):
    """A celery command taken apart. `path`: subcommands that exist; `unknown`: a subcommand or option that does not."""

    path: tuple[str, ...]
    unknown: str
    near: str
    rest: tuple[str, ...]


def celery_commands(project: Project) -> Iterator[Command]:
    """Every celery command of the manuals."""
    for command in commands(project):
        if command.name == "celery":
            yield command
        elif command.argv[1:3] == ("-m", "celery"):
            from dataclasses import replace

            yield replace(command, argv=("celery", *command.argv[3:]))


def unknown_celery_words(project: Project) -> Iterator[Finding]:
    """A subcommand, option or control method that Celery does not have."""
    if _is_old(project):
        return
    for command in celery_commands(project):
        call = read_call(command)
        if call is None or not call.unknown:
            yield from _unknown_method(project, command, call)
            continue
        option = call.unknown.startswith("-")
        if not option and not command.fenced and not call.near:
            continue  # "the `celery tasks`" speaks of something else
        yield at_command(
            command,
            "unknown-celery-option" if option else "unknown-celery-command",
            say(
                "repolint.unknown_option" if option else "repolint.unknown_subcommand",
                word=name(call.unknown),
                program=" ".join(("celery", *call.path)),
            ),
            "certain",
            evidence=call.near,
            fix=meant(call.near, say("repolint.fix_see_help", program=" ".join(("celery", *call.path)))),
        )


def _is_old(project: Project) -> bool:
    """Whether the repository asks for a Celery before 5, which had another command line."""
    asks = re.compile(
        r"(?im)^\s*[\"']?celery(?:\[[\w, ]+\])?[\"']?\s*(?:==|~=|<|=\s*[\"'][\^~=]*)\s*[\"']?([0-9]+)"
    )
    for file in project.matching("requirements.txt", "pyproject.toml", "Pipfile"):
        if any(int(found[1]) < 5 for found in asks.finditer(project.text(file))):
            return True
    return False


def read_call(command: Command) -> Call | None:
    """Reads the words with Celery's own command line; None where a placeholder stands for what decides."""
    from celery.bin.celery import celery
    from click import Group

    here: ClickCommand = celery
    path: tuple[str, ...] = ()
    words = list(command.argv[1:])
    while words:
        word = words.pop(0)
        if WILD in word.split("=", 1)[0]:
            if isinstance(here, Group):
                return None
        elif word.startswith("-") and not re.fullmatch(r"-\d*", word):
            unknown = _take_option(here, word, words)
            if unknown and path[:1] != ("multi",):
                return Call(path, unknown, nearest(unknown, _options(here), 0.7), tuple(words))
        elif not isinstance(here, Group):
            return Call(path, "", "", (word, *words))
        elif word in here.commands:
            here = here.commands[word]
            path = (*path, word)
        else:
            return (
                None
                if word in _PLUGINS
                else Call(path, word, nearest(word, here.commands, 0.7), tuple(words))
            )
    return Call(path, "", "", ())


def _take_option(command: ClickCommand, word: str, words: list[str]) -> str:
    """Takes the option's value from `words`, too; returns the option where the command does not know it."""
    options = _options(command)
    key = word.split("=", 1)[0] if word.startswith("--") else word[:2]
    if key not in options:
        return "" if command.ignore_unknown_options or word == "--help" else key
    if options[key] and word == key and words:
        words.pop(0)
    return ""


@cache
def _options(command: ClickCommand) -> dict[str, bool]:
    """Each spelling of each option, and whether a value follows it."""
    found = {}
    for parameter in command.params:
        takes = not getattr(parameter, "is_flag", False) and not getattr(parameter, "count", False)
        for spelling in (*parameter.opts, *parameter.secondary_opts):
            if spelling.startswith("-"):
                found[spelling] = takes
    return found


def _unknown_method(project: Project, command: Command, call: Call | None) -> Iterator[Finding]:
    if call is None or not call.rest or celery_source(project).own_controls:
        return
    kind = call.path[0] if call.path in (("inspect",), ("control",)) else ""
    if not kind:
        return
    from celery.worker.control import Panel

    methods = {method for method, about in Panel.meta.items() if about.type == kind}
    word = call.rest[0]
    if WILD not in word and word not in methods:
        moved = "inspect" if kind == "control" else "control"
        other = f"{moved} {word}" if word in Panel.meta else nearest(word, methods, 0.7)
        yield at_command(
            command,
            "unknown-celery-command",
            say("repolint.unknown_subcommand", word=name(word), program=f"celery {kind}"),
            "certain",
            evidence=other,
            fix=meant(other, say("repolint.fix_see_help", program=f"celery {kind} --list")),
        )


def missing_celery_apps(project: Project) -> Iterator[Finding]:
    """`-A app` that is no module here, or a module without a Celery app."""
    for command in celery_commands(project):
        for app in command.values("-A", "--app"):
            if WILD in app or not re.fullmatch(r"[\w.]+(?::\w+)?", app) or command.container == ELSEWHERE:
                continue
            dotted, _, attribute = app.partition(":")
            files = module_files(project, dotted)
            if not files and "." in dotted and not attribute:
                module, last = dotted.rsplit(".", 1)
                files = [
                    f for f in module_files(project, module) if re.search(rf"\b{last}\b", project.text(f))
                ]
            if not files and is_package_here(project, dotted):
                continue
            apps = celery_source(project).apps
            if not files:
                other = nearest(dotted, [module_of(file) for file in apps], 0.3) or (
                    module_of(next(iter(apps))) if len(apps) == 1 else ""
                )
                fix = meant(f"-A {other}" if other else "", say("repolint.fix_celery_app"))
                yield at_command(
                    command,
                    "missing-celery-app",
                    say("repolint.missing_celery_app", app=name(app)),
                    "certain",
                    evidence=other,
                    fix=fix,
                )
            elif not any(re.search(r"celery|import \*", project.text(file), re.IGNORECASE) for file in files):
                other = module_of(next(iter(apps))) if apps else ""
                fix = meant(f"-A {other}" if other else "", say("repolint.fix_celery_app"))
                message = say("repolint.no_celery_app", app=name(app), file=name(files[0]))
                yield at_command(
                    command, "missing-celery-app", message, "certain", evidence=files[0], fix=fix
                )


def unknown_tasks(project: Project) -> Iterator[Finding]:
    """A task name that no code registers."""
    source = celery_source(project)
    if not source.tasks:
        return
    for command in celery_commands(project):
        call = read_call(command)
        task = _task_in(call) if call else ""
        if task and WILD not in task and not known_task(project, task):
            yield _unknown(
                project, command.document, command.line, task, certain=not source.open_names and command.sure
            )
    for document in project.documents:
        for code in document.codes:
            if code.fence is None and _looks_like_task(project, code.text):
                yield _unknown(project, document, code.line, code.text, certain=False)


def _looks_like_task(project: Project, text: str) -> bool:
    """Whether a dotted name is much like a task's, but is neither one nor anything else of the code."""
    if not re.fullmatch(r"[A-Za-z_]\w*(?:\.\w+){2,}", text) or "task" not in text.lower():
        return False
    if known_task(project, text) or _defined(project, text):
        return False
    return bool(nearest(text, celery_source(project).tasks, 0.8))


def _task_in(call: Call) -> str:
    if call.path == ("call",):
        return call.rest[0] if call.rest else ""
    if call.path == ("control",) and call.rest[:1] in (("rate_limit",), ("time_limit",)):
        return call.rest[1] if len(call.rest) > 1 else ""
    return ""


def known_task(project: Project, task: str) -> bool:
    """Whether code registers the task, under a name seen from any root."""
    return any(
        full == task or full.endswith("." + task) for full in celery_source(project).tasks
    ) or task.startswith("celery.")


def _defined(project: Project, dotted: str) -> bool:
    """Whether the name is a module here, or something written in one."""
    if module_files(project, dotted) or is_package_here(project, dotted):
        return True
    for cut in (1, 2):
        parts = dotted.rsplit(".", cut)
        files = module_files(project, parts[0])
        if files and any(re.search(rf"\b{re.escape(parts[-1])}\b", project.text(file)) for file in files):
            return True
    return not any(
        module_of(file).split(".")[0] == dotted.split(".", maxsplit=1)[0] for file in python_files(project)
    )


def _unknown(project: Project, document: Document, line: int, task: str, *, certain: bool) -> Finding:
    source = celery_source(project)
    other = nearest(task, source.tasks, 0.6)
    return at_line(
        document,
        line,
        "unknown-celery-task",
        say("repolint.unknown_task", task=name(task)),
        "certain" if certain else "likely",
        evidence=f"{source.tasks[other]}: {other}" if other else "",
        fix=meant(other, say("repolint.fix_unknown_task")),
    )
