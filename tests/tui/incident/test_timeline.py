"""An event in a narrow column: Chinese has no spaces, and its lines are filled all the same."""

from __future__ import annotations

import pytest

from incidents.events.body import Noted
from incidents.events.fold import fold
from incidents.report.describe import IDS
from tests.incidents.build import Chain
from tui.i18n import Language
from tui.incident.draw.timeline import event_block

SENTENCE = "把旧值留在内存里，供取证用然后在开发者门户重新生成密钥再重启全部工作进程"


@pytest.mark.parametrize("width", [28, 30, 32, 50])
def test_chinese_fills_its_lines_without_a_space_that_nobody_wrote(width: int) -> None:
    chain = Chain()
    event = chain.add("li", Noted(text=SENTENCE))
    lines = event_block(fold(chain.events), IDS, event, Language("zh"), width)
    assert all(line.cell_len <= width for line in lines)
    assert all(line.cell_len >= width - 3 for line in lines[:-1])  # no line begins with a comma
    told = "".join(line.plain.strip() for line in lines)
    assert (
        told.removeprefix("03:01:00").removeprefix("03:01").removeprefix(" li  备注：").rstrip("…")
        in SENTENCE
    )
