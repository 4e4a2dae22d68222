"""The cost desk's lines: of a history that is shorter than the windows each figure is said once, with what it stands on."""

from __future__ import annotations

import datetime as dt

import pytest

from panels.costs.settings import CostsSettings
from panels.draw.costs import draw_month
from tests.chimera import COSTS
from tests.panels.costs.pages import OWN, history
from tests.panels.costs.test_ask import Answering
from tui.i18n import Language

NOW = dt.datetime(2026, 11, 21, 12, tzinfo=dt.UTC).timestamp()
HOUR, DAY = 3600.0, 86_400.0


@pytest.mark.parametrize(
    ("covered_s", "rates"),
    [
        (HOUR / 2, ["the 30 min 0 s seen"]),
        (3 * HOUR, ["1h", "the 3 h 0 min seen"]),
        (3 * DAY, ["1h", "6h", "1d", "7d"]),
        (15 * DAY, ["1h", "6h", "1d", "7d"]),
    ],
)
async def test_windows_longer_than_the_history_have_one_figure(covered_s: float, rates: list[str]) -> None:
    text = history(OWN, NOW, days=covered_s / DAY, step=300.0)
    report = await Answering(None, text, NOW).ask(CostsSettings(time_zone="UTC").over(COSTS))
    lines = [line.plain for line in draw_month(report, Language("en").say, 120, 0)]
    row = next(line for line in lines if line.startswith("   A day, at"))
    pairs = row.removeprefix("   A day, at").strip().split(" · ")
    assert [pair.rpartition(" USD ")[0] or pair.rpartition(" ")[0] for pair in pairs] == rates, row
