"""Where a Python expression stands: its file, the functions and loops around it, and who calls what.

Files are read only when their text holds a word that is asked for: most of a repository never is.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from repolint.facts.python.source import tree

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from repolint.project import Project


@dataclass(frozen=True, slots=True)
class Place:
    """An expression's surroundings: `chain` from the outermost function, class or loop to the innermost.

    `bound` are the arguments of one call of `function`, each with the caller's own place.
    """

    file: str
    chain: tuple[ast.AST, ...] = ()
    bound: Mapping[str, tuple[ast.expr, Place]] = field(default_factory=dict)
    function: ast.AST | None = None

    def enclosing(self) -> ast.FunctionDef | ast.AsyncFunctionDef | None:
        """The innermost function with a name."""
        return next(
            (
                outer
                for outer in reversed(self.chain)
                if isinstance(outer, ast.FunctionDef | ast.AsyncFunctionDef)
            ),
            None,
        )

    def owner(self) -> ast.ClassDef | None:
        """The innermost class."""
        return next((outer for outer in reversed(self.chain) if isinstance(outer, ast.ClassDef)), None)


@dataclass(frozen=True, slots=True)
class _Index:
    calls: dict[str, list[tuple[ast.Call, Place]]] = field(default_factory=dict)
    imports: list[ast.Import | ast.ImportFrom] = field(default_factory=list)
    holders: list[ast.AST] = field(default_factory=list)


class Sources:
    """The repository's Python files, and an index of their calls that grows as it is needed."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.files = [file for file in project.matching(".py") if not _FOREIGN.search(file)]
        self._indexed: dict[str, _Index] = {}
        self._names: dict[ast.AST, dict[str, list[ast.expr | None]]] = {}
        self._imports: dict[str, dict[str, tuple[str, str]]] = {}
        self._modules = {_dotted(file): file for file in self.files}

    def tree(self, file: str) -> ast.Module | None:
        """A file's syntax tree, None where it is no Python of today."""
        return tree(self.project, file)

    def calls(self, file: str) -> dict[str, list[tuple[ast.Call, Place]]]:
        """The calls of a file by the last name of what is called (`a.b.c(…)` is under `c`, `''` when it has none)."""
        return self._index(file).calls

    def holders(self, file: str) -> list[ast.AST]:
        """What gives a name to a value: assignments, dictionaries and keyword arguments."""
        return self._index(file).holders

    def _index(self, file: str) -> _Index:
        if file not in self._indexed:
            module = self.tree(file)
            self._indexed[file] = _Index() if module is None else _read(module, file)
        return self._indexed[file]

    def calls_of(self, name: str) -> Iterator[tuple[ast.Call, Place]]:
        """All calls of something that is called `name`, in the whole repository."""
        for file in self.mentioning(name):
            yield from self.calls(file).get(name, ())

    def mentioning(self, word: str) -> Iterator[str]:
        """The Python files whose text holds `word`."""
        return (file for file in self.files if word in self.project.text(file))

    def assigned(self, scope: ast.AST) -> dict[str, list[ast.expr | None]]:
        """What is assigned to each name in a module, class or function; None for what is no plain value."""
        if scope not in self._names:
            self._names[scope] = _assignments(scope)
        return self._names[scope]

    def imports(self, file: str) -> dict[str, tuple[str, str]]:
        """Local name: the dotted module and the name in it ('' when the module itself is meant)."""
        if file not in self._imports:
            self._imports[file] = _imports(self._index(file).imports, _dotted(file), file)
        return self._imports[file]

    def module(self, dotted: str) -> str | None:
        """The file of a module, by its full name or by the end of its path (`src/` before the package is common)."""
        if dotted in self._modules:
            return self._modules[dotted]
        ending = "." + dotted
        return next((file for name, file in self._modules.items() if name.endswith(ending)), None)

    def definition(self, name: str, place: Place) -> tuple[ast.AST, str] | None:
        """The function or class that `name` means in a file, also through one import; with the file it is in."""
        here = self.tree(place.file)
        node = None if here is None else _defined(here, name)
        if node is not None:
            return node, place.file
        module, original = self.imports(place.file).get(name, ("", ""))
        file = self.module(module) if module and original else None
        there = self.tree(file) if file else None
        node = None if there is None else _defined(there, original)
        return (node, file) if node is not None and file else None


_FOREIGN = re.compile(
    r"(^|/)(\.?venv|env|node_modules|site-packages|vendor|_vendor|\.tox|build|dist)/", re.IGNORECASE
)
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)


def last_name(node: ast.expr) -> str:
    """`c` of `a.b.c` or of `c`, else ''."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def parameters(function: ast.AST) -> list[str]:
    """Names of the parameters by position, keyword-only ones after them; a method's own object left out."""
    if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
        return []
    spec = function.args
    names = [parameter.arg for parameter in (*spec.posonlyargs, *spec.args, *spec.kwonlyargs)]
    bound = names[:1] == ["self"] or any(
        last_name(decorator) == "classmethod" for decorator in getattr(function, "decorator_list", ())
    )
    return names[1:] if bound else names


def default(function: ast.AST, name: str) -> ast.expr | None:
    """The default of a parameter."""
    if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
        return None
    spec = function.args
    positional = [parameter.arg for parameter in (*spec.posonlyargs, *spec.args)]
    pairs = dict(zip(positional[::-1], spec.defaults[::-1], strict=False))
    pairs |= {
        parameter.arg: value
        for parameter, value in zip(spec.kwonlyargs, spec.kw_defaults, strict=True)
        if value is not None
    }
    return pairs.get(name)


def bind(function: ast.AST, call: ast.Call, place: Place) -> dict[str, tuple[ast.expr, Place]]:
    """The arguments of a call by parameter; what comes from a `*` or `**` is left out."""
    names = parameters(function)
    bound: dict[str, tuple[ast.expr, Place]] = {}
    for name, argument in zip(names, call.args, strict=False):
        if isinstance(argument, ast.Starred):
            break
        bound[name] = (argument, place)
    bound |= {keyword.arg: (keyword.value, place) for keyword in call.keywords if keyword.arg in names}
    return bound


_LEAVES = (
    ast.Name,
    ast.Constant,
    ast.expr_context,
    ast.operator,
    ast.cmpop,
    ast.boolop,
    ast.unaryop,
    ast.alias,
)


def _read(module: ast.Module, file: str) -> _Index:
    """One walk for everything: large repositories wait for nothing else."""
    index = _Index()
    stack: list[tuple[ast.AST, tuple[ast.AST, ...]]] = [(module, ())]
    while stack:
        node, chain = stack.pop()
        inner = chain
        if isinstance(node, ast.Call):
            index.calls.setdefault(last_name(node.func), []).append((node, Place(file, chain)))
        elif isinstance(node, ast.Assign | ast.AnnAssign | ast.Dict | ast.keyword):
            index.holders.append(node)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            index.imports.append(node)
        elif isinstance(node, (*_SCOPES, ast.For, ast.AsyncFor)):
            inner = (*chain, node)
        elif isinstance(node, ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp):
            inner = (*chain, *node.generators)
        stack += [(child, inner) for child in reversed(_children(node))]
    return index


def _children(node: ast.AST) -> list[ast.AST]:
    """As `ast.iter_child_nodes`, without leaves."""
    nodes: list[ast.AST] = []
    for name in node._fields:
        value = getattr(node, name, None)
        if isinstance(value, list):
            nodes += [
                child for child in value if isinstance(child, ast.AST) and not isinstance(child, _LEAVES)
            ]
        elif isinstance(value, ast.AST) and not isinstance(value, _LEAVES):
            nodes.append(value)
    return nodes


def _assignments(scope: ast.AST) -> dict[str, list[ast.expr | None]]:
    values: dict[str, list[ast.expr | None]] = {}
    stack = _children(scope)
    while stack:
        node = stack.pop()
        if isinstance(node, _SCOPES):
            continue
        if isinstance(node, ast.Assign):
            for target in node.targets:
                _target(target, node.value, values)
        elif isinstance(node, ast.AnnAssign | ast.NamedExpr) and node.value is not None:
            _target(node.target, node.value, values)
        elif isinstance(node, ast.AugAssign):
            _target(node.target, None, values)
        elif isinstance(node, ast.withitem) and node.optional_vars is not None:
            _target(node.optional_vars, None, values)
        stack += _children(node)
    return values


def _target(target: ast.expr, value: ast.expr | None, values: dict[str, list[ast.expr | None]]) -> None:
    if isinstance(target, ast.Name):
        values.setdefault(target.id, []).append(value)
    elif isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name):
        values.setdefault(f"{target.value.id}.{target.attr}", []).append(value)
    elif isinstance(target, ast.Tuple | ast.List):
        same = isinstance(value, ast.Tuple | ast.List) and len(value.elts) == len(target.elts)
        for number, element in enumerate(target.elts):
            part = value.elts[number] if same and isinstance(value, ast.Tuple | ast.List) else None
            _target(element, part, values)


def _imports(nodes: list[ast.Import | ast.ImportFrom], own: str, file: str) -> dict[str, tuple[str, str]]:
    names: dict[str, tuple[str, str]] = {}
    for node in nodes:
        if isinstance(node, ast.Import):
            for alias in node.names:
                names[alias.asname or alias.name.partition(".")[0]] = (
                    alias.name if alias.asname else alias.name.partition(".")[0],
                    "",
                )
        else:
            source = node.module or ""
            if node.level:
                parts = own.split(".")
                kept = parts[: len(parts) - node.level + file.endswith("__init__.py")]
                source = ".".join(filter(None, (*kept, source)))
            for alias in node.names:
                names[alias.asname or alias.name] = (source, alias.name)
    return names


def _dotted(file: str) -> str:
    return file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _defined(module: ast.Module, name: str) -> ast.AST | None:
    for node in ast.walk(module):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and node.name == name:
            return node
    return None
