"""A Grafana dashboard that a manual names and that is not among those of the repository."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING

from core.message import say
from core.text import clean
from repolint.facts.manual.document import lines
from repolint.facts.prometheus.dashboards import dashboards
from repolint.registry import MANUAL, Rule
from runbooks.lint.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from repolint.project import Project, Prose

_BOARD = re.compile(r"grafana|dashboard|看板|仪表盘|仪表板|面板", re.IGNORECASE)
_NAME = re.compile(
    r"(?i:grafana|看板|仪表盘|仪表板|dashboards?)\s*(?:→|->|=>|>|›|»|:|：)\s*[`\"“「*]{0,3}"
    r"([A-Z][\w&()+.-]*(?:[ _-](?:(?:and|of|the|for|by|to|in) )?[A-Z(&][\w&()+.-]*)*)"
)
_QUOTED = re.compile(
    r"(?:[`\"“「]([A-Z][^`\"”」*\n]{3,60}?[Dd]ashboard)[`\"”」]|(?i:dashboard|看板|仪表盘)\s*[`\"“「]([A-Z][^`\"”」\n]{3,60})[`\"”」])"
)


def check(project: Project) -> Iterator[Finding]:
    """Only where the repository keeps dashboards."""
    boards = project.fact(dashboards)
    titles = {" ".join(_words(board.title)): board.title for board in boards if board.title}
    for document in project.documents if titles else ():
        for prose in lines(document):
            for name in _named(prose):
                short = " ".join(_words(name))
                if len(short) < 4 or "/" in name or any(_fits(short, title) for title in titles):
                    continue
                near = difflib.get_close_matches(short, sorted(titles), 1, 0.7)
                is_panel = any(name in project.text(board.file) for board in boards)
                if is_panel or (" " not in name and not near):
                    continue
                yield Finding(
                    document.file,
                    prose.line,
                    "dashboard-unknown",
                    say("repolint.dashboard_unknown", title=clean(name, 100)),
                    "likely" if near else "hint",
                    fix=say("repolint.fix_dashboard_near", near=clean(titles[near[0]]))
                    if near
                    else say("repolint.fix_dashboard"),
                )


def _named(prose: Prose) -> list[str]:
    if not _BOARD.search(prose.text):
        return []
    names = [match[1] for match in _NAME.finditer(prose.text)]
    names += [match[1] or match[2] for match in _QUOTED.finditer(prose.text)]
    return list(dict.fromkeys(name.strip(" .") for name in names))


def _words(title: str) -> list[str]:
    return [
        word
        for word in re.findall(r"\w+", title.casefold())
        if word not in ("the", "dashboard", "dashboards", "board", "grafana")
    ]


def _fits(name: str, title: str) -> bool:
    """Whether one is the other with words left out; Chinese has no spaces, so there it is any part."""
    if not name.isascii():
        return name in title or title in name
    names, titles = set(name.split()), set(title.split())
    return names <= titles or titles <= names


_BOARD_FILE = '{"title": "Kettle Orders", "panels": [{"targets": [{"expr": "kettle_orders_total"}]}]}\n'

RULE = Rule(
    id="dashboard-unknown",
    check=check,
    confidence=("likely", "hint"),
    bad={MANUAL: "Open Grafana → Kettle Order Rates.\n", "boards/kettle.json": _BOARD_FILE},
    good={MANUAL: "Open Grafana → Kettle Orders.\n", "boards/kettle.json": _BOARD_FILE},
)
