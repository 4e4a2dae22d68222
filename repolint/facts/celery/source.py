"""What the repository's code says about Celery: apps, tasks, and which queues they are sent to."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from repolint.facts.python.source import called, keyword, module_of, nodes_at, python_files, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from repolint.project import Project

_ROUTES: Final = ("task_routes", "CELERY_TASK_ROUTES", "CELERY_ROUTES")
_QUEUES: Final = ("task_queues", "CELERY_TASK_QUEUES", "CELERY_QUEUES")
_DEFAULT: Final = ("task_default_queue", "CELERY_TASK_DEFAULT_QUEUE", "CELERY_DEFAULT_QUEUE")
_WORDS = re.compile(r"celery|shared_task|apply_async|send_task|@\w+(?:\.\w+)*\.task\b", re.IGNORECASE)

_LINES = re.compile(
    r"celery|task|queue|apply|signature|route|control_command|inspect_command|\.si?\(", re.IGNORECASE
)


@dataclass(slots=True)
class CelerySource:
    """Places are `file:line`.

    `apps`: files that make a Celery instance. `tasks`: full dotted name to its place. `routed`: queue to a place that
    routes something there. `patterns`: task name (or a pattern of names) to the queue of its route. `declared`: queues that
    a worker without `-Q` listens to beside the default one. `open_ended`: some routing is computed and can't be read.
    """

    apps: dict[str, str] = field(default_factory=dict)
    tasks: dict[str, str] = field(default_factory=dict)
    own_queue: dict[str, str] = field(default_factory=dict)
    routed: dict[str, str] = field(default_factory=dict)
    patterns: dict[str, str] = field(default_factory=dict)
    declared: set[str] = field(default_factory=set)
    default: str = "celery"
    open_ended: bool = False
    open_names: bool = False
    own_controls: bool = False

    def queue_of(self, task: str) -> str:
        """Where a task goes that is sent without naming a queue."""
        for pattern, queue in self.patterns.items():
            if task == pattern or task.endswith("." + pattern) or _matches(pattern, task):
                return queue
        return self.own_queue.get(task, self.default)


def _matches(pattern: str, task: str) -> bool:
    if not re.search(r"[*?]", pattern):
        return False
    text = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.search(rf"(?:^|\.){text}$", task) is not None


def celery_source(project: Project) -> CelerySource:
    """Read once."""
    return project.fact(_read)


def _read(project: Project) -> CelerySource:
    source = CelerySource()
    for file in python_files(project):
        if _WORDS.search(project.text(file)):
            for node in nodes_at(project, file, _LINES):
                _read_node(source, file, node)
    return source


def _read_node(source: CelerySource, file: str, node: ast.AST) -> None:
    place = f"{file}:{getattr(node, 'lineno', 1)}"
    if isinstance(node, ast.Call):
        _read_call(source, file, place, node)
    elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        for decorator in node.decorator_list:
            _read_decorator(source, file, place, node.name, decorator)
    elif isinstance(node, ast.ClassDef):
        source.open_names |= any(called(base).rsplit(".", 1)[-1] == "Task" for base in node.bases)
    for setting, value in _settings(node):
        _read_setting(source, file, setting, value)


def _settings(node: ast.AST) -> list[tuple[str, ast.expr]]:
    """What an assignment or a dict display says, as names and values."""
    if isinstance(node, ast.Dict):
        pairs = zip(node.keys, node.values, strict=True)
        return [(text, value) for key, value in pairs if (text := text_of(key)) is not None]
    if isinstance(node, ast.Assign):
        return [(called(target).rsplit(".", 1)[-1], node.value) for target in node.targets]
    if isinstance(node, ast.AnnAssign) and node.value is not None:
        return [(called(node.target).rsplit(".", 1)[-1], node.value)]
    return []


def _read_call(source: CelerySource, file: str, place: str, node: ast.Call) -> None:
    name = called(node).rsplit(".", 1)[-1]
    if name == "Celery":
        source.apps.setdefault(file, place)
    elif name in ("apply_async", "send_task", "signature", "s", "si", "set", "apply"):
        queue = keyword(node, "queue")
        if queue is not None:
            _route(source, queue, place)
    elif name == "Queue" and node.args and (queue_name := text_of(node.args[0])):
        source.routed.setdefault(queue_name, place)
    elif name == "add_consumer":
        source.open_ended = True
    for argument in node.keywords:
        if argument.arg:
            _read_setting(source, file, argument.arg, argument.value)


def _read_decorator(source: CelerySource, file: str, place: str, function: str, node: ast.expr) -> None:
    name = called(node)
    last = name.rsplit(".", 1)[-1]
    if last in ("control_command", "inspect_command"):
        source.own_controls = True
    if not (last == "shared_task" or (last in ("task", "periodic_task") and "." in name)):
        return
    own = keyword(node, "name") if isinstance(node, ast.Call) else None
    if own is not None and text_of(own) is None:
        source.open_names = True
        return
    task = text_of(own) or f"{module_of(file)}.{function}"
    source.tasks.setdefault(task, place)
    queue = keyword(node, "queue") if isinstance(node, ast.Call) else None
    if queue is not None and _route(source, queue, place):
        source.own_queue[task] = text_of(queue) or ""


def _read_setting(source: CelerySource, file: str, name: str, value: ast.expr) -> None:
    if name in _DEFAULT:
        if (text := text_of(value)) is not None:
            source.default = text
        else:
            source.open_ended = True
    elif name in _QUEUES and not (isinstance(value, ast.Constant) and value.value is None):
        declared = [call for call in ast.walk(value) if isinstance(call, ast.Call)]
        for call in declared:
            if called(call).rsplit(".", 1)[-1] == "Queue" and call.args and (queue := text_of(call.args[0])):
                source.declared.add(queue)
        if isinstance(value, ast.Dict):
            source.declared |= {queue for key in value.keys if (queue := text_of(key))}
        source.open_ended |= not isinstance(value, ast.Dict | ast.Tuple | ast.List | ast.Set)
    elif name in _ROUTES and not (isinstance(value, ast.Constant) and value.value is None):
        source.open_ended |= not _read_routes(source, file, value)


def _read_routes(source: CelerySource, file: str, value: ast.expr) -> bool:
    """Whether every route could be read."""
    whole = True
    pairs = list(_pairs(value))
    for key, target in pairs:
        pattern = text_of(key)
        inner = target
        if isinstance(target, ast.Dict):
            inner = next(
                (v for k, v in zip(target.keys, target.values, strict=True) if text_of(k) == "queue"), target
            )
        queue = text_of(inner)
        if pattern is None or queue is None:
            whole = False
            continue
        source.patterns.setdefault(pattern, queue)
        source.routed.setdefault(queue, f"{file}:{target.lineno}")
    return whole and bool(pairs)


def _pairs(value: ast.expr) -> Iterator[tuple[ast.expr | None, ast.expr]]:
    """Pattern and target of each route, from a dict, a list of pairs, or lists of those; what is none has no pattern."""
    if isinstance(value, ast.Dict):
        yield from zip(value.keys, value.values, strict=True)
    elif not isinstance(value, ast.List | ast.Tuple):
        yield None, value
    elif len(value.elts) == 2 and isinstance(value.elts[0], ast.Constant):
        yield value.elts[0], value.elts[1]
    else:
        for element in value.elts:
            yield from _pairs(element)


def _route(source: CelerySource, queue: ast.expr, place: str) -> bool:
    text = text_of(queue)
    if text is None:
        source.open_ended = True
        return False
    source.routed.setdefault(text, place)
    return True


_WORKER = re.compile(r"\bcelery\b(?P<before>[^#]{0,300}?)\bworker\b(?P<after>.{0,600})", re.DOTALL)
_LISTENS = re.compile(r"(?:-Q[\s=]*|--queues[\s=]+)([^\s\"';|&]+)")


def started_workers(project: Project) -> list[tuple[str, tuple[str, ...] | None]]:
    """Where else than in a manual workers are started (compose files, scripts, units), and on which queues.

    No queue means that none is named there, None that it can't be read.
    """
    return project.fact(_started)


def _started(project: Project) -> list[tuple[str, tuple[str, ...] | None]]:
    workers: list[tuple[str, tuple[str, ...] | None]] = []
    endings = (
        ".yml",
        ".yaml",
        ".sh",
        ".service",
        ".conf",
        ".ini",
        ".toml",
        ".json",
        ".bat",
        ".tf",
        ".hcl",
        ".tpl",
        ".j2",
    )
    for file in sorted(project.files):
        last = file.rsplit("/", 1)[-1]
        if not (
            last.endswith(endings)
            or last.startswith(("Dockerfile", "Makefile", "Procfile"))
            or last.endswith("file")
        ):
            continue
        text = project.text(file)
        if "celery" not in text or "worker" not in text:
            continue
        plain = re.sub(r"[\"',\[\]\\]|^[ \t]*-[ \t](?=\S)", " ", text, flags=re.MULTILINE)
        for start in _WORKER.finditer(plain):
            after = re.split(r"\bcelery\s+-", start["after"])[0]
            listens = _LISTENS.search(start["before"] + after)
            place = f"{file}:{plain.count(chr(10), 0, start.start()) + 1}"
            if listens is None:
                workers.append((place, ()))
            else:
                readable = re.fullmatch(r"[\w.,:-]+", listens[1])
                workers.append((place, tuple(listens[1].split(",")) if readable else None))
    return workers
