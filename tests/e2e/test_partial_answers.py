"""A Thanos that lacks a store answers with what is left and says so: its words stand beside the number wherever that is.

The body is that of the HTTP API of Thanos Query (its documentation, "Partial Response"), the warning one that users met
(thanos-io/thanos, issue 3332).
"""

from __future__ import annotations

import json
import re
import time
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.page import Page, page_server
from tests.terminal import PROGRAM, Terminal
from tests.tui.config.test_config import warroom

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

STORE = "receive series from Addr: 172.21.182.246:10901"
WARNING = (
    f'{STORE} LabelSets: {{monitor="prometheus", replica="prometheus-0"}} Mint: 1601056800000 Maxt: 1602871200000:'
    " rpc error: code = Canceled desc = grpc: the client connection is closing"
)
BOARD = """
[service]
name = "shop"
[signals.prometheus]
url = "{url}"
[[panels.add]]
id = "orders"
title = "Orders"
queries = [
  {{ name = "waiting", expr = "orders_waiting", burning = 40 }},
  {{ name = "typo", expr = "orders_wating", optional = true }},
]
chart = "waiting"
[panels]
show = ["orders"]
"""


def thanos(path: str) -> Page:
    """One series of every expression but the misspelt one, and names, all of them partial."""
    address = urlsplit(path)
    asked = {name: values[0] for name, values in parse_qs(address.query).items()}
    data: object = ["up", "orders_waiting"] if "label" in address.path else []
    if "query" in asked:
        metric = {"__name__": "orders_waiting", "replica": "prometheus-1"}
        matrix = address.path.endswith("query_range")
        result: list[dict[str, object]] = []
        if "wating" not in asked["query"] and asked["query"] != "up == 0":
            times = [time.time()]
            if matrix:
                start, end, step = (float(asked[name]) for name in ("start", "end", "step"))
                times = [start + step * index for index in range(int((end - start) / step) + 1)]
            samples = [[at, "41"] for at in times]
            result = [
                {"metric": metric, "values": samples} if matrix else {"metric": metric, "value": samples[0]}
            ]
        data = {"resultType": "matrix" if matrix else "vector", "result": result}
    body = {"status": "success", "data": data, "warnings": [WARNING]}
    return Page(json.dumps(body).encode(), content_type="application/json")


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("thanos")
    with page_server(thanos) as url:
        (folder / "warroom.toml").write_text(BOARD.format(url=url))
        yield folder / "warroom.toml"


@pytest.mark.parametrize(("width", "height"), [(80, 24), (120, 40)])
def test_board_and_zoom_say_it_beside_the_number(config: Path, width: int, height: int) -> None:
    terminal = Terminal(
        [PROGRAM, "--config", str(config)], width, height, WARROOM_LOG=str(config.with_name("log"))
    )
    terminal.wait_for("prometheus-1 41")
    terminal.wait_for(STORE)
    terminal.press("\r")
    terminal.wait_for("Esc back")
    terminal.wait_for("1/2  last 30m")
    terminal.wait_for(STORE)
    assert terminal.screen.count(STORE) == 1
    terminal.press("\x1b")
    terminal.wait_gone("Esc back")
    terminal.wait_for("* prometheus warns: ")
    line = next(line for line in terminal.screen.splitlines() if "prometheus-1 41" in line)
    assert re.search(r"\* +\d+s", line), line
    terminal.press("q")
    assert terminal.wait_end() == 0


def test_status_says_it_in_words_and_as_json(config: Path) -> None:
    text, document = (
        warroom("status", *options, "--wait", "3", "--config", str(config), folder=config.parent).stdout
        for options in ((), ("--json",))
    )
    assert "41" in text
    assert STORE in text
    (panel,) = json.loads(document)["panels"]
    assert panel["warnings"] == [f"prometheus warns: {WARNING}"]
