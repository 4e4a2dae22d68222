"""Links from a manual to other documents of the repository, and to headings in them."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from core.message import say
from repolint.facts.files.paths import exists, in_submodule, made_on_the_way, near, place_of
from repolint.facts.manual.words import nearest
from repolint.findings import at_line, meant, name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from repolint.project import Document, Project
    from runbooks.lint.finding import Finding

_LINK: Final = re.compile(
    r"\]\(\s*<?([^()\s<>]+(?:\([^()\s]*\)[^()\s<>]*)?)>?(?:\s+[\"'(][^)]*)?\)|^\[[^\]]+\]:\s*(\S+)|(?:href|src)=\"([^\"]+)\""
)
_CODE: Final = re.compile(r"(`+)(?!`)(.+?)(?<!`)\1(?!`)")


def broken_links(project: Project) -> Iterator[Finding]:
    """A relative link without a file, or an anchor without a heading."""
    for document in project.documents:
        place = place_of(project, document)
        inside = (project.root / place).is_file() and "/" in document.file + "/"
        for prose in document.prose:
            for found in _LINK.finditer(_CODE.sub("", prose.text)):
                target = unquote(found[1] or found[2] or found[3] or "")
                if (
                    not re.match(r"[a-zA-Z][\w+.-]*:|//|/|mailto|\{|<", target)
                    and "{{" not in target
                    and inside
                ):
                    yield from _judged(project, document, place, prose.line, target)


def _judged(project: Project, document: Document, place: str, line: int, target: str) -> Iterator[Finding]:
    path, _, anchor = target.partition("#")
    path = path.split("?")[0]
    file = posixpath.normpath(posixpath.join(posixpath.dirname(place), path)) if path else place
    if file.startswith(".."):
        return
    if path and not _there(project, file):
        if made_on_the_way(project, document, path, posixpath.dirname(place)):
            return
        other = near(project, path) or (
            path.lstrip("./") if exists(project, document, path.lstrip("./")) else ""
        )
        relative = posixpath.relpath(other, posixpath.dirname(place) or ".") if other else ""
        yield at_line(
            document,
            line,
            "missing-link",
            say("repolint.missing_link", path=name(path)),
            "certain",
            evidence=other,
            fix=meant(relative, say("repolint.fix_missing_file", path=name(file))),
        )
    elif anchor and file.endswith((".md", ".markdown")) and not re.fullmatch(r"L\d+.*|:~:.*", anchor):
        slugs = anchors(project.text(file))
        if slugs and anchor.lower() not in slugs:
            other = nearest(anchor.lower(), slugs)
            yield at_line(
                document,
                line,
                "missing-anchor",
                say("repolint.missing_anchor", anchor=name(anchor), path=name(file)),
                "certain" if anchor.isascii() else "likely",
                evidence=f"{file}#{other}" if other else file,
                fix=meant(f"#{other}" if other else "", say("repolint.fix_missing_anchor", path=name(file))),
            )


def _there(project: Project, file: str) -> bool:
    """Whether the file is there, also where a site generator leaves its ending out or turns it into `.html`."""
    if file == "." or in_submodule(project, file) or (project.root / file).exists():
        return True
    stem = file.removesuffix(".html")
    pages = (f"{stem}.md", f"{stem}.mdx", f"{stem}/index.md", f"{stem}/README.md", f"{stem}.rst")
    return (stem != file or not posixpath.splitext(file)[1]) and any(page in project.files for page in pages)


def anchors(text: str) -> set[str]:
    """The anchors that a forge gives to the headings of a Markdown text, by the rules that the large ones share."""
    found: set[str] = set()
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
                found |= {
                    f"{slug}-{number}" if number else slug,
                    slug.strip("-"),
                    re.sub("-+", "-", slug).strip("-"),
                }
            found |= {word.lower() for word in re.findall(r"(?:id|name)=[\"']([^\"']+)", line)}
            found |= {word.lower() for word in re.findall(r"\{#([\w-]+)\}", line)}
        before = line.strip()
    return found


def _slug(title: str) -> str:
    title = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", title)
    title = re.sub(r"<[^>]+>|\{#[\w-]+\}", "", title).strip().lower()
    return re.sub(r"[^\w\- ]", "", title).replace(" ", "-")
