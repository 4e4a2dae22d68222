"""A drill does not begin beside something real, nor on a target that is unwell already."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue

import pytest

from actions.runner.request import RunSettings
from actions.settings import ActionsSettings
from drills.conduct import conduct
from drills.scenarios.library import find_scenario, scenario_folders
from drills.settings import DrillsSettings
from drills.site import Site
from drills.state import Abort, DrillCommand, DrillState
from drills.steady import LONGEST_S, SETTLE_S, DrillGivenUp, DrillRefused, patience_s
from drills.target import Target
from incidents.events.body import Opened
from incidents.journal import open_journal
from incidents.settings import JournalSettings
from runbooks.checks.permission import Permission
from runbooks.settings import RunbooksSettings
from signals.reading import Verdict
from signals.settings import SignalsSettings
from tests.drills.build import scenario


def site(folder: Path, own: JournalSettings | None = None) -> Site:
    journal = JournalSettings(url=f"sqlite:///{folder}/target.db")
    return Site(
        target=Target(config=folder / "warroom.toml", environment="sandbox", sandbox=folder),
        run=RunSettings(
            service="s",
            environment="sandbox",
            signals=SignalsSettings(),
            actions=ActionsSettings(folder=folder / "runs"),
            journal=journal,
        ),
        runbooks=RunbooksSettings(),
        permission=Permission(),
        records=folder / "records",
        own_journal=own,
    )


def play(
    where: Site,
    commands: SimpleQueue[DrillCommand] | None = None,
    on_state: Callable[[DrillState], None] = lambda _: None,
) -> None:
    conduct(
        find_scenario(scenario_folders(DrillsSettings()), "latency-llm"),
        where,
        master="dm",
        commands=commands or SimpleQueue(),
        on_state=on_state,
    )


@pytest.mark.parametrize("whose", ["target", "own"])
@pytest.mark.parametrize("drill", [False, True])
def test_beside_an_open_incident_no_drill_begins(whose: str, tmp_path: Path, *, drill: bool) -> None:
    own = JournalSettings(url=f"sqlite:///{tmp_path}/own.db")
    where = site(tmp_path, own)
    journal = open_journal(own if whose == "own" else where.run.journal)
    journal.open_incident("op1", Opened(title="Ban near", severity="SEV2", drill=drill))
    journal.close()
    with pytest.raises(DrillRefused) as refused:
        play(where)
    assert refused.value.message.key == ("drill.drill_open" if drill else "drill.incident_open")
    assert not (tmp_path / "records").exists()


def test_a_target_of_which_nobody_knows_that_it_is_well_is_not_broken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("drills.steady.patience_s", lambda _: 0.5)
    with pytest.raises(DrillRefused) as refused:
        play(site(tmp_path))
    assert refused.value.message.key == "drill.unwell"
    assert not (tmp_path / "records").exists()


def test_who_does_not_want_to_wait_until_it_is_well_gives_up_at_once(tmp_path: Path) -> None:
    commands: SimpleQueue[DrillCommand] = SimpleQueue()
    seen: list[DrillState] = []

    def give_up(state: DrillState) -> None:
        seen.append(state)
        commands.put(Abort())

    with pytest.raises(DrillGivenUp):
        play(site(tmp_path), commands, give_up)
    assert [(state.phase, state.checks[0].verdict) for state in seen] == [("steady", Verdict.UNKNOWN)]
    assert not (tmp_path / "records").exists()


@pytest.mark.parametrize(
    ("check", "window_s"),
    [
        ({"promql": "p95", "expect": "< 3"}, 0),
        ({"promql": "rate(a[20s]) / rate(b[5m] offset 1m) or vector(0)", "expect": "< 3"}, 360),
        ({"promql": "max_over_time(sum(rate(a[1m]))[2m:])", "expect": "< 3"}, 180),
        ({"promql": "rate(a[30s])", "expect": "steady", "window": "2m"}, 150),
        ({"promql": "rate(a[30d])", "expect": "< 3"}, LONGEST_S),
        ({"promql": "rate(", "expect": "< 3"}, 0),
    ],
)
def test_what_has_ended_gets_the_time_that_the_checks_still_see_it(
    check: dict[str, object], window_s: float
) -> None:
    quick = {"id": "quick", "check": {"promql": "up", "expect": "== 1"}}
    asked = scenario([{"id": "led", "kind": "roles"}], steady=[quick, {"id": "asked", "check": check}])
    assert patience_s(asked) == SETTLE_S + window_s
