"""A leaked key played by keys alone, in a real terminal over the sandbox: from the panel to the postmortem's file."""

from __future__ import annotations

import os
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from incidents.journal import open_journal
from incidents.settings import JournalSettings
from sandbox.keys import read_keys
from tests import plain_http
from tests.e2e.seat import Seat, configuration, journaled_runs
from tests.e2e.stack import running

if TYPE_CHECKING:
    from incidents.events.incident import Incident
    from tests.e2e.stack import Stack

pytestmark = [pytest.mark.drill, pytest.mark.timeout(600)]  # two minutes of a person, and two scanners


def test_a_leaked_key_by_button_from_the_panel_to_the_postmortem(tmp_path: Path) -> None:
    repository = tmp_path / "checkout"
    repository.mkdir()
    leaked = [f"RGAPI-{uuid.uuid4()}" for _ in range(2)]
    for name, value in zip("ab", leaked, strict=True):
        (repository / f"{name}.py").write_text(f"KEY = '{value}'\n")
    with running() as stack:
        env = Path(stack.told["env"])
        old = read_keys(env)["riot"]
        seat = Seat(configuration(stack, tmp_path))
        seat.open_runbook("key-leak")
        seat.tick("1.1")
        seat.skip("1.2", "the action keeps it")
        seat.tick("1.3")
        seat.pause("First minutes")
        new = _replace_the_key(seat, stack)
        _audit(seat, repository)
        _end(seat)
        folder = tmp_path / "inc-1"
        page = (folder / "postmortem.md").read_text(encoding="utf-8")
        seat.terminal.press("q")
        assert seat.terminal.wait_end(60) == 0
        assert read_keys(env)["riot"] == new
        for action in ("secrets.rotate", "secrets.prove", "secrets.audit", "queue.pause-producers"):
            assert action in page, page
        incident = _incident(tmp_path)
        ticked = {key.step: step for key, step in incident.steps.items() if step.state == "ticked"}
        assert all(ticked[name].run for name in ("riot-env", "riot-old-dead", "riot-new-alive")), ticked
        assert len(incident.found_items) == 2
        assert {f"item-{fingerprint}" for fingerprint in incident.found_items} <= ticked.keys()
        assert [run.verified for run in journaled_runs(tmp_path)] == [True] * 6
        places = _places({"new": new, "old": old, **dict(zip("ab", leaked, strict=True))}, tmp_path, stack)
        (copy,) = (tmp_path / "secrets" / "backups").glob("riot.*/*")
        # The service has the new value where it reads it, and the copy that the proof needs has the old one: private.
        assert places == {
            "new": {env},
            "old": {copy},
            "a": {repository / "a.py"},
            "b": {repository / "b.py"},
        }
        assert copy.stat().st_mode & 0o077 == 0
        assert not [value for value in (new, old, *leaked) if value.encode() in seat.terminal.raw]


def _replace_the_key(seat: Seat, stack: Stack) -> str:
    """Producers paused while nothing can succeed; revoked at the provider, the new one typed masked, both proven."""
    seat.run("queue.pause-producers")
    new: str = plain_http.post(stack.url("outside", "/portal/riot"), headers=stack.control()).json()[
        "RIOT_API_KEY"
    ]
    seat.tick("2.1")
    seat.stand("2.2")
    seat.press("a", "value: the new key")
    seat.press(new, "•••")
    assert new not in seat.terminal.screen
    seat.terminal.press("\r")
    seat.carry_out()
    seat.back()
    seat.act("2.3")
    seat.act("2.4")
    seat.tick("2.5")
    seat.pause("Riot: revoke, replace, prove")
    return new


def _audit(seat: Seat, repository: Path) -> None:
    """Other providers are not affected; the audit's findings are rows, each with its tick."""
    for phase in ("Discord: revoke", "Model: revoke", "Postgres and Redis"):
        seat.skip_phase("not affected", phase)
        seat.pause(phase)
    seat.tick("6.1", "6.2", "6.3")
    seat.pause("Everything that used")
    seat.stand("7.1")
    seat.press("a", "path: the folder of")
    seat.press(str(repository), repository.name)
    seat.terminal.press("\r")
    seat.see("done and verified", seconds=240)  # two scanners on a busy machine
    seat.back()
    seat.tick("7.1", "7.1.1", "7.1.2")
    seat.skip_phase("nothing else held it", "Audit, item by item")
    seat.pause("Audit, item by item")


def _end(seat: Seat) -> None:
    """Mitigated; resolved only once what is in force was asked about and taken back; the report as files."""
    seat.press("m", "mitigated")
    seat.press("1\r", "is mitigated", "mitigated: now")
    seat.tick("8.1")
    _resolve(seat, "still in force")
    seat.terminal.press("\x1b")
    seat.terminal.wait_gone("Go on anyway?")
    seat.press("F", "In force: 1")
    seat.press("u", "queue.pause-producers")
    seat.carry_out()
    seat.press("\x1b", "In force: 0")
    seat.press("\x1b", "Phase ")
    _resolve(seat, "SEV1 resolved")
    seat.press("w", "into a folder")
    seat.press("\r", "files are in")


def _resolve(seat: Seat, then: str) -> None:
    """What burns and was not done is asked about first."""
    seat.press("m", "resolved: now")
    if seat.press("1\r", then, "does not look resolved") != then:
        seat.press("\r", then)


def _incident(folder: Path) -> Incident:
    journal = open_journal(JournalSettings.model_validate({"url": f"sqlite:///{folder}/journal.db"}))
    try:
        (summary,) = journal.history()
        return journal.load(summary.id)
    finally:
        journal.close()


def _places(values: dict[str, str], folder: Path, stack: Stack) -> dict[str, set[Path]]:
    """Every file, of any kind, that has one of the values in it: ours, the sandbox's, and those of the user's folders."""
    roots = [
        folder,
        Path(stack.folder),
        *(Path(os.environ[f"XDG_{name}_HOME"]) for name in ("CONFIG", "DATA", "STATE")),
    ]
    places: dict[str, set[Path]] = {name: set() for name in values}
    for file in (
        each for root in roots for each in root.rglob("*") if each.is_file() and not each.is_symlink()
    ):
        content = file.read_bytes()
        for name, value in values.items():
            if value.encode() in content:
                places[name].add(file)
    return places
