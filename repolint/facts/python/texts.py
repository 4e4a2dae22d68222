"""Which texts a Python expression can have, as far as reading the source tells.

`*` stands for a part that only running it would tell, and `PARAMETER` for one that the caller of the function around it
decides.
"""

from __future__ import annotations

import ast
import itertools
from typing import TYPE_CHECKING

from repolint.facts.python.formats import ANY, MAX_TEXTS, braces, joined, percent
from repolint.facts.python.scope import Place, default, parameters

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from repolint.facts.python.scope import Sources

PARAMETER = "\0"
DEEPEST = 12

Item = tuple[ast.expr, Place]


def texts(node: ast.expr | None, place: Place, sources: Sources, depth: int = 0) -> tuple[str, ...]:
    """Every text that `node` can have; `('*',)` where nothing is known."""
    if node is None or depth > DEEPEST:
        return (ANY,)
    literals = tuple(dict.fromkeys(_texts(node, place, sources, depth + 1)))
    return literals if 0 < len(literals) <= MAX_TEXTS else (ANY,)


def _texts(node: ast.expr, place: Place, sources: Sources, depth: int) -> Iterable[str]:  # noqa: C901, PLR0911  # one case a kind of node
    def of(inner: ast.expr | None) -> tuple[str, ...]:
        return texts(inner, place, sources, depth)

    match node:
        case ast.Constant(value=str() | int() | float() as value):
            return (str(value),)
        case ast.JoinedStr():
            return joined([of(part) for part in node.values])
        case ast.FormattedValue():
            return of(node.value) if node.format_spec is None else (ANY,)
        case ast.BinOp(op=ast.Add()):
            return joined([of(node.left), of(node.right)])
        case ast.BinOp(op=ast.Mod()):
            arguments = node.right.elts if isinstance(node.right, ast.Tuple) else [node.right]
            return percent(of(node.left), [of(argument) for argument in arguments])
        case ast.IfExp():
            return (*of(node.body), *of(node.orelse))
        case ast.BoolOp():
            return tuple(itertools.chain.from_iterable(of(value) for value in node.values))
        case ast.NamedExpr():
            return of(node.value)
        case ast.Call():
            return _called(node, place, sources, depth)
        case ast.Subscript():
            return _subscript(node, place, sources, depth)
        case ast.Name() | ast.Attribute():
            literals = [
                texts(inner, at, sources, depth) if inner is not None else (special,)
                for inner, at, special in origins(node, place, sources)
            ]
            return tuple(itertools.chain.from_iterable(literals)) or (ANY,)
        case _:
            return (ANY,)


def items(node: ast.expr | None, place: Place, sources: Sources, depth: int = 0) -> list[Item] | None:  # noqa: C901, PLR0911, PLR0912  # one case a kind of node
    """The elements of a list, tuple, set or of a dictionary's keys; None where they can't be read."""
    if node is None or depth > DEEPEST:
        return None
    match node:
        case ast.List() | ast.Tuple() | ast.Set():
            elements: list[Item] = []
            for element in node.elts:
                inner = (
                    items(element.value, place, sources, depth + 1)
                    if isinstance(element, ast.Starred)
                    else [(element, place)]
                )
                if inner is None:
                    return None
                elements += inner
            return elements
        case ast.Dict():
            return [(key, place) for key in node.keys if key is not None] if all(node.keys) else None
        case ast.BinOp(op=ast.Add()):
            left, right = (items(operand, place, sources, depth + 1) for operand in (node.left, node.right))
            return None if left is None or right is None else left + right
        case ast.Call(func=ast.Name(id="list" | "tuple" | "set" | "sorted" | "frozenset"), args=[only]):
            return items(only, place, sources, depth + 1)
        case ast.Call(func=ast.Name(id="list" | "tuple" | "set"), args=[]):
            return []
        case ast.Call(func=ast.Attribute(value=owner, attr="keys" | "items" | "values" as verb), args=[]):
            return _of_dictionary(verb, owner, place, sources, depth)
        case ast.ListComp() | ast.SetComp() | ast.GeneratorExp():
            return [
                (node.elt, Place(place.file, (*place.chain, *node.generators), place.bound, place.function))
            ]
        case ast.BoolOp(op=ast.Or(), values=[first, *rest]):
            known = items(first, place, sources, depth + 1)
            return items(rest[-1], place, sources, depth + 1) if known == [] else known
        case ast.IfExp() if ast.unparse(node.body) in ast.unparse(node.test):  # `labels if labels else ()`
            known = items(node.body, place, sources, depth + 1)
            return items(node.orelse, place, sources, depth + 1) if known == [] else known
        case ast.Constant(value=None):
            return []
        case ast.Name() | ast.Attribute():
            several = [
                items(inner, at, sources, depth + 1) if inner is not None else None
                for inner, at, _ in origins(node, place, sources)
            ]
            if len(several) != 1:
                return None
            return several[0]
    return None


def origins(
    node: ast.Name | ast.Attribute, place: Place, sources: Sources
) -> Iterator[tuple[ast.expr | None, Place, str]]:
    """Where a name's value comes from: an expression with its place, or None and a sign for what is unknown."""
    if isinstance(node, ast.Attribute):
        yield from _attribute(node, place, sources)
        return
    for depth in range(len(place.chain) - 1, -1, -1):
        scope = place.chain[depth]
        outside = Place(place.file, place.chain[:depth], place.bound, place.function)
        if isinstance(scope, ast.For | ast.AsyncFor | ast.comprehension):
            if (looped := _looped(scope.target, scope.iter, node.id, outside, sources)) is not None:
                yield from looped
                return
        elif isinstance(scope, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            inside = Place(place.file, place.chain[: depth + 1], place.bound, place.function)
            assigned = sources.assigned(scope).get(node.id, [])
            yield from ((value, inside, ANY) for value in assigned)
            if node.id in parameters(scope):
                yield from _argument(scope, node.id, place, outside)
                return
            if assigned:
                return
    tree = sources.tree(place.file)
    values = sources.assigned(tree).get(node.id, []) if tree is not None else []
    if values:
        yield from ((value, Place(place.file), ANY) for value in values)
        return
    module, name = sources.imports(place.file).get(node.id, ("", ""))
    file = sources.module(module) if module and name else None
    if file and file != place.file:
        yield from origins(ast.Name(name, ast.Load()), Place(file), sources)
    else:
        yield None, place, ANY


def _argument(
    scope: ast.AST, name: str, place: Place, outside: Place
) -> Iterator[tuple[ast.expr | None, Place, str]]:
    if place.function is scope:
        if name in place.bound:
            value, at = place.bound[name]
            yield value, at, ANY
        elif (standard := default(scope, name)) is not None:
            yield standard, outside, ANY
        else:
            yield None, place, ANY
    else:
        yield None, place, PARAMETER


def _attribute(
    node: ast.Attribute, place: Place, sources: Sources
) -> Iterator[tuple[ast.expr | None, Place, str]]:
    owner = node.value
    if node.attr in ("value", "name") and isinstance(owner, ast.Attribute):  # a member of an enumeration
        yield from _attribute(owner, place, sources)
        return
    if isinstance(owner, ast.Name):
        if owner.id in ("self", "cls") and (around := place.owner()) is not None:
            yield from _member(around, node.attr, place.file, sources)
            return
        if (defined := sources.definition(owner.id, place)) and isinstance(defined[0], ast.ClassDef):
            yield from _member(defined[0], node.attr, defined[1], sources)
            return
        module, name = sources.imports(place.file).get(owner.id, ("", ""))
        file = sources.module(".".join(filter(None, (module, name)))) if module else None
        if file:
            yield from origins(ast.Name(node.attr, ast.Load()), Place(file), sources)
            return
    yield None, place, ANY


def _member(
    owner: ast.ClassDef, name: str, file: str, sources: Sources
) -> Iterator[tuple[ast.expr | None, Place, str]]:
    known = False
    for value in sources.assigned(owner).get(name, []):
        known = True
        yield value, Place(file, (owner,)), ANY
    for method in owner.body:
        if isinstance(method, ast.FunctionDef | ast.AsyncFunctionDef):
            for value in sources.assigned(method).get(f"self.{name}", []):
                known = True
                yield from _given_to(owner, method, value, file, sources)
    if not known:
        yield None, Place(file), ANY


def _given_to(
    owner: ast.ClassDef,
    method: ast.FunctionDef | ast.AsyncFunctionDef,
    value: ast.expr | None,
    file: str,
    sources: Sources,
) -> Iterator[tuple[ast.expr | None, Place, str]]:
    """A member that `__init__` takes from its caller has the values of all constructions."""
    names = (
        {node.id for node in ast.walk(value) if isinstance(node, ast.Name)} if value is not None else set()
    )
    inside = (owner, method)
    if method.name != "__init__" or not names & set(parameters(method)):
        yield value, Place(file, inside), ANY
        return
    from repolint.facts.python.scope import bind

    made = list(itertools.islice(sources.calls_of(owner.name), 20))
    for call, at in made:
        yield value, Place(file, inside, bind(method, call, at), method), ANY
    if not made:
        yield None, Place(file), ANY


def _looped(
    target: ast.expr, over: ast.expr, name: str, outside: Place, sources: Sources
) -> list[tuple[ast.expr | None, Place, str]] | None:
    """The values of a loop's variable; None when the loop does not set `name`."""
    path = _path(target, name)
    if path is None:
        return None
    if isinstance(over, ast.Call) and isinstance(over.func, ast.Name) and over.func.id == "enumerate":
        if path[:1] != [1] or not over.args:
            return [(None, outside, ANY)]
        path, over = path[1:], over.args[0]
    if path and isinstance(over, ast.Call) and getattr(over.func, "attr", "") == "items":
        verb = "keys" if path[0] == 0 else "values"
        path = path[1:]
        elements = (
            _of_dictionary(verb, over.func.value, outside, sources, 0)
            if isinstance(over.func, ast.Attribute)
            else None
        )
    else:
        elements = items(over, outside, sources)
    if elements is None:
        return [(None, outside, ANY)]
    result: list[tuple[ast.expr | None, Place, str]] = []
    for element, at in elements:
        inner: ast.expr | None = element
        for step in path:
            inside = items(inner, at, sources)
            inner, at = inside[step] if inside and step < len(inside) else (None, at)  # noqa: PLW2901  # one step in
        result.append((inner, at, ANY))
    return result


def _path(target: ast.expr, name: str) -> list[int] | None:
    if isinstance(target, ast.Name):
        return [] if target.id == name else None
    if isinstance(target, ast.Tuple | ast.List):
        for number, element in enumerate(target.elts):
            if (path := _path(element, name)) is not None:
                return [number, *path]
    return None


def _of_dictionary(
    verb: str, node: ast.expr, place: Place, sources: Sources, depth: int
) -> list[Item] | None:
    dictionary, at = literal(node, place, sources, depth)
    if not isinstance(dictionary, ast.Dict) or not all(dictionary.keys):
        return None
    keys = [(key, at) for key in dictionary.keys if key is not None]
    if verb == "keys":
        return keys
    if verb == "values":
        return [(value, at) for value in dictionary.values]
    return [
        (ast.Tuple([key, value], ast.Load()), at)
        for (key, _), value in zip(keys, dictionary.values, strict=True)
    ]


def literal(node: ast.expr, place: Place, sources: Sources, depth: int) -> tuple[ast.expr, Place]:
    """The expression behind a name, where there is exactly one."""
    while isinstance(node, ast.Name | ast.Attribute) and depth < DEEPEST:
        depth += 1
        nodes = list(itertools.islice(origins(node, place, sources), 2))
        if len(nodes) != 1 or nodes[0][0] is None:
            break
        node, place = nodes[0][0], nodes[0][1]
    return node, place


def _subscript(node: ast.Subscript, place: Place, sources: Sources, depth: int) -> Iterable[str]:
    container, at = literal(node.value, place, sources, depth)
    key = node.slice
    if isinstance(container, ast.Dict):
        wanted = texts(key, place, sources, depth)
        pairs = [
            (texts(key, at, sources, depth), value)
            for key, value in zip(container.keys, container.values, strict=True)
            if key is not None
        ]
        chosen = [value for names, value in pairs if names[0] in wanted] if ANY not in wanted else []
        values = chosen or [value for _, value in pairs]
        return itertools.chain.from_iterable(texts(value, at, sources, depth) for value in values)
    if (
        isinstance(container, ast.List | ast.Tuple)
        and isinstance(key, ast.Constant)
        and isinstance(key.value, int)
        and -len(container.elts) <= key.value < len(container.elts)
    ):
        return texts(container.elts[key.value], at, sources, depth)
    return (ANY,)


def _called(node: ast.Call, place: Place, sources: Sources, depth: int) -> Iterable[str]:  # noqa: PLR0911  # one branch a method
    def of(inner: ast.expr | None) -> tuple[str, ...]:
        return texts(inner, place, sources, depth)

    func = node.func
    if isinstance(func, ast.Name) and func.id == "str" and len(node.args) == 1:
        return of(node.args[0])
    if not isinstance(func, ast.Attribute):
        return (ANY,)
    if func.attr == "format":
        named = {keyword.arg: of(keyword.value) for keyword in node.keywords if keyword.arg}
        return itertools.chain.from_iterable(
            braces(text, [of(argument) for argument in node.args], named) for text in of(func.value)
        )
    if func.attr == "join" and len(node.args) == 1:
        parts = items(node.args[0], place, sources, depth)
        if parts is None or isinstance(node.args[0], ast.ListComp | ast.GeneratorExp):
            return (ANY,)
        pieces = [texts(part, at, sources, depth) for part, at in parts]
        return itertools.chain.from_iterable(
            joined(
                [piece for pair in zip(pieces, itertools.repeat((glue,)), strict=False) for piece in pair][
                    :-1
                ]
            )
            for glue in of(func.value)
        )
    if func.attr in ("lower", "upper", "strip", "replace", "removesuffix", "removeprefix", "title"):
        arguments = [of(argument) for argument in node.args]
        if all(
            len(choices) == 1 and ANY not in choices[0] and PARAMETER not in choices[0]
            for choices in arguments
        ):
            plain = [choices[0] for choices in arguments]
            return (
                tuple(getattr(text, func.attr)(*plain) for text in of(func.value))
                if _fits(func.attr, plain)
                else (ANY,)
            )
    return (ANY,)


def _fits(verb: str, arguments: list[str]) -> bool:
    return len(arguments) == {"replace": 2, "removesuffix": 1, "removeprefix": 1}.get(verb, 0)
