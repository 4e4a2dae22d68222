"""What a terminal sends that is no key costs itself alone: the board goes on, and its keys work."""

from __future__ import annotations

import pytest

from tests.terminal import PROGRAM, Terminal

NOISE = {
    "another encoding": b"\xe9\xa5",
    "a key with too large a number": b"\x1b[99999999999999999999u",
    "a mouse report of many digits": b"\x1b[<0;" + b"9" * 5000 + b";1M",
    "a paste without an end": b"\x1b[200~jj",
    "a size that no screen has": b"\x1b[?2048;1$y\x1b[48;60000;60000;900000;900000t",
    "a paste of a megabyte": b"\x1b[200~" + b"x" * 1_000_000 + b"\x1b[201~",
}


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Terminal:
    folder = tmp_path_factory.mktemp("noise")
    (folder / "warroom.toml").write_text('[signals.prometheus]\nurl = "http://127.0.0.1:9"\n')
    terminal = Terminal([PROGRAM, "--config", str(folder / "warroom.toml")], WARROOM_LOG=str(folder / "log"))
    terminal.wait_for("quit", 60)
    return terminal


@pytest.mark.parametrize("noise", NOISE.values(), ids=NOISE)
def test_noise_costs_itself_alone(noise: bytes, board: Terminal) -> None:
    for start in range(0, len(noise), 2000):  # what a terminal's own buffer takes
        board.send(noise[start : start + 2000])
        board.read(0.005)
    board.read(0.5)
    board.send(b"\x1b")
    board.read(0.3)
    board.send(b"\x1bOP")  # F1
    board.wait_for("on this screen", 30)
    board.send(b"\x1b")
    board.wait_gone("on this screen", 30)


def test_it_is_left_as_always(board: Terminal) -> None:
    board.press("q")
    assert board.wait_end() == 0
    assert b"Traceback" not in board.raw
