"""HTTP paths that a manual asks the service for and that no route serves."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from core.message import say
from repolint.facts.manual.commands import commands
from repolint.facts.manual.shell import WILD
from repolint.facts.manual.words import nearest
from repolint.facts.routes import nest_routes
from repolint.findings import at_line, meant, name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from repolint.project import Document, Project
    from runbooks.lint.finding import Finding

_DECORATED: Final = re.compile(
    r"(?:\.|@)(?:get|post|put|patch|delete|head|options|route|websocket|api_route|view|add_get|add_post|add_put|add_delete|add_patch|all|use"
    r"|mount|add_static|add_url_rule|add_api_route|add_route)\(\s*[frb]?[\"'`](/[^\"'`\s]*)[\"'`]"
    r"|add_route\(\s*[\"'][A-Z*]+[\"'],\s*[\"'](/[^\"']*)[\"']|(?:re_)?path\(\s*r?[\"']\^?([^\"']*)[\"']"
    r"|prefix\s*=\s*[\"'](/[^\"']*)[\"']|Route\(\s*[\"'](/[^\"']*)[\"']"
)
_WRONG: Final = re.compile(r"(?i)invalid|non-?existent|(?:does-?)?not-?(?:exist|found)|no-?such|wrong")
"""Asked for on purpose, to see an error."""
_ROUTER: Final = re.compile(r"\bAPIRouter\([^()]*$")
_AT_ITS_ROOT: Final = re.compile(
    r"\.(?:get|post|put|patch|delete|api_route|websocket)\(\s*[\"'`]/?[\"'`]|\binclude_router\("
)
"""A router's prefix alone is served where one of its routes adds nothing to it."""
_NATIVE: Final = ("/metrics", "/docs", "/redoc", "/openapi.json", "/", "/admin", "/flower")
_LOCAL: Final = re.compile(r"^(?:https?://)?(?:localhost|127\.0\.0\.1|0\.0\.0\.0)(?::(\d+))?(/[^\s?#\"']*)")
_VERB: Final = re.compile(r"^(?:GET|POST|PUT|PATCH|DELETE|HEAD)\s+(?:https?://[^/\s]+)?(/[^\s?#]*)$")
_OTHERS: Final = frozenset(
    [
        "9090",
        "9091",
        "9093",
        "9100",
        "9187",
        "9121",
        "3001",
        "5555",
        "15672",
        "9200",
        "5601",
        "16686",
        "8080",
        "8081",
        "2375",
        "4646",
        "8500",
        "3100",
        "4040",
        "6379",
        "5432",
        "9000",
        "8443",
    ]
)


def unserved_paths(project: Project) -> Iterator[Finding]:
    """Only ever a hint: a proxy, a mount or a framework may serve what no decorator shows."""
    routes = project.fact(served)
    if len(routes) < 2:
        return
    for document, line, path in _asked(project):
        short = path.rstrip("/") or "/"
        if (
            short in _NATIVE
            or WILD in short
            or "*" in short
            or _WRONG.search(short)
            or any(_fits(short, route) for route in routes)
        ):
            continue
        other = nearest(short, routes, 0.75)
        yield at_line(
            document,
            line,
            "unserved-path",
            say("repolint.unserved_path", path=name(path)),
            "hint",
            evidence=f"{routes[other]} {other}" if other else "",
            fix=meant(other, say("repolint.fix_unserved_path")),
        )


def _asked(project: Project) -> Iterator[tuple[Document, int, str]]:
    for command in commands(project):
        if command.name in ("curl", "wget", "http", "https", "httpie"):
            for word in command.argv[1:]:
                found = _LOCAL.match(word)
                if found and found[1] not in _OTHERS:
                    yield command.document, command.line, found[2]
    for document in project.documents:
        for code in document.codes:
            if code.fence is None and (verb := _VERB.match(code.text)):
                yield document, code.line, verb[1]


def _fits(path: str, route: str) -> bool:
    """Whether the route is the path, or its end behind a prefix; parts in braces or angles fit anything."""
    wanted = [part for part in route.split("/") if part]
    parts = [part for part in path.split("/") if part]
    if not wanted or len(wanted) > len(parts):
        return not wanted and not parts
    variable = re.compile(r"[{<:(*]")
    if variable.match(wanted[-1]) and ":path" in wanted[-1]:
        return all(variable.match(w) or w == p for w, p in zip(wanted, parts, strict=False))
    return all(variable.match(w) or w == p for w, p in zip(reversed(wanted), reversed(parts), strict=False))


def served(project: Project) -> dict[str, str]:
    """Every path that code registers, with its place."""
    found: dict[str, str] = dict(nest_routes(project))
    for file in project.matching(".py", ".js", ".ts", ".go"):
        text = project.text(file)
        rooted = _AT_ITS_ROOT.search(text) is not None
        for match in _DECORATED.finditer(text):
            if (
                not rooted
                and match[0].startswith("prefix")
                and _ROUTER.search(text, match.start() - 200, match.start())
            ):
                continue
            path = next((group for group in match.groups() if group is not None), "")
            if path.strip("/"):
                found.setdefault(
                    "/" + path.strip("/$^"), f"{file}:{text.count(chr(10), 0, match.start()) + 1}"
                )
    return found
