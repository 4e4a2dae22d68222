"""HTTP paths that a NestJS service serves: controllers and their methods, below the prefix that the start of it sets."""

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


def nest_routes(project: Project) -> Iterator[tuple[str, str]]:
    """Each path with its place. Whatever of it can't be read stands as a part that fits anything, or is left out in front."""
    files = [file for file in project.matching(".ts") if "@Controller(" in project.text(file)]
    fronts = _fronts(project) if files else []
    for file in files:
        text = project.text(file)
        controllers = list(_CONTROLLER.finditer(text))
        for method in _METHOD.finditer(text):
            mine = [one for one in controllers if one.start() < method.start()][-1:]
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
    prefixes = [found for text in texts for found in _PREFIX.finditer(text)]
    fronts = [found[1] or "" for found in prefixes] or [""]
    if any(found[2] for found in prefixes):  # some paths are left out of it
        fronts.append("")
    if not any("VersioningType.URI" in text for text in texts):
        return fronts
    usual = [found for text in texts for found in _USUAL_VERSION.findall(text)]
    neutral = not usual or any("VERSION_NEUTRAL" in text for text in texts)
    versions = [*(f"v{one}" for one in usual), ":version", *([""] if neutral else [])]
    return [f"{front}/{version}" for front in fronts for version in versions]
