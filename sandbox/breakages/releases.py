"""Releases that go wrong: one in which requests fail, one whose second revision stops.

Both are deployed as the sandbox's releases are: into the slot that is not live, then switched. What responders have put right
themselves stays as they have it; only the slots that still hold the bad release are changed.
"""

from __future__ import annotations

import json
import shutil
from contextlib import suppress
from dataclasses import asdict
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from sandbox.breakages.model import Breakage, Refused
from sandbox.releases import FIRST, REVISIONS, ServiceRelease

if TYPE_CHECKING:
    from pathlib import Path

    from sandbox.breakages.model import Before, Order, Params, Stack

FOLDER = "releases"
BAD, HALF_WAY = "v2.2.2", "v2.4.0"
FROM, FIRST_STEP = "375b918c8740", "5b7d20c4e9a1"
"""Where the database has to stand for the second, and how far it gets."""
HALF_WAY_REVISIONS = ("5b7d20c4e9a1_feedback.py", "d17a4be90c36_region.py")
TIMEOUT_S = 30.0
SLOTS = ("blue", "green")


def _front(stack: Stack, **document: object) -> dict[str, Any]:
    """Ask the front, or tell it. Raises `Refused`."""
    address = f"http://127.0.0.1:{stack.ports['service']}/{'control' if document else 'slots'}"
    request = Request(address, data=json.dumps(document).encode() if document else None)  # our own
    request.add_header("Authorization", f"Bearer {stack.access.token}")
    try:
        with urlopen(request, timeout=TIMEOUT_S) as answer:  # noqa: S310  # our own
            known: dict[str, Any] = json.load(answer)
    except HTTPError as error:
        raise Refused(error.read().decode(errors="replace")[:300]) from None
    except (URLError, OSError, ValueError) as error:
        raise Refused(f"the front does not answer: {error}") from None
    return known


def _slots(stack: Stack) -> tuple[str, dict[str, str]]:
    """Which is live, and what each holds."""
    known = _front(stack)
    if "live" not in known:
        raise Refused(
            "this sandbox rolls ([sandbox] strategy): a bad release comes by a slot that users are switched to"
        )
    return str(known["live"]), {
        each["slot"]: each["version"] for each in known["releases"] if each.get("slot")
    }


def _look(stack: Stack, _: Params) -> Before:
    live, held = _slots(stack)
    if held.get(live) in {BAD, HALF_WAY}:
        raise Refused(f"{held[live]} is live already")
    return {"live": live, **{slot: held.get(slot) for slot in SLOTS}}


def _write(stack: Stack, release: ServiceRelease, revisions: tuple[str, ...]) -> None:
    """The folder of a release; its migrations are the first one's and these."""
    own = stack.folder / FOLDER / release.version
    shutil.rmtree(own, ignore_errors=True)
    shutil.copytree(stack.folder / FOLDER / FIRST / "migrations", own / "migrations")
    for name in revisions:
        shutil.copy(REVISIONS / name, own / "migrations" / "versions" / name)
    (own / "release.json").write_text(json.dumps(asdict(release)), encoding="utf-8")


def _deploy(stack: Stack, version: str) -> None:
    live, _ = _slots(stack)
    idle = next(slot for slot in SLOTS if slot != live)
    _front(stack, slot=idle, version=version)
    _front(stack, live=idle)


def _withdraw(stack: Stack, version: str, before: Before) -> None:
    """Nobody reaches it any more, then it ends, then its folder goes."""
    live, held = _slots(stack)
    if held.get(live) == version:
        other = next(slot for slot in SLOTS if slot != live)
        if held.get(other) in {None, version}:
            _front(stack, slot=other, version=before[str(before["live"])])
        _front(stack, live=other)
    for slot, holds in _slots(stack)[1].items():
        if holds == version:
            known = before[slot]
            _front(stack, slot=slot, version=None if known == version else known)
    shutil.rmtree(stack.folder / FOLDER / version, ignore_errors=True)


def _bad(stack: Stack, order: Order) -> None:
    look = "SELECT count(puuid) FROM user_profiles"
    _write(stack, ServiceRelease(BAD, look, error_rate=float(order.params["rate"])), ())
    _deploy(stack, BAD)


def _look_half_way(stack: Stack, params: Params) -> Before:
    revision = _revision(stack)
    if revision != FROM:
        raise Refused(f"the database stands at {revision}, not at {FROM}")
    return {**_look(stack, params), "revision": revision}


def _half_way(stack: Stack, _: Order) -> None:
    """The pipeline takes both revisions, the second stops, and the release goes live all the same."""
    _write(stack, ServiceRelease(HALF_WAY, "SELECT count(rating) FROM analysis_feedback"), HALF_WAY_REVISIONS)
    _alembic(stack, "upgrade", FIRST_STEP)
    with suppress(Exception):
        _alembic(stack, "upgrade", "head")
    if _revision(stack) != FIRST_STEP:
        raise Refused("the second revision did not stop")
    _deploy(stack, HALF_WAY)


def _end_half_way(stack: Stack, _: Order, before: Before) -> None:
    """Users are back on the old release before its tables are."""
    scripts = stack.folder / FOLDER / HALF_WAY / "migrations"
    live, held = _slots(stack)
    if scripts.is_dir() and held.get(live) == HALF_WAY and _revision(stack) == FIRST_STEP:
        _withdraw_traffic(stack, before)
    if scripts.is_dir() and _revision(stack) == FIRST_STEP and not _is_live_with_it(stack):
        _alembic(stack, "downgrade", str(before["revision"]))
    _withdraw(stack, HALF_WAY, before)


def _withdraw_traffic(stack: Stack, before: Before) -> None:
    live, held = _slots(stack)
    other = next(slot for slot in SLOTS if slot != live)
    if held.get(other) in {None, HALF_WAY}:
        _front(stack, slot=other, version=before[str(before["live"])])
    _front(stack, live=other)


def _is_live_with_it(stack: Stack) -> bool:
    """Whether responders have brought a release that needs the first of the two revisions."""
    live, held = _slots(stack)
    return (stack.folder / FOLDER / held[live] / "migrations" / "versions" / HALF_WAY_REVISIONS[0]).exists()


def _revision(stack: Stack) -> str | None:
    import psycopg

    url = stack.access.postgres_url(stack.ports["postgres"])
    try:
        with psycopg.connect(url, connect_timeout=5) as connection:
            row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except psycopg.Error as error:
        raise Refused(str(error).splitlines()[0]) from None
    return str(row[0]) if row else None


def _alembic(stack: Stack, verb: str, revision: str) -> None:
    import argparse

    from alembic import command
    from alembic.config import Config

    url = stack.access.postgres_url(stack.ports["postgres"])
    config = Config(cmd_opts=argparse.Namespace(x=[f"url={url}"]))
    scripts: Path = stack.folder / FOLDER / HALF_WAY / "migrations"
    config.set_main_option("script_location", str(scripts).replace("%", "%%"))
    getattr(command, verb)(config, revision)


def _release(_: Params) -> str:
    return "release"


BREAKAGES = (
    Breakage(
        name="bad-release",
        part=_release,
        look=_look,
        begin=_bad,
        end=lambda stack, _, before: _withdraw(stack, BAD, before),
    ),
    Breakage(
        name="migration-half-way", part=_release, look=_look_half_way, begin=_half_way, end=_end_half_way
    ),
)
