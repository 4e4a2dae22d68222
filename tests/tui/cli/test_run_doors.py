"""Role, approval and the second person hold at every door: command line, plan from a file, screen, and a later start."""

from __future__ import annotations

import os
import pwd
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from incidents.journal import open_journal
from response.decision import Refused
from response.identity import read_identity
from response.run_guard import Confirmation, Wish
from response.runs import Begun, Prepared, begin, prepare
from response.situation import Situation
from tests.tui.cli.test_run import DONE, REFUSED, Shop
from tests.waiting import until
from tui.config.load import load_config
from tui.config.runs import run_settings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Door = Callable[[Shop, str], int]

ME = pwd.getpwuid(os.getuid()).pw_name
BURN = ("run", "shop.burn", "--confirm", "shop-db")


def within(incident: str) -> tuple[str, ...]:
    return ("--incident", incident) if incident else ()


def command_line(shop: Shop, incident: str) -> int:
    return shop.code(*BURN, *within(incident))


def from_plan(shop: Shop, incident: str) -> int:
    plan = shop.folder / "plan.json"
    plan.write_text(shop("run", "shop.burn", "--plan", "--json").stdout)
    return shop.code(*BURN, "--from-plan", str(plan), *within(incident))


def screen(shop: Shop, incident: str) -> int:
    """As `tui.actions.context` begins what a button, a step or the palette proposed."""
    settings = run_settings(load_config(shop.folder / "warroom.toml"))
    prepared = prepare(settings, "shop.burn", {}, ME)
    assert isinstance(prepared, Prepared)
    with closing(open_journal(settings.journal)) as journal:
        situation = None
        if incident:
            known = journal.load(journal.find(incident))
            situation = Situation(label=incident, incident=known, actor="ghost", now=known.opened_at)
        wish = Wish(plan=prepared.plan, identity=read_identity(journal), situation=situation)
        begun = begin(journal, settings, prepared, wish, Confirmation(typed="shop-db"))
        if not isinstance(begun, Begun) or isinstance(begun.waits, Refused):
            return REFUSED
        until(lambda: journal.load_run(begun.run).has_ended)
    return DONE


@pytest.fixture(autouse=True)
def one_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """This process has the data folder of the programs that it starts."""
    for name in ("HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, str(tmp_path))


DOORS: dict[str, Door] = {"command line": command_line, "plan from a file": from_plan, "screen": screen}


@pytest.mark.parametrize("door", DOORS)
def test_an_open_incident_asks_for_its_role_at_every_door(tmp_path: Path, door: str) -> None:
    shop, enter = Shop(tmp_path), DOORS[door]
    assert enter(shop, "") == DONE, "nothing is open: nobody has a role"
    label = shop.fact("open", "--title", "x", "--severity", "SEV2")
    shop.fact("role", label, "take", "ops", "--as", "somebody-else")
    for named in ("", label):
        assert enter(shop, named) == REFUSED, named
    shop.fact("role", label, "take", "ops", "--reason", "they are gone", "--as", ME)
    for named in ("", label):
        assert enter(shop, named) == DONE, named
    other = shop.fact("open", "--title", "y", "--severity", "SEV2")
    assert enter(shop, other) == REFUSED, "the role of another incident"
    assert enter(shop, "") == DONE, "of any that is open"
    shop.fact("role", label, "release", "ops", "--as", ME)
    assert enter(shop, "") == REFUSED
    for each in (label, other):
        shop.fact("resolve", each, "--yes")
    assert enter(shop, "") == DONE


@pytest.mark.parametrize("door", DOORS)
def test_a_second_person_is_needed_at_every_door_and_a_role_is_when_it_is_started(
    tmp_path: Path, door: str
) -> None:
    shop = Shop(tmp_path, 'two_person = ["destructive"]')
    assert DOORS[door](shop, "") == REFUSED
    (run,) = shop.json("runs")
    assert run["state"] == "approved"
    assert shop.code("runs", "start", run["run"]) == REFUSED, "nobody else approved it"
    assert shop.code("runs", "approve", run["run"], "--confirm", "shop-db") == REFUSED, "the same person"
    alone = Shop(tmp_path, 'two_person = ["destructive"]\nalone = true')
    assert alone.code("runs", "approve", run["run"], "--confirm", "shop-db") == DONE
    label = alone.fact("open", "--title", "x", "--severity", "SEV2")
    assert alone.code("runs", "start", run["run"]) == REFUSED, "an incident was opened meanwhile"
    alone.fact("role", label, "take", "ic", "--as", ME)
    assert alone.code("runs", "start", run["run"]) == DONE
