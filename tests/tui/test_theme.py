"""The themes: every name that is drawn with has a look, and every look can be read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from rich.color import Color
from rich.style import Style

from panels.draw.chart import AHEAD_STYLE, LIMIT_STYLE, STYLES
from panels.draw.panel import STYLES as VERDICTS
from tests.terminal import PROGRAM, Terminal
from tui.app import Warroom
from tui.i18n import Language
from tui.runtime.terminal import fitting_theme
from tui.theme import THEME_NAMES, ThemeName, load_theme

ROOT = Path(__file__).parent.parent.parent
DRAWN = {
    *STYLES,
    LIMIT_STYLE,
    AHEAD_STYLE,
    *VERDICTS.values(),
    "stale",
    "no_data",
    "title",
    "chosen",
    "quiet",
    "remark",
    "cursor",
    "key",
}


def luminance(color: Color) -> float:
    """Relative luminance (WCAG 2.2)."""
    assert color.triplet is not None
    parts = [part / 255 for part in color.triplet]
    red, green, blue = (one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("name", THEME_NAMES)
def test_every_name_that_is_drawn_with_has_a_look(name: ThemeName) -> None:
    assert load_theme(name).styles.styles.keys() >= DRAWN


@pytest.mark.parametrize(("name", "least"), [("dark", 4.5), ("light", 4.5), ("high-contrast", 7.0)])
def test_every_style_can_be_read_on_its_background(name: ThemeName, least: float) -> None:
    look = load_theme(name)
    ground = luminance(Color.parse(look.colours.background or ""))
    own = colours_of(name)
    assert len(own) > 15
    for style, colour in own.items():
        shade = luminance(colour)
        ratio = (max(shade, ground) + 0.05) / (min(shade, ground) + 0.05)
        assert ratio >= least, (name, style, round(ratio, 2))


@pytest.mark.parametrize(("name", "least"), [("dark", 4.5), ("light", 4.5), ("high-contrast", 7.0)])
def test_what_stands_in_the_head_the_foot_and_the_palette_can_be_read(name: ThemeName, least: float) -> None:
    look = load_theme(name)
    own, colours = colours_of(name), look.colours
    head, ground = colours.variables["head"], colours.background or ""
    on_head = ("burning", "warn", "ok", "unknown", "stale", "cursor", "key", "no_data")
    pairs = [(style, own[style].name, head) for style in on_head]
    pairs += [("quiet", colours.variables["quiet"], head), ("foreground", colours.foreground or "", head)]
    pairs += [("chosen", ground, colours.accent or ""), ("accent", colours.accent or "", ground)]
    for what, front, back in pairs:
        assert contrast(front, back) >= least, (what, round(contrast(front, back), 2))


def contrast(front: str, back: str) -> float:
    """The ratio of two colours (WCAG 2.2)."""
    one, other = (luminance(Color.parse(each)) for each in (front, back))
    return (max(one, other) + 0.05) / (min(one, other) + 0.05)


def colours_of(name: ThemeName) -> dict[str, Color]:
    return {
        style: told.color
        for style, told in load_theme(name).styles.styles.items()
        if style in DRAWN and told.color is not None
    }


@pytest.mark.parametrize("name", THEME_NAMES)
def test_what_is_not_known_and_what_is_old_stands_out_from_good_news(name: ThemeName) -> None:
    styles = load_theme(name).styles.styles
    for style in ("stale", "no_data"):
        assert styles[style].reverse
    assert len({str(styles[verdict]) for verdict in VERDICTS.values()}) == 4


def test_mono_has_no_colour() -> None:
    own = load_theme("mono").styles.styles
    assert all(own[style].color is None and own[style].bgcolor is None for style in DRAWN)


def test_no_colour_stands_in_the_code() -> None:
    # Grafana's names are colours of its own; a command prints in the terminal's sixteen, it has no theme.
    apart = {"tui/config/grafana.py", "tui/cli/runbook/show.py"}
    named = re.compile(r'"(?:bold |reverse |dim )*(?:red|green|yellow|magenta|cyan|blue|dim|reverse)"')
    found = [
        path.relative_to(ROOT).as_posix()
        for folder in ("panels", "tui")
        for path in (ROOT / folder).rglob("*.py")
        if path.relative_to(ROOT).as_posix() not in apart and named.search(path.read_text(encoding="utf-8"))
    ]
    assert found == []


async def test_the_key_wears_one_look_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    app = Warroom(None, Language("en"))
    async with app.run_test() as pilot:
        worn = [app.loaded_theme.name]
        for _ in range(5):
            await pilot.press("t")
            worn.append(app.loaded_theme.name)
            assert app.console.get_style("burning") == app.loaded_theme.styles.styles["burning"]
            assert app.theme == app.loaded_theme.name
        assert worn == ["dark", "light", "high-contrast", "ansi", "mono", "dark"]
    assert app.console.get_style("stale") != Style.null()


@pytest.mark.parametrize(
    ("environment", "theme"),
    [
        ({"TERM": "xterm-256color"}, "dark"),
        ({"TERM": "xterm-256color", "NO_COLOR": "1"}, "mono"),
        ({"TERM": "xterm-256color", "NO_COLOR": ""}, "dark"),
        ({"TERM": "linux"}, "ansi"),
        ({"TERM": "xterm"}, "ansi"),
        ({"TERM": "linux", "NO_COLOR": "1"}, "mono"),
        ({"TERM": "vt100"}, "mono"),
        ({"TERM": "xterm", "COLORTERM": "truecolor"}, "dark"),
    ],
)
def test_the_terminal_decides_where_nothing_was_asked(environment: dict[str, str], theme: str) -> None:
    assert fitting_theme(environment) == theme


def test_ansi_has_no_colour_but_the_sixteen() -> None:
    own = load_theme("ansi").styles.styles
    for style in DRAWN:
        for colour in (own[style].color, own[style].bgcolor):
            assert colour is None or (colour.number is not None and colour.number < 16), style


@pytest.mark.parametrize("term", ["linux", "xterm"])
def test_a_terminal_of_sixteen_colours_is_sent_these_and_no_others(tmp_path: Path, term: str) -> None:
    config = tmp_path / "warroom.toml"
    config.write_text(
        'service.profile = "chimera"\n[signals.prometheus]\nurl = "http://127.0.0.1:9"\n', encoding="utf-8"
    )
    log = str(tmp_path / "log")
    terminal = Terminal([PROGRAM, "--config", str(config)], 80, 24, WARROOM_LOG=log, TERM=term, COLORTERM="")
    terminal.wait_for("?8")
    terminal.press("q")
    assert terminal.wait_end() == 0
    styles = re.findall(rb"\x1b\[([\d;]*)m", bytes(terminal.raw))
    numbers = {int(number) for style in styles for number in style.split(b";") if number}
    assert numbers & {95, 35}, "what is not known has its colour"
    assert not numbers & {38, 48}, "256 colours or more"


@pytest.mark.parametrize(("given", "coloured"), [({"NO_COLOR": "1"}, False), ({"NO_COLOR": ""}, True)])
def test_no_color_sends_no_colour(tmp_path: Path, given: dict[str, str], *, coloured: bool) -> None:
    config = tmp_path / "warroom.toml"
    config.write_text(
        'service.profile = "chimera"\n[signals.prometheus]\nurl = "http://127.0.0.1:9"\n', encoding="utf-8"
    )
    terminal = Terminal(
        [PROGRAM, "--config", str(config)], 80, 24, WARROOM_LOG=str(tmp_path / "log"), **given
    )
    terminal.wait_for("warroom")
    terminal.wait_for("?8")
    colours = {
        cell.fg for row in terminal._screen.buffer.values() for cell in row.values() if cell.data.strip()
    }
    terminal.press("q")
    assert terminal.wait_end() == 0
    assert (colours != {"default"}) is coloured
