"""A `/metrics` page into samples: text format 0.0.4 and OpenMetrics, by prometheus_client's own parsers.

Its parsers refuse a whole page for one bad line; such a page is halved until the bad lines stand alone, so that one
line costs one line.
"""

from __future__ import annotations

import gzip
import io
import re
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.errors import BadAnswer
from core.message import say
from core.text import clean
from signals.store.ring import Sample

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from prometheus_client.metrics_core import Metric

    from signals.reading import Labels

MAX_PROBLEMS = 20
MAX_CAPTURE_BYTES = 200_000_000
"""Unpacked; a day of 400 series at 5 s is a quarter of it."""

_SAMPLE = re.compile(r'[^{\s#]*\s*(?:\{(?:[^"}]|"(?:[^"\\]|\\.)*")*\})?[^#]*')
"""A sample's own part of its line: name, quoted labels, value, time; an exemplar follows after `#`."""


@dataclass(frozen=True, slots=True)
class Exposition:
    """What a page said. `problems` are (line number, why) of lines that were left out, at most twenty."""

    samples: list[Sample]
    types: Mapping[str, str]
    helps: Mapping[str, str]
    problems: tuple[tuple[int, str], ...]


def parse_exposition(body: bytes, content_type: str = "") -> Exposition:
    """Read a page; never raises: what can't be read is in `problems`."""
    text = body.decode("utf-8", errors="replace")
    if "openmetrics" in content_type:
        strict = _parse_strictly(text)
        if strict is not None:
            return _exposition(strict, [], 1.0)
        return _parse_leniently(text, 1000.0)
    return _parse_leniently(text, 1.0)


def read_capture(data: bytes) -> Exposition:
    """A capture of OpenMetrics samples with times in seconds, plain or gzipped; raises `BadAnswer` for a broken gzip.

    Captures group series as it suits their writer, which the OpenMetrics parser refuses; so they are read by the
    parser of the older format.
    """
    if data[:2] == b"\x1f\x8b":
        try:
            with gzip.GzipFile(fileobj=io.BytesIO(data)) as packed:
                data = packed.read(MAX_CAPTURE_BYTES + 1)
        except (OSError, EOFError, zlib.error) as error:
            raise BadAnswer(say("promql.broken_gzip", detail=clean(str(error)))) from error
        if len(data) > MAX_CAPTURE_BYTES:
            detail = f"more than {MAX_CAPTURE_BYTES // 1_000_000} MB unpacked"
            raise BadAnswer(say("promql.broken_gzip", detail=detail))
    return _parse_leniently(data.decode("utf-8", errors="replace"), 1000.0)


def _parse_strictly(text: str) -> list[Metric] | None:
    from prometheus_client.openmetrics.parser import text_string_to_metric_families

    try:
        return list(text_string_to_metric_families(text))  # type: ignore[no-untyped-call]  # prometheus_client leaves it so
    except Exception:  # noqa: BLE001  # the parser raises ValueError, KeyError, IndexError… on bad lines; read leniently then
        return None


def _parse_leniently(text: str, time_scale: float) -> Exposition:
    """By the parser of the older format. It takes times for milliseconds: `time_scale` is 1000 where they are seconds."""
    lines = [
        line if " # " not in line or line.startswith("#") else _without_exemplar(line)
        for line in text.split("\n")
    ]
    problems: list[tuple[int, str]] = []
    families: list[Metric] = []
    pending = [(0, len(lines))]
    while pending:
        start, end = pending.pop()
        try:
            families += _families(lines[start:end])
        except Exception as error:  # noqa: BLE001  # see _parse_strictly
            if end - start > 1:
                middle = (start + end) // 2
                pending += [(middle, end), (start, middle)]
            elif len(problems) < MAX_PROBLEMS:
                problems.append((start + 1, clean(str(error)) or type(error).__name__))
    return _exposition(families, problems, time_scale)


def _families(lines: list[str]) -> list[Metric]:
    from prometheus_client.parser import text_string_to_metric_families

    return list(text_string_to_metric_families("\n".join(lines) + "\n"))


def _without_exemplar(line: str) -> str:
    sample = _SAMPLE.match(line)
    return sample[0].rstrip() if sample else line


def _exposition(families: Iterable[Metric], problems: list[tuple[int, str]], time_scale: float) -> Exposition:
    samples: list[Sample] = []
    types: dict[str, str] = {}
    helps: dict[str, str] = {}
    labels_of: dict[tuple[str, tuple[tuple[str, str], ...]], Labels] = {}
    for family in families:
        name = clean(family.name)
        if types.get(name, "unknown") == "unknown":
            types[name], helps[name] = family.type, clean(family.documentation)
        for sample in family.samples:
            try:
                at = None if sample.timestamp is None else float(sample.timestamp) * time_scale
                value = float(sample.value)
            except OverflowError:  # a whole number of hundreds of digits, which a float can't be
                continue
            key = (sample.name, tuple(sample.labels.items()))
            labels = labels_of.get(key)
            if labels is None:
                labels = labels_of[key] = _labels(sample.name, sample.labels)
            samples.append(Sample(labels, value, at))
    return Exposition(samples, types, helps, tuple(problems))


def _labels(name: str, labels: Mapping[str, str]) -> Labels:
    """Cleaned and sorted; an empty label is no label."""
    cleaned = {clean(key): clean(value) for key, value in labels.items()}
    return tuple(sorted((key, value) for key, value in {**cleaned, "__name__": clean(name)}.items() if value))
