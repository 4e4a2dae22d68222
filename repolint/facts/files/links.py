"""The relative links of manuals, and the anchors that a forge gives to headings."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from core.files import is_file, is_folder
from repolint.facts.files.paths import in_submodule, place_of
from repolint.facts.manual.document import without_code

if TYPE_CHECKING:
    from collections.abc import Iterator

    from repolint.project import Document, Project

_LINK: Final = re.compile(
    r"\]\(\s*<?([^()\s<>]+(?:\([^()\s]*\)[^()\s<>]*)?)>?(?:\s+[\"'(][^)]*)?\)|^\[[^\]]+\]:\s*(\S+)|(?:href|src)=\"([^\"]+)\""
)


@dataclass(frozen=True, slots=True)
class Link:
    """A link into the repository: `path` as written ('' for the manual itself), `file` from the root, `folder` of the manual."""

    document: Document
    line: int
    path: str
    anchor: str
    file: str
    folder: str
    is_there: bool


def links(project: Project) -> tuple[Link, ...]:
    """Every relative link of the manuals that are in the repository."""
    return tuple(link for document in project.documents for link in _links(project, document))


def _links(project: Project, document: Document) -> Iterator[Link]:
    place = place_of(project, document)
    if not is_file(project.root / place):
        return
    folder = posixpath.dirname(place)
    for prose in document.prose:
        for match in _LINK.finditer(without_code(prose.text)):
            target = unquote(match[1] or match[2] or match[3] or "")
            if re.match(r"[a-zA-Z][\w+.-]*:|//|/|mailto|\{|<", target) or "{{" in target:
                continue
            path, _, anchor = target.partition("#")
            path = path.split("?")[0]
            file = posixpath.normpath(posixpath.join(folder, path)) if path else place
            if not file.startswith(".."):
                there = not path or _is_there(project, file)
                yield Link(document, prose.line, path, anchor, file, folder, there)


def _is_there(project: Project, file: str) -> bool:
    """Whether the file is there, also where a site generator leaves its ending out or turns it into `.html`."""
    if (
        file == "."
        or in_submodule(project, file)
        or (is_file(project.root / file) or is_folder(project.root / file))
    ):
        return True
    stem = file.removesuffix(".html")
    pages = (f"{stem}.md", f"{stem}.mdx", f"{stem}/index.md", f"{stem}/README.md", f"{stem}.rst")
    return (stem != file or not posixpath.splitext(file)[1]) and any(page in project.files for page in pages)


def anchors(text: str) -> set[str]:
    """The anchors that a forge gives to the headings of a Markdown text, by the rules that the large ones share."""
    slugs: set[str] = set()
    counts: dict[str, int] = {}
    fence = ""
    before = ""
    for line in text.splitlines():
        mark = re.match(r"\s*(?:[-*+>]\s+|\d+\.\s+)*(`{3,}|~{3,})", line)
        if mark:
            fence = "" if fence and mark[1].startswith(fence) else fence or mark[1]
        elif not fence:
            heading = re.match(r"\s{0,3}#{1,6}\s+(.*?)\s*#*\s*$|\s*<h[1-6][^>]*>(.*?)</h", line)
            title = (
                heading[1] or heading[2]
                if heading
                else before
                if re.fullmatch(r"\s{0,3}(?:=+|-{2,})\s*", line)
                else ""
            )
            if title:
                slug = _slug(title)
                number = counts.get(slug, 0)
                counts[slug] = number + 1
                slugs |= {
                    f"{slug}-{number}" if number else slug,
                    slug.strip("-"),
                    re.sub("-+", "-", slug).strip("-"),
                }
            slugs |= {word.lower() for word in re.findall(r"(?:id|name)=[\"']([^\"']+)", line)}
            slugs |= {word.lower() for word in re.findall(r"\{#([\w-]+)\}", line)}
        before = line.strip()
    return slugs


def _slug(title: str) -> str:
    title = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", title)
    title = re.sub(r"<[^>]+>|\{#[\w-]+\}", "", title).strip().lower()
    return re.sub(r"[^\w\- ]", "", title).replace(" ", "-")
