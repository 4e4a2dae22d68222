"""The repository's Python code as syntax trees and module names; nothing of it is imported or run."""

from __future__ import annotations

import ast
import bisect
import posixpath
import warnings
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import re
    from collections.abc import Iterator

    from repolint.project import Project


def tree(project: Project, file: str) -> ast.Module | None:
    """The file as a tree, None where it is no Python of today; parsed once."""
    trees = project.fact(_trees)
    if file not in trees:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                trees[file] = ast.parse(project.text(file))
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            trees[file] = None
    return trees[file]


def _trees(_: Project) -> dict[str, ast.Module | None]:
    return {}


def nodes_at(project: Project, file: str, words: re.Pattern[str]) -> Iterator[ast.AST]:
    """The nodes of all statements that have one of the words on one of their lines, and of those around them.

    Walking everything would take most of the lint's time.
    """
    parsed = tree(project, file)
    hits = [number for number, line in enumerate(project.text(file).splitlines(), 1) if words.search(line)]
    waiting: deque[ast.AST] = deque([parsed] if parsed and hits else [])
    while waiting:
        node = waiting.popleft()
        yield node
        for child in ast.iter_child_nodes(node):
            if not isinstance(child, ast.stmt) or _touches(child, hits):
                waiting.append(child)


def _touches(node: ast.stmt, hits: list[int]) -> bool:
    decorators = getattr(node, "decorator_list", None)
    first = decorators[0].lineno if decorators else node.lineno
    at = bisect.bisect_left(hits, first)
    return at < len(hits) and hits[at] <= (node.end_lineno or first)


def python_files(project: Project) -> list[str]:
    """All Python files but those of tests."""
    return project.fact(_python_files)


def _python_files(project: Project) -> list[str]:
    return [file for file in project.matching(".py") if not is_test(file)]


def is_test(file: str) -> bool:
    """Whether the file belongs to the repository's own tests."""
    parts = file.split("/")
    return bool({"tests", "test", "testing", "examples"} & set(parts[:-1])) or parts[-1].startswith(
        ("test_", "conftest")
    )


def module_of(file: str) -> str:
    """The dotted name of a file, seen from the repository's root."""
    return file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def module_files(project: Project, dotted: str) -> list[str]:
    """The files that may be this module, wherever its package's root is."""
    path = dotted.replace(".", "/")
    ends = (f"/{path}.py", f"/{path}/__init__.py")
    return [
        file for file in project.fact(_by_last).get(posixpath.basename(path), ()) if f"/{file}".endswith(ends)
    ]


def _by_last(project: Project) -> dict[str, list[str]]:
    files: dict[str, list[str]] = {}
    for file in project.matching(".py"):
        files.setdefault(module_of(file).rsplit(".", 1)[-1], []).append(file)
    return files


def is_package_here(project: Project, dotted: str) -> bool:
    """Whether the repository has a package (or plain folder with Python in it) of that name."""
    return dotted.replace(".", "/") in project.fact(_package_ends)


def _package_ends(project: Project) -> set[str]:
    ends: set[str] = set()
    for file in project.matching(".py"):
        folder = posixpath.dirname(file)
        parts = folder.split("/") if folder else []
        for end in range(1, len(parts) + 1):
            ends |= {"/".join(parts[start:end]) for start in range(end)}
    return ends


def called(node: ast.AST) -> str:
    """The dotted name of what is called or named, as far as it is plain names; empty where it is not."""
    if isinstance(node, ast.Call):
        return called(node.func)
    if isinstance(node, ast.Attribute):
        before = called(node.value)
        return f"{before}.{node.attr}" if before else node.attr
    return node.id if isinstance(node, ast.Name) else ""


def text_of(node: ast.AST | None) -> str | None:
    """The text where the node is a plain string."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def keyword(call: ast.Call, *names: str) -> ast.expr | None:
    """The value of the first of these keyword arguments."""
    return next((k.value for k in call.keywords if k.arg in names), None)
