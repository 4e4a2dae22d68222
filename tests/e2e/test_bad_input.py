"""The real board in a real terminal over everything that can be wrong: it says what and where, and its keys stay live."""

from __future__ import annotations

import random
import re
import statistics
import time
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

import pytest

from sandbox.servers import free_port
from tests import waiting
from tests.bad_servers import BEHAVIOURS, body, serve
from tests.page import Page, page_server
from tests.terminal import PROGRAM, Terminal

HOSTILE = "\x1b]52;c;ZXZpbA==\x07\x1b[2J\x1b[31mred\x9b31m\u202eesrever\u200b[blink]行"
OUTSIDE = (
    b"\x1b]52",
    b"\x07",
    b"\xc2\x9b",
    b"\xc2\x9d",
    "\u202e".encode(),
    "\u200b".encode(),
    b"\x1b[2J\x1b[31mred",
)
"""What none but a label of an attacker would send."""
BOARD = """
[panels]
show = ["own", "queues", "alerts", "release"]
[[panels.add]]
id = "own"
title = "Own"
chart = "depth"
interval_s = 1
queries = [
  { name = "depth", unit = "count", by = "name", warn = 1, burning = 1000, expr = "depth" },
  { name = "text", unit = "count", by = "text", optional = true, expr = "count_values('text', depth)" },
]
"""


def config(folder: Path, text: str) -> Path:
    path = folder / "warroom.toml"
    path.write_text(f'service.profile = "chimera"\n{text}{BOARD}', encoding="utf-8")
    return path


def board(path: Path, size: tuple[int, int] = (80, 24), **environment: str) -> Terminal:
    log = str(path.with_name("log"))
    return Terminal([PROGRAM, "--config", str(path)], size[0], size[1], WARROOM_LOG=log, **environment)


def leave(terminal: Terminal) -> None:
    terminal.press("q")
    assert terminal.wait_end() == 0


def page() -> bytes:
    """A page with everything that a page can hold: it is read as far as it can be."""
    label = HOSTILE.replace("\\", "\\\\")
    lines = [
        f'depth{{name="{label}"}} 7',
        "depth{name=",
        "depth 1 2 3 4",
        "# TYPE depth",
        'depth{name="nan"} NaN',
    ]
    lines += [
        'depth{name="twice"} 3',
        'depth{name="twice"} 4',
        'depth{name="inf"} +Inf',
        "\x00\x1b[5n",
        "🔥 1",
    ]
    return ("\n".join(lines) + "\n").encode()


def test_no_control_sequence_of_a_label_reaches_the_terminal(tmp_path: Path) -> None:
    with serve(body(page())) as url:
        path = config(tmp_path, f'[signals.scrape]\ntargets = [{{ url = "{url}", interval_s = 1 }}]\n')
        terminal = board(path, (120, 40))
        terminal.wait_for("esrever[blink]")  # its text is shown, as text
        for key in ("?", "?", "\r", "\x1b", "L"):
            terminal.press(key)
            terminal.read(0.7)
        leave(terminal)
    sent = re.sub(rb"\x1b\]22;[a-z]*\x07", b"", terminal.raw)  # the shape of the mouse pointer, by Textual
    assert [one for one in OUTSIDE if one in sent] == []


@pytest.mark.parametrize(("tongue", "utf8_mode"), [("C", "0"), ("POSIX", "1")])
def test_a_locale_of_c_gets_ascii_alone(tmp_path: Path, tongue: str, utf8_mode: str) -> None:
    with serve(body(page())) as url:
        path = config(tmp_path, f'[signals.scrape]\ntargets = [{{ url = "{url}", interval_s = 1 }}]\n')
        terminal = board(
            path,
            LANG=tongue,
            LC_ALL=tongue,
            PYTHONUTF8=utf8_mode,
            PYTHONCOERCECLOCALE="0",
            PYTHONIOENCODING="",
        )
        terminal.wait_for("esrever[blink]??")
        for key, text in (("?", "scrape"), ("\x1bOP", "go to this panel"), ("\r", "last 30m")):
            terminal.press(key)
            terminal.wait_for(text)
            terminal.press("\x1b")
            terminal.wait_gone(text)  # what lay under it may not be painted over yet
            terminal.wait_for("Release & schema")
        terminal.press("L")  # a language that can't be shown is shown as far as it can
        terminal.wait_for("??")
        leave(terminal)
    assert terminal.raw.isascii()


def test_sources_that_hang_freeze_no_key_and_are_named(tmp_path: Path) -> None:
    with ExitStack() as stack:
        late = [
            stack.enter_context(serve(BEHAVIOURS["half a minute late"])).rsplit(":", 1)[1] for _ in range(5)
        ]
        prometheus, alertmanager, scrape, redis, postgres = late
        path = config(
            tmp_path,
            f'[signals.prometheus]\nurl = "http://127.0.0.1:{prometheus}"\ntimeout_s = 2\n'
            f'[signals.alertmanager]\nurl = "http://127.0.0.1:{alertmanager}"\ntimeout_s = 2\n'
            f'[signals.scrape]\ntargets = [{{ url = "http://127.0.0.1:{scrape}", timeout_s = 2 }}]\n'
            f'[signals.redis]\nurl = "redis://127.0.0.1:{redis}/0"\ntimeout_s = 2\n'
            f'[signals.postgres]\nurl = "postgresql://u@127.0.0.1:{postgres}/d"\ntimeout_s = 2\n',
        )
        terminal = board(path, (120, 40))
        terminal.wait_for("Own")
        paints = [terminal.seconds_until_painted(key) for key in ("\x1b[B", "\x1b[A", "?", "?") * 6]
        assert statistics.median(paints) < waiting.SLOW * 0.2
        assert max(paints) < waiting.SLOW * 2
        for key, told in (
            ("2", "redis did not answer within 2.0 s"),
            ("4", "postgres did not answer within 2.0 s"),
        ):
            terminal.press(key)
            terminal.wait_for(told)
        assert not re.search("Traceback|[✔+]  ?(Own|Queues|Alerts|Release)", terminal.screen)
        leave(terminal)


def test_sizes_that_follow_each_other_faster_than_they_can_be_told_end_with_the_last(tmp_path: Path) -> None:
    pause = random.Random(1)
    with serve(body(b'depth{name="jobs"} 7\n')) as url:
        path = config(tmp_path, f'[signals.scrape]\ntargets = [{{ url = "{url}", interval_s = 1 }}]\n')
        terminal = board(path)
        terminal.wait_for("jobs 7")
        for _ in range(60):
            for size in ((20, 5), (1, 1), (80, 24)):
                terminal.resize(*size)
                time.sleep(pause.choice((0, 0, 0, 0.005, 0.02)))
            terminal.wait_for("warroom", 10)
            terminal.wait_for("Queues", 10)
        leave(terminal)


def test_a_terminal_that_shrinks_to_20x5_and_grows_again_shows_the_same_board(tmp_path: Path) -> None:
    with serve(body(b'depth{name="jobs"} 7\n')) as url:
        path = config(tmp_path, f'[signals.scrape]\ntargets = [{{ url = "{url}", interval_s = 1 }}]\n')
        terminal = board(path)
        terminal.wait_for("jobs 7")
        for key in ("", "?", "\x1b", "\r", "\x1b", "\x1bOP", "\x1b"):
            terminal.press(key)
            terminal.read(0.3)
            for size in ((20, 5), (1, 1), (80, 24)):  # faster than it can be drawn
                terminal.resize(*size)
        terminal.wait_for("jobs 7")
        terminal.wait_for("Queues")
        leave(terminal)


def serve_depth(port: int) -> AbstractContextManager[str]:
    return page_server(lambda _: Page(b'depth{name="jobs"} 7\n'), port)


def test_a_source_that_dies_and_comes_back_is_told_both_times(tmp_path: Path) -> None:
    port = free_port()
    path = config(
        tmp_path,
        f'[signals.scrape]\ntargets = [{{ url = "http://127.0.0.1:{port}/metrics", interval_s = 0.5 }}]\n',
    )
    with serve_depth(port):
        terminal = board(path, (120, 40))
        terminal.wait_for("jobs 7")
    terminal.wait_gone("jobs 7")
    terminal.wait_for(f"http://127.0.0.1:{port}/metrics can't be reached")
    assert terminal.seconds_until_painted("?") < waiting.SLOW * 2
    terminal.press("?")
    with serve_depth(port):
        terminal.wait_for("jobs 7", 30)
        leave(terminal)


def test_a_page_of_100_000_series_freezes_no_key(tmp_path: Path) -> None:
    lines = b"".join(b'depth{name="jobs",i="%d"} 1\n' % i for i in range(100_000))
    with serve(body(lines)) as url:
        path = config(
            tmp_path,
            f'[signals.scrape]\nmax_series = 150000\ntargets = [{{ url = "{url}", interval_s = 5, timeout_s = 120 }}]\n',
        )
        path.write_text(path.read_text().replace('expr = "depth"', 'expr = "count(depth)"'))
        terminal = board(path)
        terminal.wait_for("Own")
        paints = [terminal.seconds_until_painted(key) for key in ("?", "?") * 15]
        assert statistics.median(paints) < waiting.SLOW * 0.3
        assert max(paints) < waiting.SLOW * 3
        terminal.wait_for("100 000", 60)
        leave(terminal)


@pytest.mark.parametrize(
    "text", ["[signals]\nmetrics = 7\n[stranger]\n", "\x00\x1b[2J", "[[[", '[signals]\nx = "\x1b"\n']
)
def test_a_wrong_configuration_ends_the_board_with_one_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "warroom.toml"
    path.write_text(text, encoding="utf-8")
    terminal = board(path)
    assert terminal.wait_end() == 3
    last = [line.strip() for line in terminal.screen.splitlines() if line.strip()]
    told = " ".join(last)
    assert f"{path.name}:" in told.replace(" ", "") or "warroom.toml" in told
    assert "Traceback" not in told
