"""Direct scrape: reads the service's own `/metrics` into the ring and answers PromQL from it."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from core.errors import BadAnswer, SourceError, Unreachable
from core.message import say
from core.text import clean
from signals.connections.http import HttpClient
from signals.metrics.model import Target
from signals.relabel import relabel

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.message import Message
    from signals.reading import Answer, Labels
    from signals.settings import ScrapeSettings, ScrapeTarget
    from signals.store.ring import Ring, Sample


EVALUATION_S = 10.0
"""A question that takes longer is given up: the others of the board wait for it."""
FIRST_PAGES_S = 1.0
"""How long a question waits for the first pages of all targets: a sum over half of them would be wrong."""
SCRAPE_METRICS = ("up", "scrape_duration_seconds", "scrape_samples_scraped")
"""Series about the scrape itself, which are there also when the target does not answer; named as Prometheus does."""


CLOCK_STEP_S = 2.0
"""Scrapes of a target follow each other: one that began so long before the last one tells of a clock that was set."""
LOG = logging.getLogger(__name__)
MAX_RELABELLED = 200_000
"""So many series of a target are relabelled once and not anew at each scrape."""


class ScrapeSource:
    """A `MetricSource` over pages that it reads itself. `start` begins the reading."""

    name = "scrape"
    remote = False

    def __init__(self, settings: ScrapeSettings) -> None:
        self._settings = settings
        self._ring: Ring | None = None
        # Two questions at once would take memory twice and win no time: there is one interpreter.
        self._evaluating = asyncio.Lock()
        self.since: float | None = None
        """When the first page was stored (Unix seconds): nothing before that is known."""
        self.problems: dict[str, Message] = {}
        """What went wrong at each target's last scrape, by address."""
        self._up: dict[str, bool] = {}
        self._began: dict[str, float] = {}
        self._relabelled: dict[str, dict[Labels, Labels | None]] = {}
        self._unread: set[str] = set()
        """The targets whose first page is waited for, by `_key`."""
        self._all_read = asyncio.Event()

    async def query(self, expr: str, at: float | None = None) -> Answer:
        """Evaluate over what was scraped; raises `Unreachable` while nothing ever was."""
        ring = await self._scraped_ring()
        from signals.metrics.promql import evaluate

        async with self._evaluating:
            moment = time.time() if at is None else at
            return await asyncio.to_thread(evaluate, expr, ring, moment, self.name, EVALUATION_S)

    async def query_range(self, expr: str, start: float, end: float, step: float) -> Answer:
        """Evaluate over a range of what was scraped."""
        ring = await self._scraped_ring()
        from signals.metrics.promql import evaluate_range

        async with self._evaluating:
            return await asyncio.to_thread(
                evaluate_range, expr, ring, start, end, step, self.name, EVALUATION_S
            )

    async def metric_names(self) -> frozenset[str]:
        """Every name that was scraped."""
        ring = await self._scraped_ring()
        return await asyncio.to_thread(ring.metric_names)  # it waits while a scrape is stored

    async def has_had(self, metric: str) -> bool:
        """In what is kept of the scrapes."""
        return metric in await self.metric_names()

    async def watched_s(self, now: float) -> float | None:
        """Since the first page, as far as that is kept; the time before the first one counts as none."""
        return 0.0 if self.since is None else min(now - self.since, self._settings.retention_s)

    async def targets(self) -> tuple[Target, ...]:
        """Every target that was scraped at least once."""
        labelled = ((target, self._labels(target)) for target in self._settings.targets)
        return tuple(
            Target(
                instance=labels["instance"],
                job=labels["job"],
                up=self._up[target.url],
                error=self.problems.get(target.url),
            )
            for target, labels in labelled
            if target.url in self._up
        )

    def start(self) -> asyncio.Task[None]:
        """Scrape every target at its interval until the task is cancelled; questions wait for the first pages from now on."""
        self._unread = {_key(target) for target in self._settings.targets}
        return asyncio.create_task(self._run())

    async def _run(self) -> None:
        async with asyncio.TaskGroup() as group:
            for target in self._settings.targets:
                group.create_task(self._scrape_forever(target))

    async def scrape_once(self) -> None:
        """Read every target now."""
        await asyncio.gather(
            *(
                self._scrape(target, HttpClient(self.name, target, self._settings.max_bytes))
                for target in self._settings.targets
            )
        )

    async def _scrape_forever(self, target: ScrapeTarget) -> None:
        source = HttpClient(f"scrape {target.url}", target, self._settings.max_bytes)
        try:
            while True:
                began = time.monotonic()
                await self._scrape(target, source)
                rest = target.interval_s - (time.monotonic() - began)
                await asyncio.sleep(max(0.1, rest) * random.uniform(0.97, 1.0))  # noqa: S311  # jitter, no secret
        finally:
            await source.close()

    async def _scrape(self, target: ScrapeTarget, source: HttpClient) -> None:
        began = time.time()
        try:
            page = await source.get("")
            self._check_size(page.body, source.name)
            from signals.metrics.exposition import parse_exposition

            if page.body.lstrip()[:1] == b"<":  # a login page, or an error page that says 200
                raise source.bad_answer(
                    f"HTML and no metrics ({clean(page.body[:60].decode(errors='replace'))!r})"
                )
            parsed = await asyncio.to_thread(parse_exposition, page.body, page.content_type)
            samples = parsed.samples
            self.problems.pop(target.url, None)
            if parsed.problems:
                line, why = parsed.problems[0]
                self.problems[target.url] = say(
                    "signals.bad_lines", source=source.name, line=line, detail=why
                )
        except SourceError as error:
            samples = []
            self.problems[target.url] = error.message
        self._up[target.url] = bool(samples) or target.url not in self.problems
        await asyncio.to_thread(self._store, target, began, samples, float(self._up[target.url]))
        self._unread.discard(_key(target))
        if not self._unread:
            self._all_read.set()

    def _check_size(self, body: bytes, name: str) -> None:
        """A part of a page would give wrong sums, all of a huge one takes the memory: it is refused whole."""
        lines = body.count(b"\n") - body.count(b"\n#") - body.startswith(b"#")
        if lines > self._settings.max_series:
            raise BadAnswer(
                say("signals.too_many_series", source=name, count=lines, limit=self._settings.max_series)
            )

    def _store(self, target: ScrapeTarget, began: float, samples: list[Sample], up: float) -> None:
        from signals.store.ring import Ring, Sample

        if began < self._began.get(_key(target), began) - CLOCK_STEP_S:
            # What was stored lies in the future now: nothing could follow it, and nobody would see what is.
            LOG.warning("the clock was set back to %s: what was scraped before is dropped", time.ctime(began))
            self._ring = None
            self._began.clear()
        self._began[_key(target)] = began
        if self._ring is None:
            self._ring = Ring(self._settings.retention_s, self._settings.ring_bytes)
            self.since = began
        extra = self._labels(target)
        own = zip(SCRAPE_METRICS, (up, time.time() - began, float(len(samples))), strict=True)
        labelled = []
        for sample in samples:
            labels = self._kept_labels(target, sample.labels, extra)
            if labels is not None:
                labelled.append(Sample(labels, sample.value, sample.at))
        made = [
            Sample(_with_target_labels((("__name__", name),), extra, honor=False), value)
            for name, value in own
        ]
        self._ring.scrape(_key(target), began, [*labelled, *made])

    def _kept_labels(self, target: ScrapeTarget, labels: Labels, extra: Mapping[str, str]) -> Labels | None:
        """The labels under which a sample is stored; None for one that is dropped."""
        merged = _with_target_labels(labels, extra, honor=target.honor_labels)
        if not target.metric_relabel:
            return merged
        known = self._relabelled.setdefault(_key(target), {})
        if merged not in known:
            if len(known) > MAX_RELABELLED:
                known.clear()
            after = relabel(dict(merged), target.metric_relabel)
            kept = None if after is None or "__name__" not in after else tuple(sorted(after.items()))
            known[merged] = kept
        return known[merged]

    def _labels(self, target: ScrapeTarget) -> dict[str, str]:
        """What all series of a target have."""
        return {
            "job": target.job or self._settings.job,
            "instance": urlsplit(target.url).netloc,
            **target.labels,
        }

    async def _scraped_ring(self) -> Ring:
        if self._unread:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._all_read.wait(), FIRST_PAGES_S)
            self._unread.clear()  # whoever asks next does not wait for a target that hangs
        if self._ring is None:
            detail = next(iter(self.problems.values()), say("signals.not_yet"))
            raise Unreachable(say("signals.unreachable", source=self.name, detail=detail))
        return self._ring


def _key(target: ScrapeTarget) -> str:
    """What tells a target from others: several may read one page, under labels of their own."""
    return f"{target.url} {target.job} {sorted(target.labels.items())}"


def _with_target_labels(labels: Labels, extra: Mapping[str, str], *, honor: bool) -> Labels:
    """The target's labels win; what the page had under such a name moves to `exported_…`, as Prometheus does.

    `honor`: the page's win, and nothing moves.
    """
    if honor:
        return tuple(sorted({**extra, **dict(labels)}.items()))
    merged = {(f"exported_{name}" if name in extra else name): value for name, value in labels}
    return tuple(sorted({**merged, **extra}.items()))
