"""HTTP paths that a manual asks the service for and that no route serves."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from core.message import say
from repolint.facts.manual.commands import commands
from repolint.facts.manual.shell import WILD
from repolint.facts.manual.words import nearest
from repolint.facts.routes import served_paths
from repolint.findings import at_line, meant, name
from repolint.registry import MANUAL, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from repolint.project import Document, Project
    from runbooks.lint.finding import Finding

_WRONG: Final = re.compile(r"(?i)invalid|non-?existent|(?:does-?)?not-?(?:exist|found)|no-?such|wrong")
"""Asked for on purpose, to see an error."""
_NATIVE: Final = ("/metrics", "/docs", "/redoc", "/openapi.json", "/", "/admin", "/flower")
_LOCAL: Final = re.compile(r"^(?:https?://)?(?:localhost|127\.0\.0\.1|0\.0\.0\.0)(?::(\d+))?(/[^\s?#\"']*)")
_VERB: Final = re.compile(r"^(?:GET|POST|PUT|PATCH|DELETE|HEAD)\s+(?:https?://[^/\s]+)?(/[^\s?#]*)$")
_PORTS_OF_OTHERS: Final = frozenset(
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


def check(project: Project) -> Iterator[Finding]:
    """Only ever a hint: a proxy, a mount or a framework may serve what no decorator shows."""
    routes = project.fact(served_paths)
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
                address = _LOCAL.match(word)
                if address and address[1] not in _PORTS_OF_OTHERS:
                    yield command.document, command.line, address[2]
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


_WEB = """from fastapi import FastAPI

app = FastAPI()


@app.get("/orders")
def orders():
    return []


@app.get("/health")
def health():
    return "up"
"""

RULE = Rule(
    id="unserved-path",
    check=check,
    confidence=("hint",),
    bad={MANUAL: "`curl localhost:8000/healthz`\n", "shop/web.py": _WEB},
    good={MANUAL: "`curl localhost:8000/health`\n", "shop/web.py": _WEB},
)
