"""Alert rules evaluated here, so that alerts go on when no Prometheus answers.

Reads Prometheus' own rule files (documentation, "Alerting rules"). Recording rules are read but not evaluated: an
alert that stands on one says so.
"""

from __future__ import annotations

import asyncio
import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from core.errors import BadQuery, ConfigError, SourceError, Unreachable
from core.files import is_folder, read_text
from core.message import say
from core.text import clean, clean_block
from core.times import parse_duration
from signals.alerts.model import Alert, AlertRule, Alerts, AlertState
from signals.alerts.sight import out_of_sight
from signals.alerts.templates import NotUnderstood, fill, fill_label
from signals.metrics.model import TargetSource

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from core.message import Message
    from signals.metrics.model import MetricSource
    from signals.reading import Answer, Labels

_GLOB = re.compile(r"[*?\[]")
HISTORY_POINTS, HISTORY_SPANS_S = 60, (600.0, 7200.0, 86_400.0)
"""How finely, and how far, the time before the first look is looked at."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of a file. `for_s` is how long it has to hold before it fires, `keep_firing_for_s` how long it then stays."""

    kind: Literal["alert", "record"]
    name: str
    expr: str
    for_s: float
    keep_firing_for_s: float
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    group: str
    file: str

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What tells it from every other rule."""
        return self.file, self.group, self.name, self.expr


MAX_FILE_BYTES = 2_000_000


def load_rules(path: Path) -> tuple[Rule, ...]:
    """All rules of a file, in order; raises `ConfigError` with file, place and reason."""
    import yaml

    try:
        raw = yaml.safe_load(read_text(path, MAX_FILE_BYTES))
        read = _File.model_validate(raw if raw is not None else {})
    except OSError as error:
        raise _broken(path, error.strerror or str(error)) from error
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise _broken(path, str(error)) from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise _broken(path, f"{place}: {first['msg']}") from error
    return tuple(
        _rule(rule, group, path) for group in read.groups for rule in group.rules if rule.alert or rule.record
    )


def rule_paths(patterns: Iterable[Path]) -> list[Path]:
    """The files that paths, globs and folders name, each once; a name that names nothing stays, so that it is missed."""
    paths: dict[Path, None] = {}
    for pattern in patterns:
        if is_folder(pattern):
            files = sorted(path for path in pattern.iterdir() if path.suffix in (".yml", ".yaml"))
        elif _GLOB.search(str(pattern)):
            files = sorted(Path(pattern.anchor).glob(str(pattern.relative_to(pattern.anchor))))
        else:
            files = [pattern]
        paths.update(dict.fromkeys(files or [pattern]))
    return list(paths)


class RuleAlerts:
    """An `AlertSource`: asks a source every rule, and remembers since when each has held."""

    remote = False

    def __init__(
        self, source: MetricSource, rule_files: Sequence[Path], clock: Callable[[], float] = time.time
    ) -> None:
        self.name = source.name
        self._source = source
        self._files = tuple(rule_files)
        self._clock = clock
        self._active: dict[tuple[str, str, str, str], dict[Labels, _Active]] = {}
        self._read: dict[Path, tuple[object, tuple[Rule, ...]]] = {}

    async def alerts(self) -> Alerts:
        """Evaluate every rule now. Raises the source's error when it answers none of them."""
        rules, broken = await asyncio.to_thread(self._load)
        now = self._clock()  # not before: what was scraped while the files were read counts
        records = [rule.name for rule in rules if rule.kind == "record"]
        alerting = [rule for rule in rules if rule.kind == "alert"]
        results = await asyncio.gather(*(self._evaluate(rule, records, now) for rule in alerting))
        errors = [result for result in results if isinstance(result, SourceError)]
        if errors and len(errors) == len(alerting) and not all(isinstance(e, BadQuery) for e in errors):
            raise next(error for error in errors if not isinstance(error, BadQuery))
        alerts: list[Alert] = []
        for rule, result in zip(alerting, results, strict=True):
            if isinstance(result, SourceError):
                broken.append((rule.name, result.message))
            alerts += [
                self._alert(rule, labels, active) for labels, active in self._active.get(rule.key, {}).items()
            ]
        if not alerts:
            await self._require_a_target(now)
        keys = {rule.key for rule in alerting}
        self._active = {key: active for key, active in self._active.items() if key in keys}
        return Alerts(tuple(alerts), len(alerting), tuple(broken), now, self.name)

    async def rules(self) -> tuple[AlertRule, ...]:
        """The alert rules of the files, as they stand there."""
        rules, _ = await asyncio.to_thread(self._load)
        return tuple(
            AlertRule(rule.name, rule.expr, rule.for_s, clean(Path(rule.file).name))
            for rule in rules
            if rule.kind == "alert"
        )

    async def _require_a_target(self, now: float) -> None:
        """That no rule holds says nothing while no target answers: raises `Unreachable` then."""
        try:
            up = await self._source.query("up", now)
        except SourceError:
            return  # the rules were answered
        if up.series and not any(series.values[-1] for series in up.series):
            count, why = len(up.series), await self._scrape_error()
            if why is not None:
                raise Unreachable(say("rules.blind_why", source=self.name, count=count, detail=why))
            raise Unreachable(say("rules.blind", source=self.name, count=count))

    async def _scrape_error(self) -> Message | None:
        targets = await self._source.targets() if isinstance(self._source, TargetSource) else ()
        return next((target.error for target in targets if target.error), None)

    def _load(self) -> tuple[list[Rule], list[tuple[str, Message]]]:
        rules: list[Rule] = []
        broken: list[tuple[str, Message]] = []
        for path in rule_paths(self._files):
            try:
                rules += self._current(path)
            except ConfigError as error:
                broken.append((clean(path.name), error.message))
        return rules, broken

    def _current(self, path: Path) -> tuple[Rule, ...]:
        """The file's rules, read again only when it changed."""
        try:
            status = path.stat()
            stamp: object = (status.st_mtime_ns, status.st_size)
        except OSError:
            stamp = None  # load_rules says why
        read = self._read.get(path)
        if read is None or stamp is None or read[0] != stamp:
            read = self._read[path] = (stamp, load_rules(path))
        return read[1]

    async def _evaluate(self, rule: Rule, records: Sequence[str], now: float) -> SourceError | None:
        """Bring the rule's active alerts up to date; on an error they stay as they were."""
        try:
            for record in records:
                if re.search(rf"(?<![\w:]){re.escape(record)}(?![\w:])", rule.expr):
                    raise BadQuery(say("rules.needs_recording", record=record))
            if (unseen := await out_of_sight(rule.expr, self._source, now)) is not None:
                raise BadQuery(unseen)
            holding = _holding(rule, await self._source.query(rule.expr, now))
            previous = self._active.get(rule.key)
            first_look = previous is None and holding
            held_since = await self._held_since(rule, now) if first_look else {}
        except SourceError as error:
            return error
        self._active[rule.key] = _next_active(rule, previous or {}, holding, held_since, now)
        return None

    async def _held_since(self, rule: Rule, now: float) -> dict[Labels, float]:
        """Since when each alert has held without a break: as far back as its `for`, and where one has held all that time, longer.

        Further back it is known to a sixtieth of how far that is.
        """
        held_since: dict[Labels, float] = {}
        for span_s in (
            max(rule.for_s, HISTORY_POINTS),
            *(span for span in HISTORY_SPANS_S if span > rule.for_s),
        ):
            step = span_s / HISTORY_POINTS
            begin = now - span_s - step
            try:
                history = await self._source.query_range(rule.expr, begin, now, step)
                scraped = await self._source.query_range("count(up)", begin, now, step)
            except SourceError:
                break  # then it counts from now, or from what is known: later than the truth, never sooner
            # `vector(1)` and `absent(…)` hold also where there was nothing yet.
            first = min((series.times[0] for series in scraped.series), default=now)
            for series in history.series:
                since = now
                for at in reversed(series.times):
                    if since - at > step * 1.5 or at < first:
                        break
                    since = at
                own = _identity(series.labels)
                held_since[own] = min(since, held_since.get(own, since))
            if all(since > begin + step for since in held_since.values()):
                break
        return held_since

    def _alert(self, rule: Rule, labels: Labels, active: _Active) -> Alert:
        named = dict(labels)
        annotations = {
            name: clean_block(fill(text, dict(active.series), active.value), 2000)
            for name, text in rule.annotations.items()
        }
        state = AlertState.PENDING if active.fired_at is None else AlertState.FIRING
        return Alert(
            name=rule.name,
            state=state,
            severity=named.get("severity", ""),
            labels=named,
            annotations=annotations,
            since=active.since if active.fired_at is None else active.fired_at,
            fires_at=active.since + rule.for_s if active.fired_at is None else None,
            value=active.value,
            expr=clean(rule.expr),
            source=self.name,
        )


@dataclass(frozen=True, slots=True)
class _Active:
    """An alert that holds, or did a moment ago. `series` are the labels that the expression answered with."""

    series: Labels
    value: float
    since: float
    fired_at: float | None
    last_held: float


def _holding(rule: Rule, answer: Answer) -> dict[Labels, tuple[Labels, float]]:
    """The alerts that hold now by their labels, each with its series and value."""
    if answer.kind not in ("vector", "scalar"):
        raise BadQuery(say("rules.not_a_vector"))
    holding: dict[Labels, tuple[Labels, float]] = {}
    for series in answer.series:
        own = _identity(series.labels)
        value = float(series.values[0])
        added = {name: _label(name, text, dict(own), value) for name, text in rule.labels.items()}
        labels = tuple(sorted({**dict(own), **added, "alertname": rule.name}.items()))
        if labels in holding:
            raise BadQuery(say("rules.same_labels"))
        holding[labels] = (own, value)
    return holding


def _label(name: str, template: str, labels: Mapping[str, str], value: float) -> str:
    """Where an alert goes hangs on its labels: one that can't be filled is no label."""
    try:
        return clean(fill_label(template, labels, value))
    except NotUnderstood:
        raise BadQuery(say("rules.bad_label", label=name, template=clean(template, 120))) from None


def _next_active(
    rule: Rule,
    previous: Mapping[Labels, _Active],
    holding: Mapping[Labels, tuple[Labels, float]],
    held_since: Mapping[Labels, float],
    now: float,
) -> dict[Labels, _Active]:
    """What is active after one evaluation (prometheus/prometheus, rules/alerting.go, `Eval`)."""
    after: dict[Labels, _Active] = {}
    for labels, (series, value) in holding.items():
        before = previous.get(labels)
        # Times of a range are whole milliseconds: the last may lie a little after `now`.
        since = before.since if before else min(now, held_since.get(series, now))
        fired_at = before.fired_at if before else None
        if fired_at is None and now - since >= rule.for_s:
            # What was not looked at before fires since its wait was over.
            fired_at = now if before else since + rule.for_s
        after[labels] = _Active(series, value, since, fired_at, now)
    after.update(
        (labels, before)
        for labels, before in previous.items()
        if labels not in holding
        and before.fired_at is not None
        and now - before.last_held < rule.keep_firing_for_s
    )
    return after


def _identity(labels: Labels) -> Labels:
    return tuple(pair for pair in labels if pair[0] != "__name__")


def _broken(path: Path, detail: str) -> ConfigError:
    return ConfigError(say("rules.unreadable", file=clean(str(path)), detail=clean(detail)))


class _Section(BaseModel):
    model_config = ConfigDict(coerce_numbers_to_str=True, extra="ignore", hide_input_in_errors=True)


class _RuleEntry(_Section):
    alert: str = ""
    record: str = ""
    expr: str
    for_s: float = Field(default=0.0, alias="for")
    keep_firing_for_s: float = Field(default=0.0, alias="keep_firing_for")
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}

    @field_validator("for_s", "keep_firing_for_s", mode="before")
    @classmethod
    def _seconds(cls, value: object) -> float:
        return parse_duration(str(value))

    @field_validator("labels", "annotations", mode="before")
    @classmethod
    def _none_is_empty(cls, value: object) -> object:
        return {} if value is None else value

    @model_validator(mode="after")
    def _one_kind(self) -> _RuleEntry:
        if bool(self.alert) == bool(self.record):
            raise ValueError("a rule has either 'alert' or 'record'")
        return self


class _Group(_Section):
    name: str
    labels: dict[str, str] = {}
    rules: tuple[_RuleEntry, ...] = ()


class _File(_Section):
    groups: tuple[_Group, ...] = ()


def _rule(entry: _RuleEntry, group: _Group, path: Path) -> Rule:
    return Rule(
        kind="alert" if entry.alert else "record",
        name=clean(entry.alert or entry.record),
        expr=entry.expr.strip(),
        for_s=entry.for_s,
        keep_firing_for_s=entry.keep_firing_for_s,
        labels=_cleaned({**group.labels, **entry.labels}),
        annotations=_cleaned(entry.annotations),
        group=clean(group.name),
        file=str(path),
    )


def _cleaned(texts: Mapping[str, str]) -> dict[str, str]:
    return {clean(name): clean_block(text, 2000) for name, text in texts.items()}
