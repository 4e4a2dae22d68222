"""Which HTTP paths the code serves: decorators and routers of several frameworks, and NestJS controllers below their prefix."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from repolint.project import Project

_CONTROLLER: Final = re.compile(
    r"@Controller\(\s*(?:[\"'`]([^\"'`]*)[\"'`]|\{[^{}]*?\bpath\s*:\s*[\"'`]([^\"'`]*)[\"'`][^{}]*\})?\s*(\))?"
)
_METHOD: Final = re.compile(
    r"@(?:Get|Post|Put|Patch|Delete|Head|Options|All|Sse)\(\s*(?:[\"'`]([^\"'`]*)[\"'`])?\s*\)"
)
_USUAL_VERSION: Final = re.compile(r"defaultVersion\s*:\s*[\"'`](\w+)[\"'`]")
_PREFIX: Final = re.compile(r"\.setGlobalPrefix\(\s*(?:[\"'`]([^\"'`]*)[\"'`])?\s*(,)?")


def _nest_routes(project: Project) -> Iterator[tuple[str, str]]:
    """Each path with its place. Whatever of it can't be read stands as a part that fits anything, or is left out in front."""
    files = [file for file in project.matching(".ts") if "@Controller(" in project.text(file)]
    fronts = _fronts(project) if files else []
    for file in files:
        text = project.text(file)
        controllers = list(_CONTROLLER.finditer(text))
        for method in _METHOD.finditer(text):
            mine = [controller for controller in controllers if controller.start() < method.start()][-1:]
            if not mine:
                continue
            path = f"{mine[0][1] or mine[0][2] or ''}/{method[1] or ''}"
            place = f"{file}:{text.count(chr(10), 0, method.start()) + 1}"
            for front in fronts if mine[0][3] else [""]:
                yield "/" + "/".join(part for part in f"{front}/{path}".split("/") if part), place


def _fronts(project: Project) -> list[str]:
    """What stands in front of every path: the global prefix, and the version behind it."""
    texts = [
        project.text(file) for file in project.matching(".ts") if not file.endswith((".spec.ts", ".test.ts"))
    ]
    prefixes = [match for text in texts for match in _PREFIX.finditer(text)]
    fronts = [match[1] or "" for match in prefixes] or [""]
    if any(match[2] for match in prefixes):  # some paths are left out of it
        fronts.append("")
    if not any("VersioningType.URI" in text for text in texts):
        return fronts
    usual = [match for text in texts for match in _USUAL_VERSION.findall(text)]
    neutral = not usual or any("VERSION_NEUTRAL" in text for text in texts)
    versions = [*(f"v{version}" for version in usual), ":version", *([""] if neutral else [])]
    return [f"{front}/{version}" for front in fronts for version in versions]


_DECORATED: Final = re.compile(
    r"(?:\.|@)(?:get|post|put|patch|delete|head|options|route|websocket|api_route|view|add_get|add_post|add_put|add_delete|add_patch|all|use"
    r"|mount|add_static|add_url_rule|add_api_route|add_route)\(\s*[frb]?[\"'`](/[^\"'`\s]*)[\"'`]"
    r"|add_route\(\s*[\"'][A-Z*]+[\"'],\s*[\"'](/[^\"']*)[\"']|(?:re_)?path\(\s*r?[\"']\^?([^\"']*)[\"']"
    r"|prefix\s*=\s*[\"'](/[^\"']*)[\"']|Route\(\s*[\"'](/[^\"']*)[\"']"
)
_ROUTER: Final = re.compile(r"\bAPIRouter\([^()]*$")
_AT_ITS_ROOT: Final = re.compile(
    r"\.(?:get|post|put|patch|delete|api_route|websocket)\(\s*[\"'`]/?[\"'`]|\binclude_router\("
)
"""A router's prefix alone is served where one of its routes adds nothing to it."""


def served_paths(project: Project) -> dict[str, str]:
    """Every path that code registers, with its place."""
    paths: dict[str, str] = dict(_nest_routes(project))
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
                paths.setdefault(
                    "/" + path.strip("/$^"), f"{file}:{text.count(chr(10), 0, match.start()) + 1}"
                )
    return paths
