"""Rule files that Prometheus is told to read and that are not in its container: their alerts do not exist."""

from __future__ import annotations

import fnmatch
import posixpath
from typing import TYPE_CHECKING

from core.files import is_folder
from core.message import say
from core.text import clean
from repolint.facts.compose import mounting
from repolint.facts.rule_files import rules
from repolint.facts.yaml_lines import read_yaml
from repolint.registry import MANUAL, Rule
from runbooks.lint.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Iterable

    from repolint.facts.compose import Service
    from repolint.facts.yaml_lines import Yaml
    from repolint.project import Project
    from runbooks.lint.finding import Confidence


def check(project: Project) -> Iterable[Finding]:
    """An entry of `rule_files` for which no Compose service that has the configuration has a file; silent where unsure."""
    for file in project.matching(".yml", ".yaml"):
        if "rule_files" not in project.text(file) or "scrape_configs" not in project.text(file):
            continue
        readers = [
            service
            for service in mounting(project, file)
            if "prometheus" in f"{service.image} {service.name}"
        ]
        for document in read_yaml(project, file) if readers else ():
            entries = [entry for entry in document.get("rule_files").each() if entry.text()]
            empty = [
                entry
                for entry in entries
                if not any(_may_have(project, reader, file, entry.text()) for reader in readers)
            ]
            for entry in empty:
                spare = "*" in entry.text() and len(empty) < len(entries)
                yield _finding(project, file, entry, readers[0], spare=spare)


def _finding(project: Project, file: str, entry: Yaml, service: Service, *, spare: bool) -> Finding:
    """`spare`: the entry is a pattern beside one that has files, so nothing may be meant to be there."""
    sure: Confidence = "certain" if any(rule.kind == "alert" for rule in project.fact(rules)) else "hint"
    named = posixpath.basename(entry.text())
    if any(
        posixpath.basename(target) == named and not _is_there(project, source)
        for source, target in service.mounts
    ):
        sure = "likely"  # what is mounted may be written by something first
    return Finding(
        file,
        entry.line,
        "rules-not-loaded",
        say(
            "repolint.rules_not_loaded",
            pattern=clean(entry.text(), 100),
            service=clean(service.name, 60),
        ),
        "hint" if spare else sure,
        clean(f"{service.file} {service.name}"),
        say("repolint.fix_rules_not_loaded"),
    )


def _is_there(project: Project, path: str) -> bool:
    return path in project.files or is_folder(project.root / path)


def _may_have(project: Project, service: Service, config: str, pattern: str) -> bool:
    """Whether the container has a file of that pattern, or may have one that is not seen from here."""
    if service.context is not None or "$" in pattern:
        return True
    inside = dict(_inside(project, service))
    if config not in inside:
        return True
    wanted = posixpath.normpath(posixpath.join(posixpath.dirname(inside[config]), pattern))
    if any(_fits(path, wanted) for path in inside.values()):
        return True
    known = {posixpath.normpath(target) for _, target in service.mounts}
    targets = {
        posixpath.normpath(part)
        for word in service.text.split()
        for part in word.split(":")
        if part.startswith("/")
    }
    return any(
        _fits(f"{target}/", wanted[: len(target) + 1]) or _fits(target, wanted) for target in targets - known
    )


def _inside(project: Project, service: Service) -> Iterable[tuple[str, str]]:
    """Every file of the repository that is mounted, with its path in the container."""
    for source, target in service.mounts:
        for file in project.files:
            if file == source:
                yield file, posixpath.normpath(target)
            elif source in (".", "") or file.startswith(f"{source}/"):
                yield file, posixpath.normpath(posixpath.join(target, posixpath.relpath(file, source or ".")))


def _fits(path: str, pattern: str) -> bool:
    """As Prometheus matches: a `*` stays within one folder."""
    return path.count("/") == pattern.count("/") and fnmatch.fnmatchcase(path, pattern)


_COMPOSE = """services:
  prometheus:
    image: prom/prometheus
    volumes:
    - ./prometheus.yml:/etc/prometheus/prometheus.yml
@"""
_PROMETHEUS = "rule_files: [alerts.yml]\nscrape_configs: []\n"
_RULES = "groups:\n- name: kettle\n  rules:\n  - alert: KettleCold\n    expr: kettle_heat_celsius < 60\n"

RULE = Rule(
    id="rules-not-loaded",
    check=check,
    confidence=("certain", "likely", "hint"),
    bad={
        MANUAL: "# Manual\n",
        "compose.yaml": _COMPOSE.replace("@", ""),
        "prometheus.yml": _PROMETHEUS,
        "alerts.yml": _RULES,
    },
    good={
        MANUAL: "# Manual\n",
        "compose.yaml": _COMPOSE.replace("@", "    - ./alerts.yml:/etc/prometheus/alerts.yml\n"),
        "prometheus.yml": _PROMETHEUS,
        "alerts.yml": _RULES,
    },
)
