"""What stands before the service: two slots with a release in each, and the switch that says which one users reach.

`/slots/SLOT/…` is answered by that slot, everything else by the live one. `POST /control` with the sandbox's token:
`{"slot": "green", "version": "v2.3.0"}` starts a release there (null ends what is there), `{"live": "green"}` switches. In a sandbox that
rolls there is one slot, and `{"instance": "fetch@sandbox", "version": "v2.3.0"}` puts a release in the place of one instance.
Every slot is a process of its own; a request is answered by one of them to its end.
"""

from __future__ import annotations

import http.client
import json
import math
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.request import urlopen

import redis
from kombu.exceptions import OperationalError

from core.own_python import module_command
from sandbox.community import arrivals, match_of
from sandbox.guard import follow_supervisor, inherited
from sandbox.keys import shows_token
from sandbox.pages import send_page
from sandbox.releases import FIRST, Refused, came_in, come_in, point, point_live
from sandbox.rolling import SERVICE, WORKERS, instances_of, roll_worker
from sandbox.servers import MAX_ANSWER_BYTES, free_port
from sandbox.switches import are_producers_paused

if TYPE_CHECKING:
    from collections.abc import Mapping

SLOTS = ("blue", "green")
START_S, STOP_S, FORWARD_S = 60.0, 5.0, 30.0
MAX_BODY = 1_000_000
DIGESTS = 0.2
"""The share of those who ask whose channel gets a digest, too."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A release that was started; its process may have ended since."""

    version: str
    process: subprocess.Popen[bytes]
    port: int
    since: float


class Slots:
    """The two slots; one change at a time."""

    def __init__(self, releases: Path) -> None:
        self._releases = releases
        self._lock = threading.Lock()
        self._slots: dict[str, Slot] = {}
        self.live = SLOTS[0]

    def port(self, slot: str) -> int | None:
        """Where the release in it listens; None where there is none."""
        held = self._slots.get(slot)
        return held.port if held else None

    def put(self, slot: str, version: str) -> None:
        """End what stands in the slot, start the release there; it is up when this returns. Raises `Refused`."""
        if slot not in SLOTS:
            raise Refused(f"no slot {slot!r}")
        if slot != self.live and instances_of(self._releases):
            raise Refused("this sandbox rolls: it has no other slot")
        with self._lock:
            self._check(version)
            if old := self._slots.pop(slot, None):
                _stop(old.process)
            self._slots[slot] = self._start(slot, version)

    def clear(self, slot: str) -> None:
        """End what stands in a slot that is not live. Raises `Refused`."""
        with self._lock:
            if slot == self.live:
                raise Refused(f"{slot!r} is live")
            if old := self._slots.pop(slot, None):
                _stop(old.process)

    def roll(self, instance: str, version: str) -> None:
        """Put it in the place of one instance. Raises `Refused`.

        The service starts beside the old one, which ends only when the new one is up; a worker ends first, as nobody waits for it.
        """
        with self._lock:
            if instance not in (held := instances_of(self._releases)):
                raise Refused(f"no instance {instance!r} rolls here")
            self._check(version)
            if version not in held.values():
                come_in(self._releases, version)
            if instance in WORKERS:
                roll_worker(self._releases, f"{os.environ['SANDBOX_REDIS']}/0", instance, version)
                return
            old, self._slots[self.live] = self._slots.get(self.live), self._start(self.live, version)
            point(self._releases / SERVICE, version)
            point_live(self._releases, version)
            if old:
                _stop(old.process)

    def switch(self, slot: str) -> None:
        """Users reach this one from the next request on. Raises `Refused`."""
        with self._lock:
            held = self._slots.get(slot)
            if held is None or held.process.poll() is not None:
                raise Refused(f"nothing runs in {slot!r}")
            self.live = slot
            point_live(self._releases, held.version)

    def end(self) -> None:
        """End what stands in both."""
        with self._lock:
            for held in self._slots.values():
                _stop(held.process)

    def document(self) -> dict[str, object]:
        """As a list of releases is printed; those that stand in no slot come last. Where instances roll there are no slots."""
        if instances := instances_of(self._releases):
            return {"releases": [self._rolled(name, instances) for name in self._names()]}
        held = {
            slot: {
                "version": each.version,
                "ref": str(self._releases / each.version),
                "since": each.since,
                "slot": slot,
                "live": slot == self.live,
                "note": "" if each.process.poll() is None else f"ended ({each.process.returncode})",
            }
            for slot, each in sorted(self._slots.items())
        }
        versions = {each["version"] for each in held.values()}
        kept = [
            {"version": name, "ref": str(self._releases / name), "live": False}
            for name in self._names()
            if name not in versions
        ]
        return {"live": self.live, "releases": [*held.values(), *kept]}

    def _rolled(self, version: str, instances: dict[str, str]) -> dict[str, object]:
        held = [name for name, is_it in instances.items() if is_it == version]
        return {
            "version": version,
            "ref": str(self._releases / version),
            "since": came_in(self._releases, version),
            "live": bool(held),
            "note": ", ".join(held),
        }

    def _names(self) -> list[str]:
        files = self._releases.glob("*/release.json")
        return sorted(file.parent.name for file in files if not file.parent.is_symlink())

    def _check(self, version: str) -> None:
        if version not in self._names():
            raise Refused(f"no release {version!r}")

    def _start(self, slot: str, version: str) -> Slot:
        port = free_port()
        log = self._releases.parent / f"service-{slot}.log"
        with log.open("ab") as output:
            process = subprocess.Popen(
                module_command("sandbox.service", str(port), str(self._releases / version)),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=inherited(os.environ),
            )
        deadline = time.monotonic() + START_S
        nonce = os.environ.get("SANDBOX_NONCE", "")
        while process.poll() is None and time.monotonic() < deadline:
            with suppress(OSError), urlopen(f"http://127.0.0.1:{port}/health", timeout=2) as answer:
                if nonce.encode() in answer.read(MAX_ANSWER_BYTES):
                    return Slot(version, process, port, time.time())
            time.sleep(0.02)
        _stop(process)
        raise Refused(f"{version} did not come up in {slot}: {log.read_text(errors='replace')[-300:]}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def control(slots: Slots, body: bytes) -> tuple[int, dict[str, Any]]:
    """Do what a body asks for; status and answer."""
    try:
        match json.loads(body):
            case {"slot": str(slot), "version": str(version)}:
                slots.put(slot, version)
            case {"slot": str(slot), "version": None}:
                slots.clear(slot)
            case {"live": str(slot)}:
                slots.switch(slot)
            case {"instance": str(instance), "version": str(version)}:
                slots.roll(instance, version)
            case _:
                return 400, {"error": "slot and version, live, or instance and version"}
    except ValueError as error:
        return 400, {"error": repr(error)}
    except Refused as error:
        return 409, {"error": str(error)}
    return 200, slots.document()


def ask(
    port: int | None, method: str, path: str, body: bytes, headers: Mapping[str, str]
) -> tuple[int, str, bytes]:
    """What the release on this port answers: status, type, body; 502 where none does."""
    try:
        if port is None:
            raise ConnectionRefusedError
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=FORWARD_S)
        connection.request(method, path, body or None, dict(headers))
        answer = connection.getresponse()
        whole = answer.read()
        connection.close()
    except (OSError, http.client.HTTPException) as error:
        return 502, "application/json", json.dumps({"error": type(error).__name__}).encode()
    return answer.status, answer.headers.get("Content-Type", "text/plain"), whole


def handler(slots: Slots) -> type[BaseHTTPRequestHandler]:
    """The pages of the front."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/slots":
                send_page(self, 200, "application/json", json.dumps(slots.document()).encode())
            else:
                self._forward(b"")

        def do_POST(self) -> None:
            body = self.rfile.read(min(MAX_BODY, int(self.headers.get("Content-Length") or 0)))
            if self.path != "/control":
                self._forward(body)
                return
            token = os.environ.get("SANDBOX_TOKEN", "")
            status, answer = (
                control(slots, body)
                if shows_token(self.headers.get("Authorization"), token)
                else (401, {"error": "no valid token"})
            )
            send_page(self, status, "application/json", json.dumps(answer).encode())

        def _forward(self, body: bytes) -> None:
            slot, path = slots.live, self.path
            if path.startswith("/slots/"):
                slot, _, rest = path.removeprefix("/slots/").partition("/")
                path = f"/{rest}"
            headers = {name: value for name, value in self.headers.items() if name.lower() != "connection"}
            send_page(self, *ask(slots.port(slot), self.command, path, body, headers))

        def log_message(self, *args: object) -> None:
            """Quiet."""

    return Handler


def generate_load(seed: int, load: float) -> None:
    """The community asks, day after day, at its own moments; while producers are paused it is not let in."""
    from sandbox.app import fetch, post_digest  # here, so that the slots need not wait for Celery

    broker = redis.Redis.from_url(os.environ["SANDBOX_REDIS"])
    began = time.monotonic()
    for at, own in arrivals(seed, math.inf, load):
        time.sleep(max(0.0, began + at - time.monotonic()))
        try:
            if are_producers_paused(broker):
                continue
            fetch.apply_async((time.time(), own), retry=False)
            if own < DIGESTS:
                post_digest.apply_async((match_of(own),), retry=False)
        except (redis.RedisError, OperationalError, OSError):
            continue  # the broker is away: who asks now is not heard


def main(port: int, seed: int, load: float, releases: Path) -> None:
    """Serve until killed."""
    slots = Slots(releases)
    server = ThreadingHTTPServer(("127.0.0.1", port), handler(slots))
    slots.put(slots.live, FIRST)
    threading.Thread(target=generate_load, args=(seed, load), daemon=True).start()
    server.serve_forever()


if __name__ == "__main__":
    follow_supervisor()
    main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), Path(sys.argv[4]))
