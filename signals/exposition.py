"""A `/metrics` page into samples: text format 0.0.4 and OpenMetrics, by prometheus_client's own parsers.

A page with a bad line is read line by line then, so that one line costs one line.
"""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from typing import TYPE_CHECKING

from signals.clean import clean
from signals.ring import Sample

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from prometheus_client.metrics_core import Metric

    from signals.reading import Labels

MAX_PROBLEMS = 20


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
    try:
        families = list(_families(text, "openmetrics" in content_type))
        problems: list[tuple[int, str]] = []
    except Exception:  # noqa: BLE001  # the parsers raise ValueError, KeyError, IndexError… on bad lines
        families, problems = _line_by_line(text)
    samples: list[Sample] = []
    types: dict[str, str] = {}
    helps: dict[str, str] = {}
    memory: dict[tuple[str, tuple[tuple[str, str], ...]], Labels] = {}
    for family in families:
        types[family.name] = family.type
        helps[family.name] = clean(family.documentation)
        for sample in family.samples:
            at = None if sample.timestamp is None else float(sample.timestamp)
            key = (sample.name, tuple(sample.labels.items()))
            labels = memory.get(key)
            if labels is None:
                labels = memory[key] = tuple(
                    sorted(
                        [("__name__", sample.name), *((k, clean(v)) for k, v in sample.labels.items() if v)]
                    )
                )
            samples.append(Sample(labels, float(sample.value), at))
    return Exposition(samples, types, helps, tuple(problems[:MAX_PROBLEMS]))


def read_capture(data: bytes) -> Exposition:
    """A capture of OpenMetrics samples with timestamps in seconds, plain or gzipped.

    Captures group series as it suits their writer, which the OpenMetrics parser refuses; so only the samples are
    read, by the parser of the older format, whose timestamps are milliseconds.
    """
    text = (gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data).decode("utf-8", errors="replace")
    bare = "\n".join("" if line.startswith("#") else line.split(" # {", 1)[0] for line in text.splitlines())
    page = parse_exposition(bare.encode())
    samples = [Sample(labels, value, None if at is None else at * 1000) for labels, value, at in page.samples]
    return Exposition(samples, page.types, page.helps, page.problems)


def _families(text: str, openmetrics: bool) -> Iterable[Metric]:  # noqa: FBT001  # it only passes on what the header said
    if openmetrics:
        from prometheus_client.openmetrics import parser as openmetrics_parser

        found: Iterable[Metric] = openmetrics_parser.text_string_to_metric_families(text)  # type: ignore[no-untyped-call]  # prometheus_client leaves it so
        return found
    from prometheus_client import parser

    return parser.text_string_to_metric_families(text)


def _line_by_line(text: str) -> tuple[list[Metric], list[tuple[int, str]]]:
    from prometheus_client.parser import text_string_to_metric_families

    families: list[Metric] = []
    problems: list[tuple[int, str]] = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        try:
            families += text_string_to_metric_families(line + "\n")
        except Exception as error:  # noqa: BLE001  # see parse_exposition
            problems.append((number, clean(str(error)) or type(error).__name__))
    return families, problems
