"""A Celery task that a manual names and that no code registers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from core.message import say
from repolint.facts.celery.commands import celery_calls
from repolint.facts.celery.source import celery_source
from repolint.facts.manual.shell import WILD
from repolint.facts.manual.words import nearest
from repolint.facts.python.source import is_package_here, module_files, module_of, python_files
from repolint.findings import at_line, meant, name
from repolint.registry import MANUAL, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from repolint.facts.celery.commands import Call
    from repolint.project import Document, Project
    from runbooks.lint.finding import Finding


def check(project: Project) -> Iterator[Finding]:
    """In commands that take a task, and dotted names in code font that are much like a task's."""
    source = celery_source(project)
    if not source.tasks:
        return
    for command, call in project.fact(celery_calls):
        task = _task_in(call)
        if task and WILD not in task and not _is_known(project, task):
            certain = not source.open_names and command.sure
            yield _finding(project, command.document, command.line, task, certain=certain)
    for document in project.documents:
        for code in document.codes:
            if code.fence is None and _looks_like_task(project, code.text):
                yield _finding(project, document, code.line, code.text, certain=False)


def _task_in(call: Call) -> str:
    if call.path == ("call",):
        return call.rest[0] if call.rest else ""
    if call.path == ("control",) and call.rest[:1] in (("rate_limit",), ("time_limit",)):
        return call.rest[1] if len(call.rest) > 1 else ""
    return ""


def _is_known(project: Project, task: str) -> bool:
    """Whether code registers the task, under a name seen from any root."""
    return any(
        full == task or full.endswith("." + task) for full in celery_source(project).tasks
    ) or task.startswith("celery.")


def _looks_like_task(project: Project, text: str) -> bool:
    """Whether a dotted name is much like a task's, but is neither one nor anything else of the code."""
    if not re.fullmatch(r"[A-Za-z_]\w*(?:\.\w+){2,}", text) or "task" not in text.lower():
        return False
    if _is_known(project, text) or _is_defined(project, text):
        return False
    return bool(nearest(text, celery_source(project).tasks, 0.8))


def _is_defined(project: Project, dotted: str) -> bool:
    """Whether the name is a module here, or something written in one."""
    if module_files(project, dotted) or is_package_here(project, dotted):
        return True
    for cut in (1, 2):
        parts = dotted.rsplit(".", cut)
        files = module_files(project, parts[0])
        if files and any(re.search(rf"\b{re.escape(parts[-1])}\b", project.text(file)) for file in files):
            return True
    top = dotted.split(".", maxsplit=1)[0]
    return not any(module_of(file).split(".")[0] == top for file in python_files(project))


def _finding(project: Project, document: Document, line: int, task: str, *, certain: bool) -> Finding:
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


_TASKS = "from celery import shared_task\n\n\n@shared_task\ndef send_letter(to):\n    return to\n"

RULE = Rule(
    id="unknown-celery-task",
    check=check,
    confidence=("certain", "likely"),
    bad={MANUAL: "`celery control rate_limit mailroom.tasks.send_leter 10/m`\n", "mailroom/tasks.py": _TASKS},
    good={
        MANUAL: "`celery control rate_limit mailroom.tasks.send_letter 10/m`\n",
        "mailroom/tasks.py": _TASKS,
    },
)
