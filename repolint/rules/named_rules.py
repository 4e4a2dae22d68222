"""Rules about what a manual names in Prometheus, Alertmanager and Grafana: alerts, rule groups, dashboards, receivers."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING

from core.message import say
from core.text import clean
from repolint.facts.manual.document import lines
from repolint.facts.prometheus.asked import document_blocks
from repolint.facts.prometheus.dashboards import dashboards
from repolint.facts.prometheus.rule_files import in_text, rules
from repolint.facts.yaml_lines import read_yaml, walk
from runbooks.lint.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from repolint.facts.prometheus.rule_files import RuleAt
    from repolint.facts.yaml_lines import Yaml
    from repolint.project import Document, Project, Prose
    from runbooks.lint.finding import Confidence

_CAMEL = r"[A-Z][a-zA-Z]*[a-z0-9](?:[A-Z][a-zA-Z0-9]*)+"
_ALERT = (
    r"(?i:\balerts?(?: rules?| name)?|告警(?:规则|名称)?|警报(?:规则)?|报警(?:规则)?|规则|\brules?|alertname)"
)
_SAID = re.compile(rf"{_ALERT}\s*[:：=]?\s*[`\"“「*]{{0,3}}({_CAMEL})(?![\w(.])")
_SAID_AFTER = re.compile(rf"[`\"“「*]({_CAMEL})[`\"”」*]{{1,3}}\s*(?:alert\b|rule\b|告警|警报|报警|规则)")
_LINE = re.compile(r"\balert|告警|警报|报警|\bfir(?:es|ing)\b", re.IGNORECASE)
_BOARD = re.compile(r"grafana|dashboard|看板|仪表盘|仪表板|面板", re.IGNORECASE)
_BOARD_NAME = re.compile(
    r"(?i:grafana|看板|仪表盘|仪表板|dashboards?)\s*(?:→|->|=>|>|›|»|:|：)\s*[`\"“「*]{0,3}"
    r"([A-Z][\w&()+.-]*(?:[ _-](?:(?:and|of|the|for|by|to|in) )?[A-Z(&][\w&()+.-]*)*)"
)
_BOARD_QUOTED = re.compile(
    r"(?:[`\"“「]([A-Z][^`\"”」*\n]{3,60}?[Dd]ashboard)[`\"”」]|(?i:dashboard|看板|仪表盘)\s*[`\"“「]([A-Z][^`\"”」\n]{3,60})[`\"”」])"
)
_GROUP = re.compile(
    r"(?:rule groups?|alert groups?|规则组|告警组)\s*[:：]?\s*`([\w.-]+)`|`([\w.-]+)`\s*(?:rule group|规则组|告警组)",
    re.IGNORECASE,
)


def alerts_that_no_rule_defines(project: Project) -> Iterable[Finding]:
    """Names in a manual that are said to be alerts."""
    read = [rule for rule in project.fact(rules) if rule.kind == "alert"]
    if not read:
        return
    known = {rule.name for rule in read}
    for document in project.documents:
        own = {rule.name for rule in _rules_of(document)}
        told: set[tuple[str, int]] = set()
        for prose in lines(document):
            for name, surely in _alert_names(prose):
                if name in known or name in own or (name, prose.line) in told:
                    continue
                told.add((name, prose.line))
                near = difflib.get_close_matches(name, sorted(known), 1, 0.6)
                if name in project.fact(other_names) or not (surely or near):
                    continue
                confidence: Confidence = "certain" if surely and near else "likely" if surely else "hint"
                message = say("repolint.alert_unknown", alert=clean(name, 100))
                fix = say("repolint.fix_alert_near", near=near[0]) if near else say("repolint.fix_alert")
                evidence = next(
                    (f"{r.file}:{r.line}" for r in read if near and r.name == near[0]), read[0].file
                )
                yield Finding(
                    document.file, prose.line, "alert-unknown", message, confidence, clean(evidence), fix
                )


def _alert_names(prose: Prose) -> Iterator[tuple[str, bool]]:
    said = {one[1] for pattern in (_SAID, _SAID_AFTER) for one in pattern.finditer(prose.text)}
    yield from ((name, True) for name in sorted(said))
    if _LINE.search(prose.text) or _LINE.search(prose.heading):
        yield from ((name, False) for name in re.findall(rf"`({_CAMEL})`", prose.text) if name not in said)


def _rules_of(document: Document) -> Iterator[RuleAt]:
    for _, first, codes in document_blocks(document):
        yield from in_text("\n".join(code.text for code in codes), document.file, first - 1)


def other_names(project: Project) -> frozenset[str]:
    """CamelCase words of code and configuration: what they name is no alert, or an alert of another system."""
    found: set[str] = set()
    for file in project.files:
        if not file.endswith(
            (".md", ".rst", ".txt", ".html", ".ipynb", ".lock", ".json", ".svg", ".min.js", ".map")
        ):
            found.update(re.findall(rf"\b{_CAMEL}\b", project.text(file)))
    return frozenset(found)


def dashboards_that_are_not_there(project: Project) -> Iterable[Finding]:
    """Titles of dashboards in a manual, where the repository keeps its dashboards."""
    titles = {board.title for board in project.fact(dashboards) if board.title}
    if not titles:
        return
    plain = {" ".join(_words(title)): title for title in titles}
    for document in project.documents:
        for prose in lines(document):
            if not _BOARD.search(prose.text):
                continue
            named = [one[1] for one in _BOARD_NAME.finditer(prose.text)]
            named += [one[1] or one[2] for one in _BOARD_QUOTED.finditer(prose.text)]
            for name in dict.fromkeys(one.strip(" .") for one in named):
                short = " ".join(_words(name))
                if len(short) < 4 or "/" in name or any(_fits(short, title) for title in plain):
                    continue
                near = difflib.get_close_matches(short, sorted(plain), 1, 0.7)
                panel = any(name in project.text(board.file) for board in project.fact(dashboards))
                if panel or (" " not in name and not near):
                    continue
                message = say("repolint.dashboard_unknown", title=clean(name, 100))
                fix = (
                    say("repolint.fix_dashboard_near", near=clean(plain[near[0]]))
                    if near
                    else say("repolint.fix_dashboard")
                )
                yield Finding(
                    document.file,
                    prose.line,
                    "dashboard-unknown",
                    message,
                    "likely" if near else "hint",
                    "",
                    fix,
                )


def _words(title: str) -> list[str]:
    return [
        one
        for one in re.findall(r"\w+", title.casefold())
        if one not in ("the", "dashboard", "dashboards", "board", "grafana")
    ]


def _fits(name: str, title: str) -> bool:
    """Whether one is the other with words left out; Chinese has no spaces, so there it is any part."""
    if not name.isascii():
        return name in title or title in name
    names, titles = set(name.split()), set(title.split())
    return names <= titles or titles <= names


def rule_groups_that_are_not_there(project: Project) -> Iterable[Finding]:
    """Names of rule groups in a manual."""
    groups = {rule.group for rule in project.fact(rules) if rule.group}
    for document in project.documents if groups else ():
        for prose in lines(document):
            for one in _GROUP.finditer(prose.text):
                name = one[1] or one[2]
                if name not in groups and not name.endswith((".yml", ".yaml")):
                    near = difflib.get_close_matches(name, sorted(groups), 1, 0.5)
                    fix = say("repolint.fix_group", groups=clean(", ".join(near or sorted(groups)[:5])))
                    message = say("repolint.group_unknown", group=clean(name, 100))
                    yield Finding(
                        document.file,
                        prose.line,
                        "rule-group-unknown",
                        message,
                        "likely" if near else "hint",
                        "",
                        fix,
                    )


def routes_to_nothing(project: Project) -> Iterable[Finding]:
    """Alertmanager's routes: a receiver that is not defined, one that sends nowhere, a severity that no rule has."""
    severities = {rule.labels.get("severity", "") for rule in project.fact(rules) if rule.kind == "alert"}
    for file in project.matching(".yml", ".yaml"):
        text = project.text(file)
        if "receivers:" not in text or "route:" not in text:
            continue
        for document in read_yaml(project, file):
            if document.get("receivers").each() and document.get("route").fields():
                yield from _routes(document, file, severities)


def _routes(document: Yaml, file: str, severities: set[str]) -> Iterator[Finding]:
    receivers = {one.get("name").text(): one for one in document.get("receivers").each()}
    templated = any("{{" in name or "$" in name for name in receivers)
    for node in walk(document.get("route")):
        wanted = node.get("receiver")
        if wanted.text() and not isinstance(wanted.value, dict):
            name = wanted.text()
            found = receivers.get(name)
            if found is None and not templated and "$" not in name and "{" not in name:
                message = say("repolint.receiver_missing", receiver=clean(name, 100))
                yield Finding(
                    file,
                    wanted.line,
                    "receiver-missing",
                    message,
                    "certain",
                    "",
                    say("repolint.fix_receiver"),
                )
            elif (
                found is not None
                and not any(key.endswith("_configs") for key in found.fields())
                and node.get("continue").text() != "true"
            ):
                silent = name in ("null", "blackhole", "none", "devnull", "silent", "drop")
                if not silent:
                    message = say("repolint.receiver_empty", receiver=clean(name, 100))
                    yield Finding(
                        file,
                        wanted.line,
                        "receiver-sends-nowhere",
                        message,
                        "hint",
                        "",
                        say("repolint.fix_receiver"),
                    )
        yield from _severity(node, file, severities)


def _severity(node: Yaml, file: str, severities: set[str]) -> Iterator[Finding]:
    matched = [(node.get("match").get("severity").text(), node.get("match").get("severity").line)]
    for one in node.get("matchers").each():
        found = re.fullmatch(r"\s*severity\s*=\s*\"?([\w-]+)\"?\s*", one.text())
        if found:
            matched.append((found[1], one.line))
    for severity, line in matched:
        if severity and severities - {""} and severity not in severities:
            message = say(
                "repolint.severity_unknown",
                severity=clean(severity, 60),
                known=clean(", ".join(sorted(severities - {""}))),
            )
            yield Finding(file, line, "severity-unknown", message, "hint", "", say("repolint.fix_severity"))
