"""A page of metrics is read whatever is in it; a bad line costs that line."""

from __future__ import annotations

import math

import pytest

from core.errors import BadAnswer
from signals.metrics.exposition import parse_exposition, read_capture
from signals.store.ring import Sample


def names(page: bytes) -> list[str]:
    return [dict(sample.labels)["__name__"] for sample in parse_exposition(page).samples]


def test_a_bad_line_costs_that_line_and_is_named() -> None:
    page = parse_exposition(b'good 1\nbad{x="1" 2\nworse\ngood2{a="b"} 3\n')
    assert [dict(s.labels)["__name__"] for s in page.samples] == ["good", "good2"]
    assert {line for line, _ in page.problems} == {2, 3}


def test_escape_sequences_in_labels_are_gone() -> None:
    page = parse_exposition(b'm{a="\x1b[31mred\x1b]52;c;eA==\x07"} 1\n')
    assert dict(page.samples[0].labels)["a"] == "red"


def test_nan_and_infinity_are_values() -> None:
    values = [sample.value for sample in parse_exposition(b"a NaN\nb +Inf\nc -Inf\n").samples]
    assert math.isnan(values[0])
    assert values[1:] == [math.inf, -math.inf]


def test_openmetrics_is_read_by_its_content_type() -> None:
    page = parse_exposition(
        b"# TYPE x counter\nx_total 4\n# EOF\n", "application/openmetrics-text; version=1.0.0"
    )
    assert [dict(s.labels)["__name__"] for s in page.samples] == ["x_total"]


def test_rubbish_is_no_crash() -> None:
    for page in (b"\xff\xfe\x00", b"<html>502</html>", b"{" * 1000, b"", b'a{b="c\n' * 50):
        assert parse_exposition(page).samples == []


def test_a_capture_has_its_times_in_seconds() -> None:
    page = read_capture(b'# TYPE c counter\nc_total{a="1"} 5 1700000000.25 # {trace_id="x"} 1\n# EOF\n')
    assert page.samples[0].at == 1700000000.25
    assert page.samples[0].value == 5


def test_an_exemplar_is_no_time_and_a_label_may_hold_its_mark() -> None:
    page = read_capture(b'a{x="p # {q"} 5 1700000000 # {trace_id="1"} 2 3\nbad{\n')
    assert page.samples == [Sample((("__name__", "a"), ("x", "p # {q")), 5.0, 1700000000.0)]


def test_an_openmetrics_page_with_a_bad_line_keeps_its_times_in_seconds() -> None:
    page = parse_exposition(b"a 1 1700000000\nbad{\n# EOF\n", "application/openmetrics-text")
    assert page.samples[0].at == 1700000000
    assert [line for line, _ in page.problems] == [2]


def test_a_bad_line_leaves_the_types_of_the_others() -> None:
    page = parse_exposition(b"# TYPE a counter\na_total 1\nbad{\n# TYPE b gauge\nb 1\n")
    assert page.types["b"] == "gauge"


def test_names_are_cleaned_like_values() -> None:
    page = parse_exposition('{"na\x1b[31mme", "l\x9b1mabel"="v"} 1\n'.encode())
    assert page.samples[0].labels == (("__name__", "name"), ("label", "v"))


def test_a_broken_gzip_is_told() -> None:
    with pytest.raises(BadAnswer):
        read_capture(b"\x1f\x8b\x08garbage")


def test_a_time_that_no_float_can_be_costs_its_line() -> None:
    parsed = parse_exposition(b"a 1 " + b"9" * 400 + b"\nb 2\n")
    assert [dict(sample.labels)["__name__"] for sample in parsed.samples][-1] == "b"
