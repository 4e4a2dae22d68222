"""What a selector asks for that the repository does not have: the metric, one of its labels, one of a label's values."""

from __future__ import annotations

import fnmatch
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.message import say
from core.text import clean
from repolint.facts.metrics.exports import exports, never_set
from repolint.facts.metrics.metric import ANY, third_party
from repolint.facts.prometheus.dashboards import VARIABLE, dashboards
from repolint.facts.prometheus.promql import alternatives
from repolint.facts.prometheus.rule_files import rules
from repolint.facts.prometheus.scrape_jobs import added_labels

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.message import Message
    from repolint.facts.metrics.metric import Exports, Metric
    from repolint.facts.prometheus.promql import Matcher
    from repolint.project import Project
    from runbooks.lint.finding import Confidence

USUAL_TARGET_LABELS = frozenset(
    [
        "namespace",
        "pod",
        "container",
        "node",
        "service",
        "app",
        "application",
        "cluster",
        "env",
        "environment",
        "region",
        "zone",
        "host",
        "hostname",
        "server",
        "deployment",
        "component",
        "team",
        "tenant",
        "exported_job",
        "exported_instance",
        "kubernetes_namespace",
        "kubernetes_pod_name",
        "app_kubernetes_io_name",
        "replica",
        "shard",
        "stage",
        "tier",
        "project",
        "version",
    ]
)
"""Labels that service discovery and relabelling add in many places."""
MOST_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Lack:
    """`rule` is the finding's; `blocks`: the selector can't have any series because of it."""

    rule: str
    message: Message
    confidence: Confidence
    evidence: str
    fix: Message | None
    blocks: bool = True


def lacks(name: str, matchers: Sequence[Matcher], project: Project, *, sure: bool = True) -> list[Lack]:
    """Everything that is wrong with one selector; `sure`: that `name` is meant as a metric is beyond doubt."""
    read = project.fact(exports)
    if ":" in name:
        return _record(name, read)
    found = read.find(name)
    if not found:
        if not sure and _stands_in_code(name, project):
            return []
        lack = _metric(name, read, sure=sure)
        return [lack] if lack else []
    if all(metric.where() in project.fact(never_set) for metric in found) and not (
        read.instrumented and name.startswith("http_")
    ):
        return [_unset(name, found[0], read)]
    return [lack for matcher in matchers if (lack := _matcher(name, matcher, found, project))]


def _unset(name: str, metric: Metric, read: Exports) -> Lack:
    """An exporter of somebody else's may bring the name too, where it begins as one's names do."""
    sure: Confidence = "certain" if not read.unread and not third_party(name, read) else "likely"
    message = say("repolint.metric_never_set", name=clean(name, 100))
    where = clean(f"{metric.where()} {metric.name}")
    return Lack("metric-never-set", message, sure, where, say("repolint.fix_metric_never_set"))


def _record(name: str, read: Exports) -> list[Lack]:
    if name in read.recorded or name.startswith(":") or name.endswith(":"):
        return []
    import difflib

    near = difflib.get_close_matches(name, sorted(read.recorded), 1, 0.6)
    fix = say("repolint.fix_record_near", near=clean(near[0], 100)) if near else say("repolint.fix_record")
    message = say("repolint.record_missing", name=clean(name, 100))
    # Kubernetes' own rule sets (kube-prometheus) come from outside many repositories.
    known = re.match(
        r"(node|instance|cluster|namespace\w*|apiserver\w*|kube\w*|container\w*|code\w*)_?\w*:", name
    )
    confidence: Confidence = (
        "hint" if known and not near else "certain" if read.recorded and near else "likely"
    )
    return [Lack("record-missing", message, confidence, "", fix)]


def _stands_in_code(name: str, project: Project) -> bool:
    """Whether a bare name of a manual is a name of something else: a variable, a table, a volume."""
    documents = (".md", ".rst", ".txt", ".html")
    return any(
        name in project.text(file)
        for file in project.files - _asking(project)
        if not file.endswith(documents)
    )


def _asking(project: Project) -> frozenset[str]:
    return frozenset(rule.file for rule in project.fact(rules)) | {
        one.file for one in project.fact(dashboards)
    }


def _metric(name: str, read: Exports, *, sure: bool) -> Lack | None:
    near = read.nearest(name)
    slip = near is not None and _one_letter_off(name, near)
    if (third_party(name, read) and (not slip or read.instrumented)) or not read.own():
        return None
    where = read.mentioned.get(name)
    confidence = _confidence(name, read, strong=sure or STRONG.search(name) is not None, slip=slip)
    if where is not None:
        confidence = "hint"
    elif confidence == "hint" and near is None and not _same_first_word(name, read):
        return None
    message = say("repolint.metric_missing", name=clean(name, 100))
    evidence = where or (f"{near.where()} {near.name}" if near else "")
    return Lack("metric-missing", message, confidence, clean(evidence), _mend(name, near))


def _confidence(name: str, read: Exports, *, strong: bool, slip: bool) -> Confidence:
    if not read.has_prefix(name):
        return "likely" if slip else "hint"
    return "certain" if strong and not read.unread else "likely"


def _mend(name: str, near: Metric | None) -> Message:
    if near is None:
        return say("repolint.fix_metric")
    if near.name == name:
        return say("repolint.fix_suffix", near=near.main())
    base, _, ending = name.rpartition("_")
    if base == near.name and ending in ("total", "bucket", "sum", "count"):
        return say("repolint.fix_kind", near=near.main(), kind=near.kind)
    series = next((one for one in near.series() if one.rpartition("_")[2] == ending), near.main())
    return say("repolint.fix_metric_near", near=series)


STRONG = re.compile(r"_(total|seconds|bytes|ratio|milliseconds|bucket)(_bucket|_sum|_count)?$")
"""How nothing but a metric is called, by convention (Prometheus documentation, "Metric and label naming")."""


def _same_first_word(name: str, read: Exports) -> bool:
    first = name.partition("_")[0]
    return any(metric.name.partition("_")[0] == first for metric in read.metrics)


def _one_letter_off(name: str, near: Metric) -> bool:
    """A plural, a missing suffix, the service's own first word left out, or a slip of the finger."""
    import difflib

    if any(one.endswith(f"_{name}") and one.count("_") == name.count("_") + 1 for one in near.series()):
        return True
    return any(difflib.SequenceMatcher(None, name, one).ratio() > 0.93 for one in (*near.series(), near.name))


def _matcher(name: str, matcher: Matcher, found: Sequence[Metric], project: Project) -> Lack | None:
    label, operator, value = matcher
    lack = lacking_label(name, label, found, project)
    if lack is not None:
        excludes = operator in ("!=", "!~") or value == "" or (operator == "=~" and _matches_empty(value))
        return Lack(lack.rule, lack.message, lack.confidence, lack.evidence, lack.fix, blocks=not excludes)
    if any(metric.labels is None for metric in found) or VARIABLE in value:
        return None
    return _value(name, matcher, found, project)


def _matches_empty(pattern: str) -> bool:
    try:
        return re.fullmatch(pattern, "") is not None
    except re.error:
        return True


def lacking_label(name: str, label: str, found: Sequence[Metric], project: Project) -> Lack | None:
    """A label that none of the metrics has, and that scraping does not add."""
    if any(metric.labels is None or label in metric.labels for metric in found):
        return None
    if label == "le" and not name.endswith("_bucket"):
        return None  # some write it by habit; it changes nothing
    added, scraping = added_labels(project)
    if label in added or (label in USUAL_TARGET_LABELS and scraping != "static"):
        return None
    read = project.fact(exports)
    confidence: Confidence = "hint" if scraping == "dynamic" else "likely"
    proved = scraping == "static" and label not in USUAL_TARGET_LABELS
    if proved and read.has_prefix(name) and not read.unread:
        confidence = "certain"
    labels = sorted(set().union(*(metric.labels or () for metric in found)))
    shown = ", ".join(labels) or "-"
    message = say(
        "repolint.label_missing", name=clean(name, 100), label=clean(label, 60), labels=clean(shown)
    )
    import difflib

    near = difflib.get_close_matches(label, labels, 1, 0.6)
    fix = say("repolint.fix_label_near", near=near[0]) if near else say("repolint.fix_label")
    return Lack("metric-label", message, confidence, clean(f"{found[0].where()} {found[0].name}"), fix)


def _value(name: str, matcher: Matcher, found: Sequence[Metric], project: Project) -> Lack | None:
    label, operator, value = matcher
    sets = [metric.values.get(label) for metric in found]
    if any(one is None for one in sets):
        return None
    known = frozenset().union(*(one for one in sets if one is not None))
    wanted = [value] if operator in ("=", "!=") else alternatives(value) if operator in ("=~", "!~") else None
    if wanted is None or "" in wanted:
        return None
    never = [one for one in wanted if not any(fnmatch.fnmatchcase(one, pattern) for pattern in known)]
    if not never:
        return None
    excludes = operator in ("!=", "!~")
    read = project.fact(exports)
    sure: Confidence = "certain" if read.has_prefix(name) and not read.unread else "likely"
    shown = ", ".join(sorted(known)[:MOST_SHOWN])
    message = say(
        "repolint.value_missing",
        name=clean(name, 100),
        label=clean(label, 60),
        value=clean("|".join(never), 100),
        known=clean(shown.replace(ANY, "…")),
    )
    return Lack(
        "metric-label-value",
        message,
        "hint" if excludes else sure,
        clean(f"{found[0].where()} {found[0].name}"),
        say("repolint.fix_value"),
        blocks=not excludes and len(never) == len(wanted),
    )
