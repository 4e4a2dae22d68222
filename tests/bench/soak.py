"""A board that is open for a day over sources that come and go, with screens opened and closed again and again.

A day has 17 280 rounds of five seconds; the rests between them are a sixtieth (`soak_board`), so that it takes half an hour
or more: it runs when it is named, alone. What is compared is the second hour (of the day) with the last one, without the
ring: a day's samples are kept on purpose, up to their limit. A note a minute goes into the journal, of some hundred bytes.
"""

from __future__ import annotations

import itertools
import json
import random
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import psutil

from incidents.events.body import Noted, Opened
from incidents.journal import open_journal
from incidents.settings import JournalSettings
from tests.bench.measure import Measure
from tests.bench.soak_board import SPEED
from tests.terminal import Terminal

if TYPE_CHECKING:
    from collections.abc import Iterator

ROUNDS, INTERVAL_S = 17_280, 5.0
LONGEST_S = 2 * ROUNDS * INTERVAL_S / SPEED
"""A machine that does other things, too, needs longer; after this the rounds that there were count."""
SAMPLE_S = 15.0
STATES = ("well", "well", "well", "refusing", "closing", "hanging", "garbage", "restarted")
SERIES = 60
GROWTH_MB = 5.0
WALKS = (
    "h\x1b",
    "h/storm\r\x1b\x1b",
    "\r\x1b",
    "?\x1b",
    "l\x1b",
    "i\x1b",
    "\x10\x1b",
    "\x1bOP\x1b",
    "t",
    "e\x1b",
)
"""Keys from the board to another screen and back: history, its search, zoom, explanation, alerts, incident, palette…"""


@dataclass
class Service:
    """What answers as the service and as its Prometheus, and how it feels."""

    state: str = "well"
    scrapes: int = 0
    total: float = 0.0
    chance: random.Random = field(default_factory=lambda: random.Random(7))

    def page(self) -> bytes:
        """Counters that rise, and gauges that move; after a restart they begin anew."""
        self.total = 0.0 if self.state == "restarted" else self.total + self.chance.random() * 9
        lines = [f'calls_total{{route="r{number}"}} {self.total + number}' for number in range(SERIES)]
        return "\n".join(
            ["# TYPE calls_total counter", *lines, f"depth {self.chance.randrange(120)}", ""]
        ).encode()

    def answer(self, path: str) -> bytes:
        """As the query API does."""
        if path.endswith("/rules"):
            return json.dumps({"status": "success", "data": {"groups": []}}).encode()
        now, value = time.time(), str(self.chance.randrange(120))
        points = [[now - 10 * number, value] for number in range(60)][::-1]
        name = "matrix" if path.endswith("query_range") else "vector"
        kind = {"values": points} if name == "matrix" else {"value": [now, value]}
        data = {"resultType": name, "result": [{"metric": {"__name__": "depth"}, **kind}]}
        return json.dumps({"status": "success", "data": data}).encode()


@contextmanager
def serving(service: Service) -> Iterator[str]:
    """Its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            scraped = urlsplit(self.path).path == "/metrics"
            service.scrapes += scraped
            match service.state:
                case "refusing":
                    self.send_error(503)
                    return
                case "closing":
                    return
                case "hanging":
                    time.sleep(1)
                    return
                case "garbage":
                    body = b"\x00\xff{[" * 200
                case _:
                    body = service.page() if scraped else service.answer(urlsplit(self.path).path)
            self.send_response(200)
            self.send_header("Content-Type", "text/plain" if scraped else "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815  # the name that the library calls

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_: object) -> None:
            pass  # a client that has given up

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@dataclass(frozen=True, slots=True)
class Look:
    """At the program, after so many rounds."""

    rounds: int
    resident_mb: float
    ring_mb: float
    fds: int
    threads: int
    cpu_s: float
    at: float


def measure() -> list[Measure]:
    """Live through the day."""
    service = Service()
    with tempfile.TemporaryDirectory(prefix="warroom-soak-") as place, serving(service) as address:
        folder = Path(place)
        settings = JournalSettings.model_validate({"url": f"sqlite:///{folder}/journal.db"})
        journal = open_journal(settings)
        for number in range(60):
            incident = journal.open_incident("ic", Opened(title=f"storm {number}", severity="SEV3")).chain
            for line in range(30):
                journal.append(incident, "ic", Noted(text=f"line {line} of {number}"))
        config = configuration(folder, address)
        ring = folder / "ring"
        command = [sys.executable, "-m", "tests.bench.soak_board", str(ring), "--config", str(config)]
        terminal = Terminal(
            command,
            120,
            40,
            PYTHONPATH=str(Path.cwd()),
            XDG_STATE_HOME=place,
            WARROOM_LOG=f"{place}/warroom.log",
        )
        looks: list[Look] = []
        histories = 0
        try:
            terminal.wait_for("quit", 120)
            process, began, chance = psutil.Process(terminal.pid), time.monotonic(), random.Random(7)
            for turn in itertools.count():
                service.state = chance.choice(STATES)
                until = time.monotonic() + SAMPLE_S
                while time.monotonic() < until:
                    for key in chance.choice(WALKS):
                        terminal.press(key)
                        terminal.read_for(0.4)
                        histories += key == "h" and "storm 5" in terminal.screen
                    terminal.raw.clear()
                if turn % 4 == 0:
                    journal.append(incident, "ops", Noted(text=f"turn {turn}"))
                looks.append(look(process, service.scrapes, ring))
                print(looks[-1], histories, file=sys.stderr, flush=True)  # noqa: T201  # a tool of ours
                if service.scrapes >= ROUNDS or time.monotonic() - began > LONGEST_S:
                    break
            for _ in range(4):
                terminal.press("\x1b")
                terminal.read_for(0.4)
            screen = terminal.screen
        finally:
            terminal.press("q")
            code = terminal.wait_end(30)
        journal.close()
    assert "depth" in screen.lower(), f"no board at the end of the day:\n{screen}"
    assert histories > 50, f"the history was seen {histories} times"
    assert code == 0, f"exit code {code} at the end of the day"
    return rows(looks)


def rows(looks: list[Look]) -> list[Measure]:
    """The second hour (in the first one everything is opened for the first time) against the last one."""
    hour = ROUNDS / 24
    day = looks[-1].rounds / hour
    early = [one for one in looks if hour <= one.rounds < 2 * hour]
    late = [one for one in looks if one.rounds >= looks[-1].rounds - hour]
    ring = late[-1].ring_mb
    late_mb, early_mb = (
        median(one.resident_mb - one.ring_mb for one in looks_of) for looks_of in (late, early)
    )
    return [
        Measure(
            f"memory over {day:.1f} h of rounds ({looks[-1].rounds}), from the second hour to the last, without the ring",
            f"{late_mb:.1f} MB",
            f"{early_mb:.1f} MB",
            None,
            f"grows ≤ {GROWTH_MB:.0f} MB",
            late_mb - early_mb <= GROWTH_MB,
        ),
        Measure("ring at the end", f"{ring:.1f} MB", f"{early[-1].ring_mb:.1f} MB", None, ""),
        *(
            Measure(
                f"most {name} in that hour",
                str(max(getattr(one, name) for one in late)),
                str(max(getattr(one, name) for one in early)),
                None,
                "no more",
                max(getattr(one, name) for one in late) <= max(getattr(one, name) for one in early) + 2,
            )
            for name in ("fds", "threads")
        ),
        Measure("CPU for a round", f"{per_round(late):.1f} ms", f"{per_round(early):.1f} ms", None, ""),
    ]


def per_round(looks: list[Look]) -> float:
    """Milliseconds."""
    return 1000 * (looks[-1].cpu_s - looks[0].cpu_s) / max(1, looks[-1].rounds - looks[0].rounds)


def look(process: psutil.Process, rounds: int, ring: Path) -> Look:
    """Now; `ring` is the file in which the program says how many bytes of samples it keeps."""
    times = process.cpu_times()
    return Look(
        rounds,
        process.memory_info().rss / 2**20,
        int(ring.read_text()) / 2**20 if ring.exists() else 0.0,
        process.num_fds(),
        process.num_threads(),
        times.user + times.system,
        time.monotonic(),
    )


def configuration(folder: Path, address: str) -> Path:
    """A board of three panels, whose Prometheus and whose direct scrape are one service."""
    (folder / "rules.yml").write_text(
        "groups:\n- name: g\n  rules:\n  - alert: DepthHigh\n    expr: depth > 60\n    labels: {severity: page}\n"
    )
    panels = "".join(
        f'[[panels.add]]\nid = "{name}"\ntitle = "{name}"\nchart = "{name}"\n'
        f'queries = [{{ name = "{name}", unit = "count", expr = "{expr}", warn = 50, burning = 100, tell = true }}]\n'
        for name, expr in (("depth", "depth"), ("calls", "sum by (route) (rate(calls_total[1m]))"))
    )
    path = folder / "warroom.toml"
    path.write_text(
        f'[signals.prometheus]\nurl = "{address}"\ntimeout_s = 0.25\n'
        f'[signals.scrape]\nrule_files = ["{folder}/rules.yml"]\n'
        f'[[signals.scrape.targets]]\nurl = "{address}/metrics"\ntimeout_s = 0.25\n'
        f'[journal]\nurl = "sqlite:///{folder}/journal.db"\n'
        f'[panels]\nshow = ["alerts", "depth", "calls"]\n{panels}'
    )
    return path
