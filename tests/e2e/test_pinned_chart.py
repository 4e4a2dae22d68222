"""A panel that was pinned in one language, and the postmortem's chart of it in both: its points, its limit, its caption.

The history is real, scraped from a real exporter; only the clock is ours, so that it takes no twenty minutes.
"""

from __future__ import annotations

import json
import os
import re
import time
import xml.etree.ElementTree as ET
from contextlib import closing
from typing import TYPE_CHECKING, NamedTuple

import pytest
from prometheus_client import CollectorRegistry, Counter, start_http_server

from incidents.events import body as b
from incidents.journal import open_journal
from incidents.settings import JournalSettings
from panels.evidence import panel_evidence
from panels.poll import poll_once
from signals.metrics.failover import MetricFailover
from signals.metrics.scrape import ScrapeSource
from signals.settings import ScrapeSettings, SignalsSettings
from signals.sources import Sources
from tests.chimera import BOARD
from tests.program import run_program
from tui.i18n import CODES, Language

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from panels.state import PanelState

SVG = "{http://www.w3.org/2000/svg}"
LIMIT = 5000
"""From here on the ban panel warns."""


class Picture(NamedTuple):
    """What is read off a chart: points and limit in pixels, and its texts."""

    points: list[tuple[float, float]]
    limit_y: float
    texts: list[str]
    title: str


@pytest.fixture
def exporter() -> Iterator[tuple[str, Counter]]:
    """A service that counts what Discord refuses; its address and the counter."""
    registry = CollectorRegistry()
    labels = ("route", "scope", "source", "status")
    calls = Counter("chimera_discord_requests", "Calls to Discord", labels, registry=registry)
    refused = calls.labels("channels", "", "digest", "429")
    server, thread = start_http_server(0, "127.0.0.1", registry)
    yield f"http://127.0.0.1:{server.server_port}/metrics", refused
    server.shutdown()
    thread.join()


async def storm(address: str, refused: Counter, monkeypatch: pytest.MonkeyPatch) -> PanelState:
    """The ban panel after twenty minutes: quiet for ten, then refusals that come faster and faster."""
    settings = SignalsSettings.model_validate({"scrape": {"targets": [{"url": address}]}})
    source = ScrapeSource(settings.scrape or ScrapeSettings())
    clock = time.time() - 1200
    monkeypatch.setattr(time, "time", lambda: clock)
    for number in range(80):
        clock += 15
        refused.inc(max(0, number - 40) * 10)
        await source.scrape_once()
    (ban,) = [spec for spec in BOARD if spec.id == "ban"]
    (state,) = await poll_once([ban], Sources(metrics=MetricFailover([source], settings, lambda _: None)))
    monkeypatch.undo()
    return state


def read(picture: Path) -> Picture:
    root = ET.parse(picture).getroot()  # noqa: S314  # our own picture
    paths = [path.attrib for path in root.iter(f"{SVG}path")]
    (curve,) = [path["d"] for path in paths if path.get("fill") == "none" and "h24" not in path["d"]]
    (limit,) = [path["d"] for path in paths if path.get("stroke") == "#b00"]
    points = [(float(x), float(y)) for x, y in re.findall(r"[ML]([\d.]+) ([\d.]+)", curve)]
    found = re.match(r"M[\d.]+ ([\d.]+)H", limit)
    assert found is not None
    texts = ["".join(text.itertext()) for text in root.iter(f"{SVG}text")]
    title = root.find(f"{SVG}title")
    assert title is not None
    return Picture(points, float(found[1]), texts, title.text or "")


async def test_the_postmortem_shows_what_was_pinned_in_the_language_of_the_reader(
    tmp_path: Path, exporter: tuple[str, Counter], monkeypatch: pytest.MonkeyPatch
) -> None:
    state = await storm(*exporter, monkeypatch)
    url = f"sqlite:///{tmp_path}/journal.db"
    with closing(open_journal(JournalSettings.model_validate({"url": url}))) as journal:
        opened = journal.open_incident("ic1", b.Opened(title="Ban near", severity="SEV2"))
        journal.append(opened.chain, "op1", panel_evidence(state, Language("zh").say))
    (tmp_path / "warroom.toml").write_text(f'[journal]\nurl = "{url}"\n', encoding="utf-8")
    expected = {
        "en": ("Ban forecast", "invalid in 10 min", "Ban forecast: invalid in 10 min; limit 5000"),
        "zh": ("封禁预测", "10 分钟无效请求", "封禁预测：10 分钟无效请求；上限 5000"),
    }
    for code in CODES:
        title, curve, caption = expected[code]
        folder = tmp_path / code
        folder.mkdir()
        warroom(tmp_path, "incident", "postmortem", "1", "--lang", code, "--out", f"{code}/postmortem.md")
        page = (folder / "postmortem.md").read_text(encoding="utf-8")
        ((alternative, name),) = re.findall(r"!\[(.*?)\]\((.*?)\)", page)
        assert alternative == caption
        picture = read(folder / name)
        assert picture.title == title
        assert {title, curve, "5k"} <= set(picture.texts)
        shown = json.loads(warroom(tmp_path, "incident", "show", "1", "--lang", code, "--json"))
        (pinned,) = shown["evidence"]
        assert (pinned["title"], pinned["limit"], pinned["curves"][0]["name"]) == (title, LIMIT, curve)
        compare(picture, pinned["curves"][0])


def compare(picture: Picture, curve: dict[str, list[float]]) -> None:
    """Every pinned sample is a point, and the points lie as the samples do, the limit among them."""
    samples = list(zip(curve["at"], curve["values"], strict=True))
    assert len(samples) >= 30
    assert len(picture.points) == len(samples)
    bottom = max(y for _, y in picture.points)  # nothing was refused at first
    scale = (bottom - picture.limit_y) / LIMIT
    first, last = samples[0][0], samples[-1][0]
    left, right = picture.points[0][0], picture.points[-1][0]
    for (x, y), (at, value) in zip(picture.points, samples, strict=True):
        assert y == pytest.approx(bottom - value * scale, abs=0.2)
        assert x == pytest.approx(left + (at - first) / (last - first) * (right - left), abs=0.2)
    assert max(value for _, value in samples) > LIMIT, "the curve crosses its limit"


def warroom(folder: Path, *arguments: str) -> str:
    environment = os.environ | {"WARROOM_LOG": str(folder / "log")}
    done = run_program(*arguments, "--config", "warroom.toml", env=environment, cwd=folder)
    assert done.returncode == 0, done.stderr
    return done.stdout
