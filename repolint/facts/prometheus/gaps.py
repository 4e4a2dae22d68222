"""What a selector asks for that the repository does not have: the metric, one of its labels, one of a label's values."""

from __future__ import annotations

import fnmatch
import posixpath
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from core.message import say
from core.text import clean
from repolint.facts.files.missing import DOCUMENTS
from repolint.facts.manual.words import PLAN
from repolint.facts.metrics.exports import exports, never_set
from repolint.facts.metrics.metric import third_party
from repolint.facts.prometheus.asked import asks, group_asks
from repolint.facts.prometheus.dashboards import VARIABLE, dashboards
from repolint.facts.prometheus.promql import alternatives
from repolint.facts.prometheus.scrape_jobs import added_labels
from repolint.facts.python.formats import ANY
from repolint.facts.rule_files import rules
from runbooks.lint.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

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
MAX_SHOWN = 5


Kind = Literal["metric-missing", "metric-never-set", "record-missing", "metric-label", "metric-label-value"]


@dataclass(frozen=True, slots=True)
class Gap:
    """`kind` is the id of the rule that reports it; `blocks`: the selector can't have any series because of it."""

    kind: Kind
    message: Message
    confidence: Confidence
    evidence: str
    fix: Message | None
    blocks: bool = True


def gap_findings(project: Project, kind: Kind) -> Iterator[Finding]:
    """The gaps of one kind in manuals, rules and dashboards, each once a line."""
    for gap, file, line in project.fact(_gaps):
        if gap.kind == kind:
            yield Finding(file, line, gap.kind, gap.message, gap.confidence, gap.evidence, gap.fix)


def _gaps(project: Project) -> tuple[tuple[Gap, str, int], ...]:
    placed: dict[tuple[str, int, Kind, str], tuple[Gap, str, int]] = {}
    for ask in project.fact(asks):
        for gap in gaps_of_selector(ask.name, ask.matchers, project, sure=ask.sure):
            planned = gap.confidence == "certain" and _is_plan(ask.file)
            known = replace(gap, confidence="likely") if planned else gap
            placed.setdefault((ask.file, ask.line, gap.kind, str(gap.message)), (known, ask.file, ask.line))
    grouped = [
        (common, ask.file, ask.line)
        for ask in project.fact(group_asks)
        if (common := _gap_of_group(ask.grouping.names, ask.grouping.label, project)) is not None
    ]
    return (*placed.values(), *grouped)


def _is_plan(file: str) -> bool:
    """Whether it is a text that may speak of what is not made yet."""
    name = posixpath.basename(file)
    return name.endswith(DOCUMENTS) and PLAN.search(name) is not None


def _gap_of_group(names: Sequence[str], label: str, project: Project) -> Gap | None:
    """`by (…)` over a label that none of the metrics below has: all series fall into one."""
    read = project.fact(exports)
    families = [(name, read.find(name)) for name in names]
    if not families or any(not metrics for _, metrics in families):
        return None
    gaps = [missing_label(name, label, metrics, project) for name, metrics in families]
    return None if any(gap is None for gap in gaps) else gaps[0]


def gaps_of_selector(
    name: str, matchers: Sequence[Matcher], project: Project, *, sure: bool = True
) -> list[Gap]:
    """Everything that is wrong with one selector; `sure`: that `name` is meant as a metric is beyond doubt."""
    read = project.fact(exports)
    if ":" in name:
        return _record(name, read)
    metrics = read.find(name)
    if not metrics:
        if not sure and _stands_in_code(name, project):
            return []
        gap = _metric(name, read, sure=sure)
        return [gap] if gap else []
    if all(metric.where() in project.fact(never_set) for metric in metrics) and not (
        read.instrumented and name.startswith("http_")
    ):
        return [_unset(name, metrics[0], read)]
    return [gap for matcher in matchers if (gap := _matcher(name, matcher, metrics, project))]


def _unset(name: str, metric: Metric, read: Exports) -> Gap:
    """An exporter of somebody else's may bring the name too, where it begins as one's names do."""
    sure: Confidence = "certain" if not read.unread and not third_party(name, read) else "likely"
    message = say("repolint.metric_never_set", name=clean(name, 100))
    where = clean(f"{metric.where()} {metric.name}")
    return Gap("metric-never-set", message, sure, where, say("repolint.fix_metric_never_set"))


def _record(name: str, read: Exports) -> list[Gap]:
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
    return [Gap("record-missing", message, confidence, "", fix)]


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
        board.file for board in project.fact(dashboards)
    }


def _metric(name: str, read: Exports, *, sure: bool) -> Gap | None:
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
    return Gap("metric-missing", message, confidence, clean(evidence), _mend(name, near))


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
    series = next((name for name in near.series() if name.rpartition("_")[2] == ending), near.main())
    return say("repolint.fix_metric_near", near=series)


STRONG = re.compile(r"_(total|seconds|bytes|ratio|milliseconds|bucket)(_bucket|_sum|_count)?$")
"""How nothing but a metric is called, by convention (Prometheus documentation, "Metric and label naming")."""


def _same_first_word(name: str, read: Exports) -> bool:
    first = name.partition("_")[0]
    return any(metric.name.partition("_")[0] == first for metric in read.metrics)


def _one_letter_off(name: str, near: Metric) -> bool:
    """A plural, a missing suffix, the service's own first word left out, or a slip of the finger."""
    import difflib

    if any(
        series.endswith(f"_{name}") and series.count("_") == name.count("_") + 1 for series in near.series()
    ):
        return True
    return any(
        difflib.SequenceMatcher(None, name, series).ratio() > 0.93 for series in (*near.series(), near.name)
    )


def _matcher(name: str, matcher: Matcher, metrics: Sequence[Metric], project: Project) -> Gap | None:
    label, operator, value = matcher
    gap = missing_label(name, label, metrics, project)
    if gap is not None:
        excludes = operator in ("!=", "!~") or value == "" or (operator == "=~" and _matches_empty(value))
        return Gap(gap.kind, gap.message, gap.confidence, gap.evidence, gap.fix, blocks=not excludes)
    if any(metric.labels is None for metric in metrics) or VARIABLE in value:
        return None
    return _value(name, matcher, metrics, project)


def _matches_empty(pattern: str) -> bool:
    try:
        return re.fullmatch(pattern, "") is not None
    except re.error:
        return True


def missing_label(name: str, label: str, metrics: Sequence[Metric], project: Project) -> Gap | None:
    """A label that none of the metrics has, and that scraping does not add."""
    if any(metric.labels is None or label in metric.labels for metric in metrics):
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
    labels = sorted(set().union(*(metric.labels or () for metric in metrics)))
    shown = ", ".join(labels) or "-"
    message = say(
        "repolint.label_missing", name=clean(name, 100), label=clean(label, 60), labels=clean(shown)
    )
    import difflib

    near = difflib.get_close_matches(label, labels, 1, 0.6)
    fix = say("repolint.fix_label_near", near=near[0]) if near else say("repolint.fix_label")
    return Gap("metric-label", message, confidence, clean(f"{metrics[0].where()} {metrics[0].name}"), fix)


def _value(name: str, matcher: Matcher, metrics: Sequence[Metric], project: Project) -> Gap | None:
    label, operator, value = matcher
    sets = [metric.values.get(label) for metric in metrics]
    if any(values is None for values in sets):
        return None
    known = frozenset().union(*(values for values in sets if values is not None))
    wanted = [value] if operator in ("=", "!=") else alternatives(value) if operator in ("=~", "!~") else None
    if wanted is None or "" in wanted:
        return None
    never = [text for text in wanted if not any(fnmatch.fnmatchcase(text, pattern) for pattern in known)]
    if not never:
        return None
    excludes = operator in ("!=", "!~")
    read = project.fact(exports)
    sure: Confidence = "certain" if read.has_prefix(name) and not read.unread else "likely"
    shown = ", ".join(sorted(known)[:MAX_SHOWN])
    message = say(
        "repolint.value_missing",
        name=clean(name, 100),
        label=clean(label, 60),
        value=clean("|".join(never), 100),
        known=clean(shown.replace(ANY, "…")),
    )
    return Gap(
        "metric-label-value",
        message,
        "hint" if excludes else sure,
        clean(f"{metrics[0].where()} {metrics[0].name}"),
        say("repolint.fix_value"),
        blocks=not excludes and len(never) == len(wanted),
    )
