"""A page with too many series is refused whole, and said: a part of it would give wrong sums."""

from __future__ import annotations

import pytest

from signals.metrics.scrape import ScrapeSource
from signals.settings import ScrapeSettings
from tests.bad_servers import body, serve
from tui.i18n import Language


@pytest.mark.parametrize(("count", "kept"), [(100, True), (101, False)])
async def test_a_page_of_too_many_series_is_refused_and_said(count: int, *, kept: bool) -> None:
    page = b"# HELP m x\n" + b"".join(b'm{a="%d"} 1\n' % number for number in range(count))
    with serve(body(page)) as url:
        settings = {"targets": [{"url": url, "timeout_s": 5}], "max_series": 100}
        source = ScrapeSource(ScrapeSettings.model_validate(settings))
        await source.scrape_once()
        answer = await source.query("count(m)")
        up = await source.query("up")
    assert [list(series.values) for series in answer.series] == ([[100.0]] if kept else [])
    assert [list(series.values) for series in up.series] == [[float(kept)]]
    if not kept:
        said = Language("en").say(source.problems[url])
        assert "101 series" in said
        assert "max_series" in said
