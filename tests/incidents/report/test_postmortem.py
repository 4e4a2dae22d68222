"""What remains of an incident: a page that reads well in both languages, pictures that show the data, statistics."""

from __future__ import annotations

import datetime as dt
import re
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from incidents.events import body as b
from incidents.events.fold import fold
from incidents.events.incident import StepKey
from incidents.journal import open_journal
from incidents.report.describe import Names
from incidents.report.postmortem import postmortem
from incidents.report.statistics import durations, format_duration, spans, step_statistics
from incidents.report.svg import draw_svg
from incidents.settings import JournalSettings
from tests.incidents.build import START, Chain
from tui.i18n import CODES, Language, LanguageCode

if TYPE_CHECKING:
    from pathlib import Path

    from incidents.events.incident import Incident

SVG = "{http://www.w3.org/2000/svg}"
T0 = START.timestamp()


def evidence(*curves: tuple[str, list[float | None]], limit: float | None = None) -> b.EvidencePinned:
    made = tuple(
        b.Curve(name=name, at=tuple(T0 + 15 * i for i in range(len(values))), values=tuple(values))
        for name, values in curves
    )
    return b.EvidencePinned(
        panel="ban",
        title="Ban <forecast>",
        line="5 950/10 000",
        unit="req",
        limit=limit,
        curves=made,
        query="sum(rate(x[10m]))",
        verdict="burning",
    )


def test_a_phase_skipped_for_one_reason_is_one_line_and_nothing_else_is() -> None:
    chain = Chain()
    for step in ("1", "2", "3"):
        chain.add("ic1", b.StepSkipped(runbook="leak", step=step, reason="not affected"))
    chain.add("op1", b.StepSkipped(runbook="leak", step="4", reason="not affected"))
    chain.add("op1", b.StepSkipped(runbook="leak", step="5", reason="no time"))
    undone = chain.add("op1", b.StepSkipped(runbook="leak", step="6", reason="no time"))
    chain.add("op1", b.Undone(event=undone.id))
    names = Names({}, {StepKey("leak", str(n)): f"3.{n} Key {n}" for n in range(1, 7)})
    page = postmortem(fold(chain.events), "INC-1", Language("en").say, names=names).markdown
    timeline, tried = page.split("## Steps taken")
    together = "skipped 3 steps, from 3.1 Key 1 to 3.3 Key 3: not affected"
    assert timeline.count("skipped") == 4 + 1  # the one that was taken back, and that it was
    assert f"**ic1** {together}" in timeline
    assert "**op1** skipped 3.4 Key 4: not affected" in timeline
    assert "~~skipped 3.6 Key 6: no time~~" in timeline
    assert "- skipped 4 steps, from 3.1 Key 1 to 3.4 Key 4: not affected" in tried
    assert "3.5 Key 5: skipped" in tried
    assert "took" not in tried.split("##")[0]


def played() -> Incident:
    chain = Chain()
    chain.add("ic1", b.RoleTaken(role="ic"))
    chain.add("ic1", b.AlertAttached(fingerprint="f1", name="BanNear"))
    chain.add("op1", b.StepStarted(step="1.1"))
    chain.add("op1", b.StepTicked(step="1.1", observed="12/min"), minutes=8)
    chain.add("op1", b.StepSkipped(step="1.2", reason="no | such queue"), minutes=9)
    chain.add("op1", b.RunNoted(run="RUN-7", action="queue.throttle", state="verified"))
    chain.add("op1", evidence(("timeline", [1, 2, None, 4000]), ("match", [0, 0, 1, 2]), limit=5000))
    chain.add("ic1", b.Marked(moment="started", at=START - dt.timedelta(minutes=10)))
    chain.add("ic1", b.Marked(moment="mitigated", at=START + dt.timedelta(minutes=53)))
    chain.add("ic1", b.FollowUpAdded(text="retry with backoff", owner="op1", due=dt.date(2026, 12, 1)))
    chain.add("ic1", b.FollowUpAdded(text="alert earlier"))
    return fold(chain.events)


def test_the_page_holds_what_is_known_and_asks_for_the_rest() -> None:
    made = postmortem(
        played(),
        "INC-7",
        Language("en").say,
        impact=["budget 81 % left"],
        prevention=["Cap retries"],
        names=Names(steps={StepKey("", "1.2"): "1.2 Stop <matches>"}),
        in_force={"RUN-7": "07:04Z"},
    )
    page = made.markdown
    for line in (
        "# INC-7: 429 storm",
        "- SEV2, mitigated, monitoring.",
        "- Participants: ic1 (incident command), op1.",
        "| detected | 2026-11-24 03:00:00Z | – |",
        "| acknowledged | 2026-11-24 03:01:00Z | 1 min 0 s |",
        "| mitigated | 2026-11-24 03:53:00Z | 53 min 0 s |",
        "| impact started | 2026-11-24 02:50:00Z | 10 min 0 s before |",
        "- The impact lasted 1 h 3 min: from 2026-11-24 02:50:00Z to 2026-11-24 03:53:00Z.",
        "- The alert BanNear fired from 2026-11-24 03:02:00Z; its end was not seen.",
        "- budget 81 % left",
        "- 1.1: ticked (5 min 0 s) — 12/min",
        r"- 1.2 Stop &lt;matches&gt;: skipped — no \| such queue",
        r"- RUN-7 queue.throttle: op1, 2026-11-24 03:06:00Z: verified; STILL IN FORCE until 07:04Z",
        "| retry with backoff | op1 | 2026-12-01 |  |",
        "| alert earlier | **no owner** | – |  |",
        "- [ ] Cap retries",
        "![Ban &lt;forecast&gt;: timeline, match; limit 5000](inc-7-1.svg)",
    ):
        assert line in page.splitlines(), line
    assert list(made.charts) == ["inc-7-1.svg"]
    assert page.index("## Impact") < page.index("## Timeline") < page.index("## Follow-ups")


@pytest.mark.parametrize("code", CODES)
def test_the_page_is_markdown_without_holes_in_both_languages(code: LanguageCode) -> None:
    for incident in (played(), fold(Chain().events)):
        page = postmortem(incident, "INC-7", Language(code).say).markdown
        assert not re.search(r"\b(postmortem|event|update)\.[a-z_]+|\{\w+\}", page)
        html = MarkdownIt("commonmark").enable("table").render(page)
        assert html.count("<h2>") == 11 + bool(incident.evidence)
        assert "<table>" in html
    chinese = postmortem(played(), "INC-7", Language("zh").say).markdown
    assert "## 促成因素" in chinese


def curves_of(picture: str) -> list[str]:
    root = ET.fromstring(picture)  # noqa: S314  # our own picture
    return [
        path.attrib["d"]
        for path in root.iter(f"{SVG}path")
        if path.attrib.get("fill") == "none" and "h24" not in path.attrib["d"]
    ]


def test_the_picture_shows_each_curve_its_gap_and_the_limit() -> None:
    picture = draw_svg(evidence(("timeline", [1, 2, None, 4000]), ("match", [0, 0, 1, 2]), limit=5000))
    assert picture is not None
    first, second = curves_of(picture)
    assert first.count("M") == 2, "the pen is lifted over the gap"
    assert second.count("M") == 1
    assert ">5k<" in picture, "the scale reaches the limit"
    assert "Ban &lt;forecast&gt;" in picture
    heights = [float(y) for _, y in re.findall(r"[ML]([\d.]+) ([\d.]+)", first)]
    assert heights[-1] < heights[0], "more is further up"
    assert "03:00:00Z" in picture


def test_without_numbers_there_is_no_picture() -> None:
    assert draw_svg(evidence()) is None
    assert draw_svg(evidence(("a", [None, None]))) is None


@given(
    st.lists(st.floats(allow_nan=False, allow_infinity=False) | st.none(), min_size=1, max_size=20),
    st.floats(allow_nan=False, allow_infinity=False) | st.none(),
    st.text(max_size=20),
)
def test_any_numbers_make_a_picture_inside_its_frame(
    values: list[float | None], limit: float | None, name: str
) -> None:
    picture = draw_svg(evidence((name, values), limit=limit))
    if picture is None:
        return
    for path in curves_of(picture):
        for x, y in re.findall(r"[ML](\S+?) ([^MLh]+)", path):
            assert 69 <= float(x) <= 706
            assert 34 <= float(y) <= 271


def test_a_steps_time_counts_from_its_beginning_or_from_the_step_before() -> None:
    assert [(key.step, state, seconds) for key, state, seconds in durations(played())] == [
        ("1.1", "ticked", 300.0),
        ("1.2", "skipped", 60.0),
    ]
    assert [format_duration(seconds) for seconds in (0, 61.9, 3600)] == ["0:00", "1:01", "1:00:00"]


def test_statistics_over_past_incidents(tmp_path: Path) -> None:
    minutes = iter(range(0, 10_000, 2))
    journal = open_journal(
        JournalSettings.model_validate({"url": f"sqlite:///{tmp_path}/j.db"}),
        clock=lambda: START + dt.timedelta(minutes=next(minutes)),
    )
    for resolved_after in (10, 30, -5):
        opened = journal.open_incident("ic1", b.Opened(title="x", severity="SEV2", runbook="ban"))
        journal.append(opened.chain, "ic1", b.RoleTaken(role="ic"))
        journal.append(opened.chain, "ic1", b.StepTicked(step="1.1"))
        slip = journal.append(opened.chain, "ic1", b.StepTicked(step="1.3"))
        journal.append(opened.chain, "ic1", b.Undone(event=slip.id))
        journal.append(opened.chain, "ic1", b.StepSkipped(step="1.2", reason="no"))
        end = opened.at + dt.timedelta(minutes=resolved_after)
        journal.append(opened.chain, "ic1", b.Marked(moment="resolved", at=end))
    drill = journal.open_incident("ic1", b.Opened(title="x", severity="SEV2", drill=True)).chain
    journal.append(drill, "ic1", b.StepTicked(step="9.9"))
    history = [each for each in journal.history() if not each.drill]
    found = spans(history)
    assert (found["mttr"].incidents, found["mttr"].mean_s, found["mttr"].backwards) == (2, 1200.0, 1)
    assert (found["mtta"].incidents, found["mtta"].median_s) == (3, 120.0)
    assert found["mttd"].mean_s is None
    steps = step_statistics(journal.store(), history)
    assert [(each.runbook, each.step, each.ticked, each.skipped, each.median_s) for each in steps] == [
        ("ban", "1.1", 3, 0, 240.0),
        ("ban", "1.2", 0, 3, None),
    ]
    journal.close()
